"""An endpoint to scale, and short words for what most of these tests ask."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from rollway.sandbox.autoscaling.names import ScaledVariant
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud

ROLE = "arn:aws:iam::123456789012:role/service-role/rollway"
TARGET = 100.0  # invocations per minute and instance

Scale = Callable[..., dict[str, Any]]
Seconds = Callable[[float], None]


@pytest.fixture
def pass_time(cloud: Cloud, clock: VirtualClock) -> Seconds:
    """Let seconds pass, and everything happen that is due by then."""

    def move(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))
        cloud.tick()

    return move


@pytest.fixture
def make_config(cloud: Cloud) -> Callable[..., None]:
    """Create a configuration of variants that have two instances each, of the given types."""
    container = {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "m:1"}}
    cloud.call("CreateModel", container)

    def make(name: str, types: Mapping[str, str]) -> None:
        variants = [
            {"VariantName": variant, "ModelName": "m", "InstanceType": kind, "InitialInstanceCount": 2}
            for variant, kind in types.items()
        ]
        cloud.call("CreateEndpointConfig", {"EndpointConfigName": name, "ProductionVariants": variants})

    return make


@pytest.fixture
def shop(cloud: Cloud, make_config: Callable[..., None], pass_time: Seconds) -> str:
    """An endpoint InService with two instances each of ``baseline`` and ``candidate``, on configuration ``one``."""
    make_config("one", {"baseline": "ml.m5.large", "candidate": "ml.m5.large"})
    cloud.call("CreateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "one"})
    pass_time(10)
    return "shop"


@pytest.fixture
def scale(cloud: Cloud, shop: str) -> Scale:
    """Ask autoscaling about ``baseline``, or about another ``variant``."""

    def ask(operation: str, variant: str = "baseline", **members: object) -> dict[str, Any]:
        return cloud.autoscaling.answer(operation, {**ScaledVariant(shop, variant).identity, **members})

    return ask


@pytest.fixture
def track(scale: Scale) -> Callable[..., dict[str, Any]]:
    """Register ``baseline`` between 1 and 10 instances and have its invocations per instance tracked."""

    def put(name: str = "calls", target: float = TARGET, **members: object) -> dict[str, Any]:
        scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=10)
        metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        configuration = {"TargetValue": target, "PredefinedMetricSpecification": metric, **members}
        return scale(
            "PutScalingPolicy",
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=configuration,
        )

    return put


@pytest.fixture
def call_for(cloud: Cloud, shop: str, clock: VirtualClock) -> Callable[[int, float], None]:
    """Let minutes pass, each with that many invocations of ``baseline``, and everything happen that is due meanwhile."""

    def keep_calling(minutes: int, per_minute: float) -> None:
        dimensions = {"EndpointName": shop, "VariantName": "baseline"}
        for _ in range(minutes):
            clock.advance(timedelta(seconds=30))
            cloud.metrics.record("AWS/SageMaker", "Invocations", dimensions, 1, count=per_minute)
            cloud.tick()
            clock.advance(timedelta(seconds=30))
            cloud.tick()

    return keep_calling


@pytest.fixture
def count(cloud: Cloud, shop: str) -> Callable[..., int]:
    """Return how many instances a variant is to have."""
    return lambda variant="baseline": cloud.endpoints.desired_counts(shop)[variant]


@pytest.fixture
def activities(scale: Scale) -> Callable[[], list[tuple[str, str]]]:
    """Return the status and the description of the activities of ``baseline``, the latest first."""

    def listed() -> list[tuple[str, str]]:
        found = scale("DescribeScalingActivities")["ScalingActivities"]
        return [(one["StatusCode"], one["Description"]) for one in found]

    return listed
