"""InvokeEndpoint through boto3 in one process, with no ports."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from mypy_boto3_sagemaker_runtime.client import SageMakerRuntimeClient

from rollway.sandbox.moto_adapter import in_process

ENDPOINT = "digits-prod"
Build = Callable[..., Any]
Stage = Any  # the one in conftest, which cannot be imported


def echo(body: bytes) -> tuple[int, bytes, float]:
    return (500, b"no", 0.01) if body == b"boom" else (200, body, 0.01)


def runtime_client() -> SageMakerRuntimeClient:
    return boto3.client("sagemaker-runtime")  # pyright: ignore[reportUnknownMemberType] - boto3-stubs lacks what we do not use


@pytest.fixture
def stage(build: Build) -> Stage:
    return build({"old": echo, "new": echo}, {"old": 1, "new": 0})


def test_binary_body_and_target_variant(stage: Stage) -> None:
    """In process, too, bytes pass unchanged and TargetVariant reaches a variant of weight 0."""
    with in_process(stage.cloud):
        client = runtime_client()
        answer = client.invoke_endpoint(EndpointName=ENDPOINT, Body=b"\xff\x00", TargetVariant="new")
        assert (answer["Body"].read(), answer["InvokedProductionVariant"]) == (b"\xff\x00", "new")
        assert client.invoke_endpoint(EndpointName=ENDPOINT, Body=b"a=b&c")["Body"].read() == b"a=b&c"
    assert stage.sums("Invocations", "new") == 1
    assert stage.sums("Invocations", "old") == 1


def test_model_error(stage: Stage) -> None:
    """In process, too, boto3 raises ModelError with HTTP 424 and the original status and message."""
    with in_process(stage.cloud):
        client = runtime_client()
        with pytest.raises(client.exceptions.ModelError) as raised:
            client.invoke_endpoint(EndpointName=ENDPOINT, Body=b"boom")
    response: Any = raised.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert (response["OriginalStatusCode"], response["OriginalMessage"]) == (500, "no")


def test_unknown_endpoint(stage: Stage) -> None:
    """In process, too, an endpoint that does not exist is a ValidationError."""
    with in_process(stage.cloud):
        client = runtime_client()
        with pytest.raises(client.exceptions.ClientError, match=r"\(ValidationError\).*Endpoint nowhere of account"):
            client.invoke_endpoint(EndpointName="nowhere", Body=b"x")
