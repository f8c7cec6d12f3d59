"""S3 lives by the simulated account's clock: what it says of an object's age does not depend on the machine's."""

import http.client
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from moto.s3 import models

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import Outage
from rollway.sandbox.moto_adapter import in_process
from rollway.sandbox.moto_adapter.s3_files import S3Files
from rollway.sandbox.moto_adapter.s3_time import dated
from rollway.sandbox.server import ControlPlane

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PassTime = Callable[[float], None]


def said_now(answer: Any) -> datetime:
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])


def test_an_objects_age_is_told_by_two_times_of_s3(s3: Any, pass_time: PassTime):
    """Date minus LastModified is how long ago, on the account's clock, an object was written."""
    s3.put_object(Bucket="journal", Key="lease", Body=b"1")
    pass_time(90)
    for answer in (s3.get_object(Bucket="journal", Key="lease"), s3.head_object(Bucket="journal", Key="lease")):
        assert answer["LastModified"] == NOON
        assert said_now(answer) - answer["LastModified"] == timedelta(seconds=90)


def test_every_kind_of_answer_is_dated(s3: Any, pass_time: PassTime):
    """Writing, listing, copying, deleting and an upload in parts all carry the account's time, and stamp by it."""
    pass_time(3600)
    where = {"Bucket": "journal", "Key": "a"}
    upload = s3.create_multipart_upload(Bucket="journal", Key="big")
    part = {"Bucket": "journal", "Key": "big", "UploadId": upload["UploadId"], "PartNumber": 1}
    answers = [
        s3.put_object(**where, Body=b"1"),
        s3.copy_object(Bucket="journal", Key="b", CopySource="journal/a"),
        s3.get_object(**where, Range="bytes=0-0"),
        upload,
        s3.upload_part(**part, Body=b"x"),
        s3.list_parts(Bucket="journal", Key="big", UploadId=upload["UploadId"]),
        listed := s3.list_objects_v2(Bucket="journal"),
        s3.list_buckets(),
        s3.head_bucket(Bucket="journal"),
        s3.delete_object(**where),
        s3.delete_objects(Bucket="journal", Delete={"Objects": [{"Key": "b"}]}),
        s3.delete_bucket(Bucket="data"),
    ]
    assert {said_now(answer) for answer in answers} == {NOON + timedelta(hours=1)}
    assert {entry["LastModified"] for entry in listed["Contents"]} == {NOON + timedelta(hours=1)}


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("get_object", {"Key": "none"}),
        ("head_object", {"Key": "none"}),
        ("put_object", {"Key": "there", "Body": b"2", "IfNoneMatch": "*"}),
        ("get_object", {"Key": "there", "PartNumber": 7}),
    ],
)
def test_errors_are_dated_too(s3: Any, operation: str, parameters: dict[str, Any]):
    """Who is refused learns the time as well: a lost race for a lease is answered by S3's clock."""
    s3.put_object(Bucket="journal", Key="there", Body=b"1")
    with pytest.raises(ClientError) as caught:
        getattr(s3, operation)(Bucket="journal", **parameters)
    assert said_now(caught.value.response) == NOON


def test_an_outage_is_dated(s3: Any, cloud: Cloud):
    """Even a server error tells the account's time."""
    cloud.faults.plant(Outage(service="s3", duration=timedelta(minutes=1)))
    with pytest.raises(ClientError) as caught:
        s3.list_buckets()
    assert said_now(caught.value.response) == NOON


def test_http_has_one_date(plane: ControlPlane):
    """The server adds no Date of its own beside S3's, and does add one where a service gives none."""
    connection = http.client.HTTPConnection(urlsplit(plane.url).netloc)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.headers.get_all("Date") == ["Mon, 01 Jun 2026 12:00:00 GMT"]
    answer.read()
    connection.request("POST", "/", b"{}", {"X-Amz-Target": "SageMaker.ListModels"})
    assert len(connection.getresponse().headers.get_all("Date") or []) == 1
    connection.close()


def test_versions_keep_their_order_while_the_clock_stands_still(s3: Any):
    """The newest version is listed first although a virtual clock gives all of them the same second."""
    s3.put_bucket_versioning(Bucket="journal", VersioningConfiguration={"Status": "Enabled"})
    ids = [s3.put_object(Bucket="journal", Key="k", Body=b"%d" % number)["VersionId"] for number in range(3)]
    versions = s3.list_object_versions(Bucket="journal")["Versions"]
    assert [version["VersionId"] for version in versions] == ids[::-1]
    assert [version["IsLatest"] for version in versions] == [True, False, False]
    assert {version["LastModified"] for version in versions} == {NOON}


def test_writes_in_one_moment_all_reach_the_disk(cloud: Cloud, tmp_path: Path):
    """What tells a changed object from an unchanged one works while the clock stands still."""
    with in_process(cloud):
        files = S3Files(tmp_path, cloud.settings.account_id, cloud.settings.region)
        backend: Any = models.s3_backends[cloud.settings.account_id]["aws"]
        backend.create_bucket("journal", "us-east-1")
        for number in range(50):
            backend.put_object("journal", "lease", b"%d" % number)
            files.save()
            (saved,) = tmp_path.glob("journal/*.object")
            assert saved.read_bytes().partition(b"\n")[2] == b"%d" % number


def test_a_restart_keeps_the_times(clock: VirtualClock, cloud: Cloud, tmp_path: Path):
    """An object read back from disk is as old as it was."""
    files = S3Files(tmp_path, cloud.settings.account_id, cloud.settings.region)
    with in_process(cloud):
        backend: Any = models.s3_backends[cloud.settings.account_id]["aws"]
        backend.create_bucket("journal", "us-east-1")
        backend.put_object("journal", "lease", b"1")
        files.save()
    clock.advance(timedelta(hours=2))
    with in_process(cloud):
        S3Files(tmp_path, cloud.settings.account_id, cloud.settings.region).restore()
        again: Any = models.s3_backends[cloud.settings.account_id]["aws"]
        assert again.get_object("journal", "lease").last_modified == NOON.replace(tzinfo=None)


def test_the_format_is_the_one_of_http():
    """The example of RFC 7231, section 7.1.1.1, whatever was there before under whatever spelling."""
    moment = datetime(1994, 11, 6, 8, 49, 37, 999_999, tzinfo=UTC)
    assert dated({"date": "never", "ETag": "x"}, moment) == {"ETag": "x", "Date": "Sun, 06 Nov 1994 08:49:37 GMT"}
