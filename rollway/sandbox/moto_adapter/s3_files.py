"""Keeps moto's S3 on disk: buckets and the current version of every object, so that they survive a restart.

Written through: ``save`` compares everything with what it wrote last and writes the difference. ETags, metadata and times
come back as they were, so conditional writes go on working. Not kept: older versions, policies, tags, unfinished uploads.
"""

import json
import re
import threading
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from moto.s3.models import FakeBucket, FakeKey, s3_backends
from moto.utilities.utils import get_partition

from rollway.sandbox.files import write_atomically

# moto keeps these as plain attributes of a key; they are written and read back by name.
KEY_ATTRIBUTES = (
    "_etag",
    "_storage_class",
    "_version_id",
    "encryption",
    "kms_key_id",
    "checksum_algorithm",
    "checksum_value",
    "checksum_type",
    "checksum_parts",
)

_BUCKET_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")


class S3Files:
    """The files that hold one account's buckets."""

    def __init__(self, folder: Path, account_id: str, region: str) -> None:
        self._folder = folder
        self._account_id = account_id
        self._partition = get_partition(region)
        self._written: dict[Path, object] = {}
        self._lock = threading.Lock()

    def save(self) -> None:
        """Write what has changed since the last time, and remove what is gone."""
        with self._lock:
            current = dict(self._buckets())
            for path, (mark, render) in current.items():
                if self._written.get(path) != mark:
                    content = render()
                    if content is None:
                        continue
                    write_atomically(path, content)
                    self._written[path] = mark
            for path in self._written.keys() - current.keys():
                path.unlink(missing_ok=True)
                del self._written[path]

    def restore(self) -> None:
        """Put everything on disk into moto, which must be empty."""
        with self._lock:
            for path in sorted(self._folder.glob("*/bucket.json")):
                self._restore_bucket(path.parent)
            for path, (mark, _) in self._buckets():
                self._written[path] = mark

    def _buckets(self) -> Iterator[tuple[Path, tuple[object, Any]]]:
        """Yield every file that should exist: its path, what tells whether it changed, and how to render it."""
        backend: Any = s3_backends[self._account_id][self._partition]
        for name, bucket in list(backend.buckets.items()):
            if not _BUCKET_NAME.fullmatch(name):  # a name becomes that of a folder, and moto does not check every one
                continue
            about = _describe_bucket(bucket)
            yield self._folder / name / "bucket.json", (about, partial(_dump, about))
            for key_name in list(bucket.keys):
                key: Any = bucket.keys.get(key_name)
                if isinstance(key, FakeKey):  # not a delete marker
                    path = self._folder / name / f"{sha256(key_name.encode()).hexdigest()}.object"
                    # A write makes a new key object, stamped unlike the one before it (see s3_time), so identity and
                    # time tell a change without reading the body.
                    yield path, ((id(key), key.last_modified), partial(_render, key))

    def _restore_bucket(self, folder: Path) -> None:
        about = json.loads((folder / "bucket.json").read_bytes())
        backend: Any = s3_backends[self._account_id][self._partition]
        bucket: FakeBucket = backend.create_bucket(folder.name, about["region"])
        bucket.versioning_status = about["versioning"]
        bucket.creation_date = datetime.fromisoformat(about["created"])
        for path in sorted(folder.glob("*.object")):
            header, _, body = path.read_bytes().partition(b"\n")
            _restore_object(backend, bucket, json.loads(header), body)


def _describe_bucket(bucket: FakeBucket) -> dict[str, Any]:
    return {
        "region": bucket.region_name,
        "versioning": bucket.versioning_status,
        "created": bucket.creation_date.isoformat(),
    }


def _dump(about: dict[str, Any]) -> bytes:
    return json.dumps(about).encode()


def _describe(key: Any) -> dict[str, Any]:  # noqa: ANN401 - moto's models are untyped to us
    return {
        "name": key.name,
        "etag": key.etag,  # makes moto compute it, so that the attribute below is set
        "modified": key.last_modified.isoformat(),
        "metadata": dict(key.metadata),
        "attributes": {name: getattr(key, name) for name in KEY_ATTRIBUTES},
    }


def _render(key: Any) -> bytes | None:  # noqa: ANN401 - as above
    """Return an object as one line of JSON and its body; None when another request has just replaced it."""
    try:
        return json.dumps(_describe(key)).encode() + b"\n" + key.value
    except ValueError:  # the replaced key's buffer is closed; whoever replaced it saves the new one
        return None


def _restore_object(backend: Any, bucket: FakeBucket, described: dict[str, Any], body: bytes) -> None:  # noqa: ANN401 - as above
    key: Any = backend.put_object(bucket.name, described["name"], body, disable_notification=True)
    for name, value in described["attributes"].items():
        setattr(key, name, value)
    key.set_metadata(described["metadata"], replace=True)
    key.last_modified = datetime.fromisoformat(described["modified"])
