"""Text objects in S3 with conditional writes: what the journal is made of.

Knows nothing of records or leases. Two writers can never overwrite each other unseen: an object is created only where
there is none (``If-None-Match``) and replaced only if it is still the one that was read (``If-Match``).
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, TypedDict

from botocore.exceptions import ClientError

from policies.errors import AlreadyExists, AwsError, NotFound, PermanentAwsError, RolloutError
from rollway.aws.errors import ObjectChanged, translating
from rollway.aws.session import Aws

CONTENT_TYPE: Final = "application/json; charset=utf-8"
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
    """

    body: str
    etag: str


def parse_location(text: str) -> Location:
    """Read ``s3://bucket/prefix``.

    Raises:
        RolloutError: the text is no such location.
    """
    match = _LOCATION.fullmatch(text.strip())
    if match is None:
        raise RolloutError(f"{text!r} is no S3 location", hint="Write s3://bucket or s3://bucket/prefix.")
    return Location(match["bucket"], (match["prefix"] or "").strip("/"))


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
    """

    aws: Aws
    bucket: str
    prefix: str = ""

    def create(self, key: str, body: str) -> str:
        """Store an object under a key that is free, and return its ETag.

        Raises:
            AlreadyExists: the key is taken.
        """
        try:
            return self._put(key, body, _Condition(IfNoneMatch="*"))
        except ObjectChanged as error:
            raise AlreadyExists(
                f"{self._url(key)} exists already", operation="PutObject", aws_code=error.aws_code
            ) from error

    def replace(self, key: str, body: str, etag: str) -> str:
        """Replace the object that was read with this ETag, and return the new one's.

        Raises:
            ObjectChanged: the key holds another object by now, or none.
        """
        try:
            return self._put(key, body, _Condition(IfMatch=etag))
        except NotFound as error:
            if not _is_missing_key(error):
                raise
            raise ObjectChanged(f"{self._url(key)} was deleted meanwhile", operation="PutObject") from error

    def read(self, key: str) -> StoredObject | None:
        """Return an object, or None when the key is free.

        Raises:
            PermanentAwsError: the object is not UTF-8 text.
        """
        try:
            with translating("GetObject", self._url(key)):
                answer = self.aws.s3.get_object(Bucket=self.bucket, Key=self._full(key))
                content = answer["Body"].read()
        except NotFound as error:
            if not _is_missing_key(error):
                raise
            return None
        return StoredObject(self._decode(key, content), answer["ETag"])

    def list_keys(self, prefix: str = "", after: str = "") -> tuple[str, ...]:
        """Return the keys that begin with a prefix and sort after another key, in S3's order (UTF-8 bytes)."""
        root = self._full("")
        with translating("ListObjectsV2", self._url(prefix)):
            pages = self.aws.s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket,
                Prefix=root + prefix,
                StartAfter=root + after,
            )
            found = [entry.get("Key", "") for page in pages for entry in page.get("Contents", [])]
        return tuple(key.removeprefix(root) for key in found)

    def _put(self, key: str, body: str, condition: _Condition) -> str:
        """Store an object on a condition, and return its ETag.

        When an answer is lost, botocore repeats the request, and the repetition fails on what the first one wrote.
        Then, and only then, finding exactly our own text counts as success.
        """
        try:
            with translating("PutObject", self._url(key)):
                answer = self.aws.s3.put_object(
                    Bucket=self.bucket,
                    Key=self._full(key),
                    Body=body.encode(),
                    ContentType=CONTENT_TYPE,
                    **condition,
                )
        except ObjectChanged as error:
            stored = self.read(key) if _was_repeated(error) else None
            if stored is None or stored.body != body:
                raise
            return stored.etag
        return answer["ETag"]

    def _full(self, key: str) -> str:
        return f"{self.prefix}/{key}" if self.prefix else key

    def _url(self, key: str) -> str:
        return f"s3://{self.bucket}/{self._full(key)}"

    def _decode(self, key: str, content: bytes) -> str:
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise PermanentAwsError(
                f"{self._url(key)} is not UTF-8 text, so Rollway did not write it",
                operation="GetObject",
                hint="Give the journal a prefix of its own.",
            ) from error


def _is_missing_key(error: AwsError) -> bool:
    """Whether the object is missing, and not the bucket."""
    return error.aws_code == "NoSuchKey"


def _was_repeated(error: AwsError) -> bool:
    """Whether botocore had sent the request more than once."""
    cause = error.__cause__
    return isinstance(cause, ClientError) and cause.response.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
