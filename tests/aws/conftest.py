"""One simulated AWS per test, in process, on a virtual clock: hours pass in milliseconds and nothing sleeps."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from policies.commands import ArmSwitch
from policies.facts import Endpoint
from policies.switch import SwitchSpec, make_switch
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws, connect
from rollway.aws.waiting import Timing
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import in_process

ROLE = "arn:aws:iam::123456789012:role/serving"
VARIANT = {
    "VariantName": "AllTraffic",
    "ModelName": "fraud-v6",
    "InitialInstanceCount": 2,
    "InstanceType": "ml.m5.xlarge",
    "InitialVariantWeight": 1.0,
}


@pytest.fixture(scope="session")
def aws() -> Generator[Aws]:
    """The clients, made once: what they talk to is decided per test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "simulated")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
        for variable in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            patch.delenv(variable, raising=False)
        yield connect("us-east-1")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 1, 5, 12, tzinfo=UTC))


@pytest.fixture(autouse=True)
def _botocore_pauses_virtually(clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have botocore's pauses between attempts move the virtual clock."""

    def pause(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=pause))


@pytest.fixture
def timing(clock: VirtualClock) -> Timing:
    """Timing whose pauses move the virtual clock, without jitter."""
    return Timing(
        clock=lambda: clock.now().timestamp(),
        sleep=lambda seconds: clock.advance(timedelta(seconds=seconds)),
        uniform=lambda low, high: (low + high) / 2,
    )


@pytest.fixture
def cloud(clock: VirtualClock) -> Generator[Cloud]:
    """The simulated account with two models and nothing else."""
    with in_process(Cloud(clock)) as account:
        for model in ("fraud-v6", "fraud-v7"):
            container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
            account.call("CreateModel", {"ModelName": model, "PrimaryContainer": container, "ExecutionRoleArn": ROLE})
        yield account


@pytest.fixture
def settle(clock: VirtualClock) -> Callable[[], None]:
    """Let every change in flight end."""
    return lambda: clock.advance(timedelta(seconds=10))


@pytest.fixture
def live(cloud: Cloud, settle: Callable[[], None]) -> str:
    """An endpoint in service on the configuration ``fraud-v6-config``; its name."""
    config = {"EndpointConfigName": "fraud-v6-config", "ProductionVariants": [VARIANT]}
    cloud.call("CreateEndpointConfig", config | {"Tags": [{"Key": "team", "Value": "risk"}]})
    cloud.call("CreateEndpoint", {"EndpointName": "fraud-prod", "EndpointConfigName": "fraud-v6-config"})
    settle()
    return "fraud-prod"


@pytest.fixture
def endpoint(aws: Aws, live: str) -> Endpoint:
    """The live endpoint as it is described."""
    return describe_endpoint(aws, live)


@pytest.fixture
def register(aws: Aws) -> Callable[..., None]:
    """Register a variant of an endpoint with the simulated autoscaling, between 2 instances and a maximum."""

    def register(endpoint: str, variant: str, maximum: int, **suspended: bool) -> None:
        state: Any = suspended
        aws.application_autoscaling.register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=f"endpoint/{endpoint}/variant/{variant}",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=2,
            MaxCapacity=maximum,
            SuspendedState=state,
        )

    return register


@pytest.fixture
def switch(endpoint: Endpoint, clock: VirtualClock) -> ArmSwitch:
    """A command to arm the switch of the rollout ``r-1``, in the group that every account has, five minutes from now."""
    made = make_switch(SwitchSpec(group="default"), "r-1", endpoint.arn)
    assert made is not None
    shares = {"AllTraffic": 100.0, "candidate": 0.0}
    return ArmSwitch(switch=made, endpoint=endpoint.name, shares=shares, fires_at=clock.now() + timedelta(minutes=5))
