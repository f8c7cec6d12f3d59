"""Short words for the requests that most control-plane tests make."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud

ROLE = "arn:aws:iam::123456789012:role/service-role/rollway"


@pytest.fixture
def make_model(cloud: Cloud) -> Callable[..., dict[str, Any]]:
    """Create a model by name; more members of CreateModel as keywords."""

    def make(name: str, **members: object) -> dict[str, Any]:
        request = {"ModelName": name, "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": f"{name}:1"}, **members}
        return cloud.call("CreateModel", request)

    return make


@pytest.fixture
def make_config(cloud: Cloud, make_model: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Create a configuration whose variants all serve model ``fraud`` with 2 instances, given their weights."""
    make_model("fraud")

    def make(name: str, weights: Mapping[str, float], **members: object) -> dict[str, Any]:
        variants = [
            {
                "VariantName": variant,
                "ModelName": "fraud",
                "InstanceType": "ml.g5.xlarge",
                "InitialInstanceCount": 2,
                "InitialVariantWeight": weight,
            }
            for variant, weight in weights.items()
        ]
        request = {"EndpointConfigName": name, "ProductionVariants": variants, **members}
        return cloud.call("CreateEndpointConfig", request)

    return make


@pytest.fixture
def pass_time(clock: VirtualClock) -> Callable[[float], None]:
    """Move the clock forward by seconds."""

    def move(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    return move


@pytest.fixture
def shop(cloud: Cloud, make_config: Callable[..., Any], pass_time: Callable[[float], None]) -> str:
    """An endpoint InService: ``baseline`` and ``candidate`` at 90/10 under ``one``; ``two`` (50/50) is ready to deploy."""
    make_config("one", {"baseline": 90, "candidate": 10})
    make_config("two", {"baseline": 50, "candidate": 50})
    cloud.call("CreateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "one"})
    pass_time(10)
    cloud.tick()
    return "shop"


@pytest.fixture
def describe(cloud: Cloud) -> Callable[[], dict[str, Any]]:
    """Describe the endpoint ``shop``."""
    return lambda: cloud.call("DescribeEndpoint", {"EndpointName": "shop"})


@pytest.fixture
def update(cloud: Cloud) -> Callable[..., dict[str, Any]]:
    """Update the endpoint ``shop`` to a configuration; more members of UpdateEndpoint as keywords."""

    def change(config: str, **members: object) -> dict[str, Any]:
        return cloud.call("UpdateEndpoint", {"EndpointName": "shop", "EndpointConfigName": config, **members})

    return change


@pytest.fixture
def adjust(cloud: Cloud) -> Callable[..., dict[str, Any]]:
    """Call UpdateEndpointWeightsAndCapacities on ``shop`` with weights and counts by variant."""

    def change(weights: Mapping[str, float] | None = None, counts: Mapping[str, int] | None = None) -> dict[str, Any]:
        wanted: dict[str, dict[str, Any]] = {}
        for name, weight in (weights or {}).items():
            wanted.setdefault(name, {"VariantName": name})["DesiredWeight"] = weight
        for name, count in (counts or {}).items():
            wanted.setdefault(name, {"VariantName": name})["DesiredInstanceCount"] = count
        request = {"EndpointName": "shop", "DesiredWeightsAndCapacities": list(wanted.values())}
        return cloud.call("UpdateEndpointWeightsAndCapacities", request)

    return change
