"""The fixture of a fleet: endpoints on one simulated AWS, good and bad models, an empty journal, virtual time."""

import random
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from rollway.aws.objects import ObjectStore
from rollway.aws.session import connect
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import in_process
from rollway.sandbox.runtime.invocation import Runtime
from rollway.sandbox.serving.callable_fleets import CallableFleets, Model
from rollway.sandbox.settings import SandboxSettings
from tests.fleet.scene import Scene

ROLE = "arn:aws:iam::123456789012:role/serving"
MODELS = {"v6": 0.0, "v7": 0.0, "v7-broken": 0.7}


def model(failing: float) -> Model:
    """A simulated model that fails on a part of the requests."""
    rng = random.Random(1)
    return lambda _: (500 if rng.random() < failing else 200, b"{}", 0.05)


@pytest.fixture
def make_scene(monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[[int], Scene]]:
    """Open an account with so many endpoints."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "simulated")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
    for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
    clock = VirtualClock(datetime(2026, 6, 1, 12, tzinfo=UTC))
    fleets = CallableFleets({name: model(failing) for name, failing in MODELS.items()})
    with in_process(Cloud(clock, SandboxSettings(), fleets)) as cloud:

        def make(count: int) -> Scene:
            for name in MODELS:
                container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
                cloud.call("CreateModel", {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": ROLE})
            variant = {"VariantName": "AllTraffic", "ModelName": "v6", "InstanceType": "ml.m5.large"}
            variants = [variant | {"InitialInstanceCount": 2, "InitialVariantWeight": 1.0}]
            cloud.call("CreateEndpointConfig", {"EndpointConfigName": "v6-config", "ProductionVariants": variants})
            names = [f"fraud-{number:02d}" for number in range(count)]
            for name in names:
                cloud.call("CreateEndpoint", {"EndpointName": name, "EndpointConfigName": "v6-config"})
            clock.advance(timedelta(seconds=30))
            cloud.tick()
            aws = connect("us-east-1")
            aws.s3.create_bucket(Bucket="journal")
            return Scene(cloud, clock, Runtime(cloud, fleets), aws, ObjectStore(aws, "journal", "r", clock.now), names)

        yield make
