"""Objects with conditional writes: nobody overwrites anybody unseen, and a lost answer is not a lost write."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.stub import Stubber

from policies.errors import AccessDenied, AlreadyExists, NotFound, RolloutError, TransientAwsError
from rollway.aws.errors import ObjectChanged
from rollway.aws.objects import ForeignObject, ObjectStore, parse_location
from rollway.aws.session import Aws
from rollway.sandbox.cloud import Cloud


@pytest.fixture
def store(aws: Aws, cloud: Cloud) -> ObjectStore:
    del cloud
    aws.s3.create_bucket(Bucket="journal")
    return ObjectStore(aws, "journal", "teams/risk")


def content(store: ObjectStore, key: str) -> tuple[str, str]:
    """What lies under a key: its text and its ETag."""
    found = store.read(key)
    assert found is not None
    return found.body, found.etag


def test_created_object_is_read_back(store: ObjectStore) -> None:
    """Text comes back as it was written, with the ETag that replaces it."""
    written = store.create("lease.json", '{"owner": "José"}')
    assert content(store, "lease.json") == ('{"owner": "José"}', written.etag)


def test_object_lies_below_the_prefix(store: ObjectStore, aws: Aws) -> None:
    """Several journals can share a bucket."""
    store.create("a.json", "{}")
    listing = aws.s3.list_objects_v2(Bucket="journal")
    assert [entry.get("Key") for entry in listing.get("Contents", [])] == ["teams/risk/a.json"]


def test_only_one_creates(store: ObjectStore) -> None:
    """The second creator of a key is told so and changes nothing."""
    store.create("a", "first")
    with pytest.raises(AlreadyExists, match="s3://journal/teams/risk/a exists already"):
        store.create("a", "second")
    assert content(store, "a")[0] == "first"


def test_same_text_does_not_make_two_creators(store: ObjectStore) -> None:
    """A key taken with equal text is taken all the same: two processes may want to write the same."""
    store.create("a", "same")
    with pytest.raises(AlreadyExists):
        store.create("a", "same")


def test_replacing_needs_the_newest_etag(store: ObjectStore) -> None:
    """A writer that missed a change does not undo it."""
    first = store.create("a", "1")
    second = store.replace("a", "2", first.etag)
    with pytest.raises(ObjectChanged):
        store.replace("a", "3", first.etag)
    assert content(store, "a") == ("2", second.etag)


def test_replacing_a_deleted_object(store: ObjectStore, aws: Aws) -> None:
    """An object that somebody deleted is not brought back."""
    written = store.create("a", "1")
    aws.s3.delete_object(Bucket="journal", Key="teams/risk/a")
    with pytest.raises(ObjectChanged, match="deleted"):
        store.replace("a", "2", written.etag)


@contextmanager
def losing_the_first_answer(aws: Aws, written: bytes) -> Generator[None]:
    """Have the first PutObject write this text and its answer be lost, so that botocore sends it again."""
    first = iter([True])

    def lose(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        if not next(first, False):
            return None
        aws.s3.put_object(Bucket="journal", Key="teams/risk/a", Body=written)
        return AWSResponse(request.url, 500, HTTPHeaders(), Empty())

    handler: Any = lose  # the stubs do not know that this event's handlers may answer
    aws.s3.meta.events.register_first("before-send.s3.PutObject", handler)
    try:
        yield
    finally:
        aws.s3.meta.events.unregister("before-send.s3.PutObject", handler)


class Empty:
    """The body of an answer that says nothing."""

    @staticmethod
    def stream(**_: object) -> list[bytes]:
        return [b""]


def test_lost_answer_to_a_create(store: ObjectStore, aws: Aws) -> None:
    """When botocore repeats a create whose answer was lost, our own object is not taken for somebody else's."""
    with losing_the_first_answer(aws, b"mine"):
        written = store.create("a", "mine")
    assert content(store, "a") == ("mine", written.etag)


def test_lost_answer_to_a_replace(store: ObjectStore, aws: Aws) -> None:
    """Likewise for a replacement: the lease that we did renew is ours."""
    first = store.create("a", "before")
    with losing_the_first_answer(aws, b"mine"):
        written = store.replace("a", "mine", first.etag)
    assert content(store, "a") == ("mine", written.etag)


def test_repeated_request_does_not_hide_somebody_else(store: ObjectStore, aws: Aws) -> None:
    """A repetition that fails on another writer's object fails."""
    with losing_the_first_answer(aws, b"theirs"), pytest.raises(AlreadyExists):
        store.create("a", "mine")


def test_free_key_reads_as_none(store: ObjectStore) -> None:
    """An object that is not there is no error."""
    assert store.read("nothing") is None


def read(store: ObjectStore) -> object:
    return store.read("a")


def create(store: ObjectStore) -> object:
    return store.create("a", "")


def list_keys(store: ObjectStore) -> object:
    return store.list_keys()


@pytest.mark.parametrize("act", [read, create, list_keys])
def test_missing_bucket_is_named_with_a_remedy(aws: Aws, cloud: Cloud, act: Callable[[ObjectStore], object]) -> None:
    """A misspelt bucket is an error everywhere, never an empty journal."""
    del cloud
    store = ObjectStore(aws, "nowhere")
    with pytest.raises(NotFound, match="nowhere") as caught:
        act(store)
    assert "Create the bucket" in caught.value.hint


def test_closed_bucket_is_denied(store: ObjectStore, aws: Aws) -> None:
    """A bucket that these credentials may not write to is AccessDenied, with the key in the message."""
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", '
        '"Action": "s3:PutObject", "Resource": "arn:aws:s3:::journal/*"}]}'
    )
    aws.s3.put_bucket_policy(Bucket="journal", Policy=policy)
    with pytest.raises(AccessDenied, match="s3://journal/teams/risk/a"):
        store.create("a", "")


def test_foreign_object_is_an_error(store: ObjectStore, aws: Aws) -> None:
    """Bytes that Rollway did not write are reported, not decoded somehow."""
    aws.s3.put_object(Bucket="journal", Key="teams/risk/image.png", Body=b"\x89PNG\xff")
    with pytest.raises(ForeignObject, match="not UTF-8") as caught:
        store.read("image.png")
    assert "PNG" in caught.value.stored.body


@contextmanager
def answering(
    aws: Aws, operation: str, status: int, headers: dict[str, str], body: bytes = b""
) -> Generator[list[str]]:
    """Answer every request of an operation like this, and list the requests' methods."""
    seen: list[str] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        seen.append(str(request.method))
        known = HTTPHeaders()
        for name, value in headers.items():
            known[name] = value
        return AWSResponse(request.url, status, known, Raw(body))

    handler: Any = answer  # the stubs do not know that this event's handlers may answer
    aws.s3.meta.events.register_first(f"before-send.s3.{operation}", handler)
    try:
        yield seen
    finally:
        aws.s3.meta.events.unregister(f"before-send.s3.{operation}", handler)


class Raw(BytesIO):
    """The body of an answer."""

    def stream(self, **_: object) -> list[bytes]:
        return [self.read()]


DATED = {
    "Date": "Mon, 05 Jan 2026 12:00:40 GMT",
    "Last-Modified": "Mon, 05 Jan 2026 12:00:00 GMT",
    "ETag": '"e"',
    "Content-Length": "2",
}


def test_age_is_told_by_two_times_of_the_store(store: ObjectStore, aws: Aws) -> None:
    """An object's age is known however wrong the local clock is: both its ends come from the store's answer."""
    with answering(aws, "GetObject", 200, DATED, b"{}"):
        found = store.read("a")
    assert found is not None
    assert found.modified_at == datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)
    assert found.read_at == datetime(2026, 1, 5, 12, 0, 40, tzinfo=UTC)


def test_writes_are_told_by_the_clock_of_the_store(store: ObjectStore, aws: Aws) -> None:
    """A writer learns the store's time from the answer, so that it knows how wrong its own clock is."""
    with answering(aws, "PutObject", 200, DATED):
        assert store.create("a", "") == ('"e"', datetime(2026, 1, 5, 12, 0, 40, tzinfo=UTC))


@pytest.mark.parametrize("date", [{}, {"Date": "yesterday"}])
def test_local_clock_stands_in_for_a_stripped_date(aws: Aws, cloud: Cloud, date: dict[str, str]) -> None:
    """Behind a proxy that strips or spoils the Date header, the local clock has to do."""
    del cloud
    local = datetime(2026, 1, 5, 12, 0, 30, tzinfo=UTC)
    store = ObjectStore(aws, "journal", now=lambda: local)
    others = {name: value for name, value in DATED.items() if name != "Date"}
    with answering(aws, "GetObject", 200, others | date, b"{}"):
        found = store.read("a")
    assert found is not None
    assert found.read_at == local


CONFLICT = (
    b"<Error><Code>ConditionalRequestConflict</Code><Message>The conditional request cannot succeed</Message></Error>"
)


def test_write_is_tried_again_while_another_goes_on(store: ObjectStore, aws: Aws) -> None:
    """S3's 409 for two conditional writes at the same time says neither yes nor no: it asks to try again, and we do, a few times."""
    with answering(aws, "PutObject", 409, {}, CONFLICT) as seen, pytest.raises(TransientAwsError):
        store.create("a", "")
    assert len(seen) == 3


def test_keys_are_listed_in_order_and_from_anywhere(store: ObjectStore) -> None:
    """A reader that knows the last record finds what came after it, and nothing else."""
    for key in ("r/000002", "other", "r/000001", "r/000003"):
        store.create(key, "")
    assert store.list_keys("r/") == ("r/000001", "r/000002", "r/000003")
    assert store.list_keys("r/", after="r/000001") == ("r/000002", "r/000003")
    assert store.list_keys("none/") == ()


def test_all_pages_of_keys_are_read(store: ObjectStore, aws: Aws) -> None:
    """A journal of more than a page is read to its end."""
    first = {"Contents": [{"Key": "teams/risk/a"}], "IsTruncated": True, "NextContinuationToken": "more"}
    with Stubber(aws.s3) as stub:
        stub.add_response("list_objects_v2", first)
        stub.add_response("list_objects_v2", {"Contents": [{"Key": "teams/risk/b"}], "IsTruncated": False})
        assert store.list_keys() == ("a", "b")


def test_prefix_of_another_journal_is_not_listed(store: ObjectStore, aws: Aws) -> None:
    """A prefix ends at a slash: teams/risk does not hold teams/risky."""
    aws.s3.put_object(Bucket="journal", Key="teams/risky/a", Body=b"")
    assert store.list_keys() == ()


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("s3://bucket", ("bucket", "")),
        ("s3://bucket/", ("bucket", "")),
        ("s3://my.bucket-1/a/b/", ("my.bucket-1", "a/b")),
    ],
)
def test_locations(text: str, location: tuple[str, str]) -> None:
    """A location is a bucket and a prefix, with or without slashes around it."""
    assert parse_location(text) == location


@pytest.mark.parametrize("text", ["bucket/prefix", "s3://", "s3://Bucket", "https://bucket/prefix", ""])
def test_wrong_locations(text: str) -> None:
    """What is no location is refused with an example of one."""
    with pytest.raises(RolloutError) as caught:
        parse_location(text)
    assert "s3://bucket/prefix" in caught.value.hint
