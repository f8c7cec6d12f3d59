"""The control plane over HTTP: boto3 needs nothing but an endpoint URL."""

import socket
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import Throttle
from rollway.sandbox.moto_adapter.s3_files import S3Files
from rollway.sandbox.server import ControlPlane

ROLE = "arn:aws:iam::123456789012:role/rollway"
Client = Callable[[str], Any]


def client_of(plane: ControlPlane) -> Client:
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    session: Any = boto3.session.Session("any", "any", region_name="us-east-1")
    return lambda service: session.client(service, endpoint_url=plane.url, config=config)


@pytest.fixture
def plane(cloud: Cloud, tmp_path: Path) -> Generator[ControlPlane]:
    """A running control plane that keeps S3 in ``tmp_path``."""
    plane = ControlPlane(cloud, s3_files=S3Files(tmp_path, cloud.settings.account_id, cloud.settings.region))
    plane.start()
    yield plane
    plane.stop()


@pytest.fixture
def aws(plane: ControlPlane) -> Client:
    return client_of(plane)


def test_requests_reach_the_account(aws: Client, cloud: Cloud) -> None:
    """What boto3 creates over HTTP is in the simulated account, and described from there."""
    sagemaker = aws("sagemaker")
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "m:1"})
    assert [model.name for model in cloud.models.shelf.all()] == ["m"]
    assert sagemaker.describe_model(ModelName="m")["CreationTime"] == cloud.clock.now()
    assert aws("sts").get_caller_identity()["Account"] == cloud.settings.account_id


def test_what_nobody_implements_is_said_cleanly(aws: Client, cloud: Cloud) -> None:
    """An operation that neither we nor moto have is a 501 with a code, not a page of HTML that gets retried."""
    with pytest.raises(ClientError) as caught:
        aws("sagemaker").create_hub(HubName="h", HubDescription="d")
    answer: Any = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("UnknownOperationException", 501)
    assert [entry.outcome for entry in cloud.request_log.entries("CreateHub")] == ["NotImplementedError"]


def test_throttling_works_over_http(aws: Client, cloud: Cloud) -> None:
    """A throttle fault is an HTTP 400 with the code that botocore retries."""
    cloud.faults.plant(Throttle(operation="ListEndpoints"))
    with pytest.raises(ClientError, match="ThrottlingException"):
        aws("sagemaker").list_endpoints()
    assert aws("sagemaker").list_endpoints()["Endpoints"] == []


def test_a_request_that_breaks_off_has_no_effect(aws: Client, plane: ControlPlane) -> None:
    """A client that dies between the headers and the end of the body has stored nothing, as on S3 itself."""
    aws("s3").create_bucket(Bucket="journal")
    head = "PUT /journal/record HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf of it"
    with socket.create_connection(("127.0.0.1", int(plane.url.rpartition(":")[2]))) as connection:
        connection.sendall(head.encode())
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b"", "it hangs up"
    assert "Contents" not in aws("s3").list_objects_v2(Bucket="journal")


def test_of_many_creators_one_wins(aws: Client) -> None:
    """Concurrent requests for the same name: exactly one is accepted."""
    sagemaker = aws("sagemaker")

    def create(_: int) -> bool:
        try:
            sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "m:1"})
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(create, range(16))).count(True) == 1


def test_a_taken_port_is_an_error(cloud: Cloud) -> None:
    """Starting on a busy port raises, and leaves nothing installed: another port works at once."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(OSError, match="in use"):
            ControlPlane(cloud, port=taken.getsockname()[1]).start()
        other = ControlPlane(cloud)
        other.start()
        other.stop()


def test_of_many_updaters_one_wins(aws: Client, shop: str, cloud: Cloud) -> None:
    """Concurrent updates of one endpoint: one deployment is in flight, the others hear that it is."""
    sagemaker = aws("sagemaker")

    def update(_: int) -> str:
        try:
            sagemaker.update_endpoint(EndpointName=shop, EndpointConfigName="two")
        except ClientError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(8) as pool:
        complaints = sorted(pool.map(update, range(8)))
    assert complaints[0] == ""
    assert all("Cannot update in-progress endpoint" in complaint for complaint in complaints[1:])
    assert cloud.endpoints.status(shop) == "Updating"


def test_one_account_at_a_time(plane: ControlPlane, aws: Client, cloud: Cloud) -> None:
    """A second control plane in the process is refused before it can harm the first."""
    aws("s3").create_bucket(Bucket="journal")
    with pytest.raises(RuntimeError, match="one at a time"):
        ControlPlane(cloud).start()
    assert [bucket["Name"] for bucket in aws("s3").list_buckets()["Buckets"]] == ["journal"]
    assert plane.url


def test_large_bodies_arrive(aws: Client) -> None:
    """Bodies beyond one packet arrive whole, sent with 100-continue as boto3 does."""
    s3, body = aws("s3"), bytes(range(256)) * 8192
    s3.create_bucket(Bucket="journal")
    s3.put_object(Bucket="journal", Key="large", Body=body)
    assert s3.get_object(Bucket="journal", Key="large")["Body"].read() == body


def test_objects_survive_a_restart(plane: ControlPlane, aws: Client, cloud: Cloud, tmp_path: Path) -> None:
    """Bodies, content types, metadata, times and ETags come back, so conditional writes go on where they were."""
    s3 = aws("s3")
    s3.create_bucket(Bucket="journal")
    body = b'{"state": "intent"}\nbinary \x00\xff'
    put = {"Bucket": "journal", "Key": "shop/0001.json", "Body": body, "ContentType": "application/json"}
    etag = s3.put_object(**put, Metadata={"lease": "7"}, IfNoneMatch="*")["ETag"]
    before = s3.head_object(Bucket="journal", Key="shop/0001.json")
    s3.put_object(Bucket="journal", Key="gone", Body=b"")
    s3.delete_object(Bucket="journal", Key="gone")
    s3.create_bucket(Bucket="temporary")
    s3.delete_bucket(Bucket="temporary")
    plane.stop()

    again = ControlPlane(cloud, s3_files=S3Files(tmp_path, cloud.settings.account_id, cloud.settings.region))
    again.start()
    try:
        s3 = client_of(again)("s3")
        found = s3.get_object(Bucket="journal", Key="shop/0001.json")
        assert found["Body"].read() == body
        assert (found["ETag"], found["ContentType"], found["Metadata"]) == (etag, "application/json", {"lease": "7"})
        assert found["LastModified"] == before["LastModified"]
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["journal"]
        assert s3.list_objects_v2(Bucket="journal")["KeyCount"] == 1
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.put_object(**put, IfNoneMatch="*")
        s3.put_object(**{**put, "Body": b"next"}, IfMatch=etag)
        with pytest.raises(ClientError, match="PreconditionFailed"):
            s3.put_object(**put, IfMatch=etag)
    finally:
        again.stop()


def test_multipart_etags_survive_a_restart(plane: ControlPlane, aws: Client, cloud: Cloud, tmp_path: Path) -> None:
    """An ETag that cannot be recomputed from the body comes back all the same."""
    s3 = aws("s3")
    s3.create_bucket(Bucket="artefacts")
    upload = {"Bucket": "artefacts", "Key": "model.tar.gz"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = s3.upload_part(**upload, PartNumber=1, Body=b"x" * 100)
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    etag = s3.complete_multipart_upload(**upload, MultipartUpload=parts)["ETag"]
    plane.stop()
    again = ControlPlane(cloud, s3_files=S3Files(tmp_path, cloud.settings.account_id, cloud.settings.region))
    again.start()
    try:
        assert client_of(again)("s3").head_object(Bucket="artefacts", Key="model.tar.gz")["ETag"] == etag
        assert etag.endswith('-1"')
    finally:
        again.stop()
