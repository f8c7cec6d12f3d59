"""S3 under several requests at once: every read gets one whole version of an object, old or new."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from moto.s3.models import FakeKey

SECONDS_TO_OVERWRITE = 0.3


@pytest.fixture
def slow_read(monkeypatch: pytest.MonkeyPatch) -> tuple[Event, Event]:
    """Stop the first read between finding the object and reading its content, until the object is overwritten or a while has passed."""
    found, overwritten = Event(), Event()
    content: Any = FakeKey.value.fget

    def read(key: FakeKey) -> bytes:
        if not found.is_set():
            found.set()
            overwritten.wait(SECONDS_TO_OVERWRITE)
        return content(key)

    monkeypatch.setattr(FakeKey, "value", FakeKey.value.getter(read))
    return found, overwritten


def get_lease(s3: Any) -> bytes:
    return s3.get_object(Bucket="journal", Key="lease")["Body"].read()


def test_an_object_that_is_overwritten_while_it_is_read_is_read_whole(s3: Any, slow_read: tuple[Event, Event]):
    """Neither an error nor half an object: the read came first, so it gets what was there before."""
    found, overwritten = slow_read
    s3.put_object(Bucket="journal", Key="lease", Body=b"before")
    with ThreadPoolExecutor(1) as elsewhere:
        read = elsewhere.submit(get_lease, s3)
        assert found.wait(10)
        s3.put_object(Bucket="journal", Key="lease", Body=b"after")
        overwritten.set()
        assert read.result(10) == b"before"
    assert get_lease(s3) == b"after"
