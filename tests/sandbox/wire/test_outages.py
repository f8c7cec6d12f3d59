"""Services that are down, tokens that are over and answers that get lost, as a real client meets them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.envelope import Envelope
from rollway.sandbox.errors import Refusal
from rollway.sandbox.fault_menu import ExpiredCredentials, LostAnswer, Outage

MakeClient = Callable[..., Any]
PassTime = Callable[[float], None]
MINUTE = timedelta(minutes=1)
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "s3": ("list_buckets", {}),
    "cloudwatch": ("list_metrics", {}),
    "sagemaker": ("list_endpoints", {}),
    "scheduler": ("list_schedules", {}),
    "application-autoscaling": ("describe_scalable_targets", {"ServiceNamespace": "sagemaker"}),
    "sts": ("get_caller_identity", {}),
}
"""One harmless call of each service."""


def failure(client: Any, operation: str, **parameters: Any) -> tuple[int, str]:
    """Make a call that must fail, and return its HTTP status and code."""
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**parameters)
    error: Any = caught.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("s3", "InternalError"),
        ("cloudwatch", "InternalServiceError"),
        ("sagemaker", "InternalFailure"),
        ("scheduler", "InternalServerException"),
        ("application-autoscaling", "InternalServiceException"),
    ],
)
def test_an_outage_hits_one_service_for_a_while(
    aws: MakeClient, cloud: Cloud, pass_time: PassTime, service: str, code: str
):
    """The service answers 500 with its own code, or 503; the others go on, and so does it when the time is over."""
    operation, parameters = CALLS[service]
    client = aws(service)
    cloud.faults.plant(Outage(service=service, duration=MINUTE, status=500))  # pyright: ignore[reportArgumentType] - a parameter
    assert failure(client, operation, **parameters) == (500, code)
    assert aws("sts").get_caller_identity()["Account"] == cloud.settings.account_id
    cloud.faults.clear()
    cloud.faults.plant(Outage(service=service, duration=MINUTE))  # pyright: ignore[reportArgumentType] - as above
    assert failure(client, operation, **parameters) == (503, "ServiceUnavailable")
    pass_time(60)
    getattr(client, operation)(**parameters)


def test_everything_can_be_down_at_once(aws: MakeClient, cloud: Cloud):
    """An outage of ``*`` is one of every service, those without a name in the menu included, and is logged."""
    cloud.faults.plant(Outage(service="*", duration=MINUTE))
    for service, (operation, parameters) in CALLS.items():
        assert failure(aws(service), operation, **parameters) == (503, "ServiceUnavailable")
    logged = [(entry.service, entry.outcome) for entry in cloud.request_log.entries()]
    assert logged == [(service, "ServiceUnavailable") for service in CALLS]


def test_the_outage_of_one_bucket(s3: Any, cloud: Cloud):
    """The journal's bucket can be down while others answer; a change that failed has not happened."""
    cloud.faults.plant(Outage(service="s3", duration=MINUTE, prefix="journal"))
    assert failure(s3, "put_object", Bucket="journal", Key="a", Body=b"1") == (503, "ServiceUnavailable")
    assert failure(s3, "head_object", Bucket="journal", Key="a") == (503, "503")
    assert failure(s3, "list_objects_v2", Bucket="journal") == (503, "ServiceUnavailable")
    s3.put_object(Bucket="data", Key="a", Body=b"1")
    s3.list_buckets()
    cloud.faults.clear()
    assert s3.list_objects_v2(Bucket="journal")["KeyCount"] == 0


def test_only_s3_has_buckets():
    """A bucket named for another service is a mistake in the settings, said at once."""
    with pytest.raises(ValidationError, match="goes with service: s3, not with"):
        Outage(service="sagemaker", duration=MINUTE, prefix="journal")


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("s3", (400, "ExpiredToken")),
        ("sts", (403, "ExpiredToken")),
        ("scheduler", (403, "ExpiredTokenException")),
        ("sagemaker", (400, "ExpiredTokenException")),
        ("cloudwatch", (400, "ExpiredTokenException")),
        ("application-autoscaling", (400, "ExpiredTokenException")),
    ],
)
def test_expired_credentials(
    aws: MakeClient, cloud: Cloud, pass_time: PassTime, service: str, expected: tuple[int, str]
):
    """While the token is over every service says so in its own way; a new one is accepted everywhere."""
    cloud.faults.plant(ExpiredCredentials(duration=MINUTE))
    operation, parameters = CALLS[service]
    client = aws(service)
    assert failure(client, operation, **parameters) == expected
    pass_time(60)
    getattr(client, operation)(**parameters)


def test_a_lost_answer_is_of_a_change_that_happened(s3: Any, cloud: Cloud):
    """The object is there although the client saw a 500, and the log says that it was written, as often as told."""
    cloud.faults.plant(LostAnswer(operation="PutObject", times=2))
    put = {"Bucket": "journal", "Key": "a", "IfNoneMatch": "*"}
    assert failure(s3, "put_object", **put, Body=b"1") == (500, "InternalError")
    assert failure(s3, "put_object", **put, Body=b"2") == (412, "PreconditionFailed")
    assert s3.get_object(Bucket="journal", Key="a")["Body"].read() == b"1"
    assert failure(s3, "put_object", Bucket="journal", Key="b", Body=b"1") == (500, "InternalError")
    s3.put_object(Bucket="journal", Key="c", Body=b"1")
    outcomes = [entry.outcome for entry in cloud.request_log.entries("PutObject")]
    assert outcomes[0] == outcomes[2] == outcomes[3] == "ok" != outcomes[1]


def test_a_lost_answer_of_the_control_plane(aws: MakeClient, cloud: Cloud):
    """A model is created although CreateModel seems to fail; a refusal is no answer that could be lost."""
    cloud.faults.plant(LostAnswer(operation="CreateModel"))
    sagemaker = aws("sagemaker")
    role = "arn:aws:iam::123456789012:role/rollway"
    model = {"ModelName": "m", "ExecutionRoleArn": role, "PrimaryContainer": {"Image": "m:1"}}
    assert failure(sagemaker, "create_model", **{**model, "ModelName": "-"})[0] == 400
    assert failure(sagemaker, "create_model", **model) == (500, "InternalFailure")
    assert sagemaker.describe_model(ModelName="m")["ModelName"] == "m"


def test_invocations_outlive_the_control_plane(cloud: Cloud):
    """In process, as over HTTP where they have a port of their own, invocations meet no outage of the control plane."""
    cloud.faults.plant(Outage(service="*", duration=MINUTE))
    cloud.faults.plant(ExpiredCredentials(duration=MINUTE))
    with cloud.request("InvokeEndpoint", {}, Envelope("sagemaker-runtime")):
        pass
    with pytest.raises(Refusal, match="ServiceUnavailable"), cloud.request("ListTopics", {}, Envelope("sns")):
        pass
