"""Text objects in S3 with conditional writes: what the journal is made of.

Knows nothing of records or leases. Two writers can never overwrite each other unseen: an object is created only where
there is none (``If-None-Match``) and replaced only if it is still the one that was read (``If-Match``).

Every answer carries the store's own time (the HTTP header ``Date``), so the age of an object is measured by two times of the store's clock,
however wrong the local one is. Only where a proxy strips that header, the local clock stands in.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, NamedTuple, TypedDict

from botocore.exceptions import ClientError

from policies.errors import AlreadyExists, AwsError, NotFound, PermanentAwsError, RolloutError
from rollway.aws.errors import ObjectChanged, translating
from rollway.aws.server_time import ServerTime
from rollway.aws.session import Aws

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import PutObjectOutputTypeDef

CONTENT_TYPE: Final = "application/json; charset=utf-8"
_CONFLICTS: Final = 3
"""Tries of a write while another one to the same key goes on; those take milliseconds."""
_LOCATION: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?")


class Location(NamedTuple):
    """A place in S3.

    Attributes:
        bucket: the bucket's name.
        prefix: what the keys begin with, without slashes at either end; may be empty.
    """

    bucket: str
    prefix: str


class StoredObject(NamedTuple):
    """An object as it was read.

    Attributes:
        body: its text.
        etag: names exactly this content; to be given to ``replace``.
        modified_at: when it was written, by the store's clock, to the second.
        read_at: when it was read, by the store's clock, to the second.
    """

    body: str
    etag: str
    modified_at: datetime
    read_at: datetime


class Written(NamedTuple):
    """A write that succeeded.

    Attributes:
        etag: names exactly what was written.
        at: when, by the store's clock, to the second.
    """

    etag: str
    at: datetime


class ForeignObject(PermanentAwsError):
    """The object is not UTF-8 text, so Rollway did not write it.

    Attributes:
        stored: the object, with a replacement character for what is not text.
    """

    code = "foreign_object"

    def __init__(self, url: str, stored: StoredObject) -> None:
        super().__init__(
            f"{url} is not UTF-8 text, so Rollway did not write it",
            operation="GetObject",
            hint="Give the journal a prefix of its own.",
        )
        self.stored = stored


def parse_location(text: str) -> Location:
    """Read ``s3://bucket/prefix``.

    Raises:
        RolloutError: the text is no such location.
    """
    match = _LOCATION.fullmatch(text.strip())
    if match is None:
        raise RolloutError(f"{text!r} is no S3 location", hint="Write s3://bucket or s3://bucket/prefix.")
    return Location(match["bucket"], (match["prefix"] or "").strip("/"))


def utc_now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


class _Condition(TypedDict, total=False):
    """When S3 may write; its own parameter names."""

    IfNoneMatch: str
    IfMatch: str


@dataclass(frozen=True)
class ObjectStore:
    """The objects below one prefix of a bucket. Keys are relative to it.

    Every method raises ``NotFound`` when the bucket is missing, ``AccessDenied`` when it is closed, and other
    ``AwsError`` likewise.

    Attributes:
        aws: the clients.
        bucket: the bucket's name.
        prefix: as ``parse_location`` gives it.
        now: tells the local time, in UTC.
    """

    aws: Aws
    bucket: str
    prefix: str = ""
    now: Callable[[], datetime] = utc_now
    _time: ServerTime = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Have the local time corrected by what AWS answers."""
        object.__setattr__(self, "_time", self.aws.answers.correct(self.now))

    def server_now(self) -> datetime:
        """Return AWS's present time, as its latest answers state it; the local time until there is one."""
        return self._time.now()

    def create(self, key: str, body: str) -> Written:
        """Store an object under a key that is free.

        Raises:
            AlreadyExists: the key is taken.
        """
        try:
            return self._put(key, body, _Condition(IfNoneMatch="*"))
        except ObjectChanged as error:
            raise AlreadyExists(
                f"{self.url(key)} exists already", operation="PutObject", aws_code=error.aws_code
            ) from error

    def replace(self, key: str, body: str, etag: str) -> Written:
        """Replace the object that was read with this ETag.

        Raises:
            ObjectChanged: the key holds another object by now, or none.
        """
        try:
            return self._put(key, body, _Condition(IfMatch=etag))
        except NotFound as error:
            if not _is_missing_key(error):
                raise
            raise ObjectChanged(f"{self.url(key)} was deleted meanwhile", operation="PutObject") from error

    def read(self, key: str) -> StoredObject | None:
        """Return an object, or None when the key is free.

        Raises:
            ForeignObject: the object is not UTF-8 text.
        """
        try:
            with translating("GetObject", self.url(key)):
                answer = self.aws.s3.get_object(Bucket=self.bucket, Key=self._full(key))
                content = answer["Body"].read()
        except NotFound as error:
            if not _is_missing_key(error):
                raise
            return None
        stored = StoredObject(
            body=content.decode(errors="replace"),
            etag=answer["ETag"],
            modified_at=answer["LastModified"],
            read_at=self._date(answer["ResponseMetadata"]["HTTPHeaders"]),
        )
        if stored.body.encode() != content:
            raise ForeignObject(self.url(key), stored)
        return stored

    def delete(self, key: str) -> None:
        """Delete an object; a key that is free stays free. For marks that say nothing any more: records are never deleted."""
        with translating("DeleteObject", self.url(key)):
            self.aws.s3.delete_object(Bucket=self.bucket, Key=self._full(key))

    def list_keys(self, prefix: str = "", after: str = "") -> tuple[str, ...]:
        """Return the keys that begin with a prefix and sort after another key, in S3's order (UTF-8 bytes)."""
        root = self._full("")
        with translating("ListObjectsV2", self.url(prefix)):
            pages = self.aws.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket,
                Prefix=root + prefix,
                StartAfter=root + after,
            )
            found = [entry.get("Key", "") for page in pages for entry in page.get("Contents", [])]
        return tuple(key.removeprefix(root) for key in found)

    def url(self, key: str) -> str:
        """Return where an object lies, as the AWS command line takes it."""
        return f"s3://{self.bucket}/{self._full(key)}"

    def _put(self, key: str, body: str, condition: _Condition) -> Written:
        """Store an object on a condition.

        When an answer is lost, botocore repeats the request, and the repetition fails on what the first one wrote.
        Then, and only then, finding exactly our own text counts as success.
        """
        try:
            answer = self._send(key, body, condition)
        except ObjectChanged as error:
            stored = self.read(key) if _was_repeated(error) else None
            if stored is None or stored.body != body:
                raise
            return Written(stored.etag, stored.modified_at)
        return Written(answer["ETag"], self._date(answer["ResponseMetadata"]["HTTPHeaders"]))

    def _send(self, key: str, body: str, condition: _Condition) -> "PutObjectOutputTypeDef":
        """Put an object; while S3 is at work on another conditional write to the key, try again at once, as S3 asks for.

        Not where that other write may be our own, whose answer was lost: then nobody can tell yet.
        """
        for attempt in range(1, _CONFLICTS + 1):
            try:
                with translating("PutObject", self.url(key)):
                    return self.aws.s3.put_object(
                        Bucket=self.bucket,
                        Key=self._full(key),
                        Body=body.encode(),
                        ContentType=CONTENT_TYPE,
                        **condition,
                    )
            except AwsError as error:
                conflict = error.aws_code == "ConditionalRequestConflict" and not _was_repeated(error)
                if not conflict or attempt == _CONFLICTS:
                    raise
        raise AssertionError("the loop returns or raises")

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _date(self, headers: Mapping[str, str]) -> datetime:
        """Return the store's time in an answer (RFC 9110, section 6.6.1), or else our own."""
        try:
            return parsedate_to_datetime(headers["date"]).astimezone(UTC)
        except (KeyError, ValueError):
            return self.now()


def _is_missing_key(error: AwsError) -> bool:
    """Whether the object is missing, and not the bucket."""
    return error.aws_code == "NoSuchKey"


def _was_repeated(error: AwsError) -> bool:
    """Whether botocore had sent the request more than once."""
    cause = error.__cause__
    return isinstance(cause, ClientError) and cause.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
