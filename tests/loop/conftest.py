"""The fixtures of a rehearsal: a live endpoint on the simulated AWS, a healthy candidate, an empty journal, virtual time."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from rollway.aws.objects import ObjectStore
from rollway.aws.session import connect
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import in_process
from rollway.sandbox.runtime.invocation import Runtime
from rollway.sandbox.serving.callable_fleets import CallableFleets
from rollway.sandbox.settings import SandboxSettings
from tests.loop.rehearsal import BUCKET, CONFIG, ENDPOINT, ROLE, Rehearsal, model


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "simulated")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
    for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(autouse=True)
def _botocore_does_not_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the tests the real seconds that botocore waits between its attempts."""
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))


@pytest.fixture
def seed() -> int:
    """The seed of traffic and models; parametrise it to play the same rehearsal under other luck."""
    return 7


@pytest.fixture
def rehearsal(seed: int) -> Generator[Rehearsal]:
    """A place to play a rollout."""
    with rehearse(seed) as place:
        yield place


@contextmanager
def rehearse(seed: int) -> Generator[Rehearsal]:
    """A live endpoint with 2 instances in its configuration, a healthy candidate model, and an empty journal."""
    clock = VirtualClock(datetime(2026, 6, 1, 12, tzinfo=UTC))
    models = {"fraud-v6": model(seed, failing=0.002), "fraud-v7": model(seed + 1, failing=0.002)}
    fleets = CallableFleets(models)
    with in_process(Cloud(clock, SandboxSettings(seed=seed), fleets)) as cloud:
        for name in models:
            container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
            cloud.call("CreateModel", {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE})
        cloud.call("CreateEndpointConfig", CONFIG)
        cloud.call("CreateEndpoint", {"EndpointName": ENDPOINT, "EndpointConfigName": CONFIG["EndpointConfigName"]})
        clock.advance(timedelta(seconds=30))
        cloud.tick()
        aws = connect("us-east-1")
        aws.s3.create_bucket(Bucket=BUCKET)
        yield Rehearsal(
            cloud, clock, Runtime(cloud, fleets), ObjectStore(aws, BUCKET, "rollway", clock.now), models, aws
        )
