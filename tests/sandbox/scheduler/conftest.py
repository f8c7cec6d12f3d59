"""An endpoint whose traffic a schedule can bring back, and short words for what most of these tests ask."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud

ROLE = "arn:aws:iam::123456789012:role/rollway-dead-mans-switch"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:rollway-dead-letters"
UNIVERSAL = "arn:aws:scheduler:::aws-sdk:sagemaker"
TARGET = f"{UNIVERSAL}:updateEndpointWeightsAndCapacities"

Seconds = Callable[[float], None]
Ask = Callable[..., dict[str, Any]]


def target(weights: Mapping[str, float] | None = None, /, **members: Any) -> dict[str, Any]:
    """A target that brings all traffic of ``shop`` to its baseline, or gives it these weights."""
    wanted = weights or {"baseline": 100, "candidate": 0}
    desired = [{"VariantName": name, "DesiredWeight": weight} for name, weight in wanted.items()]
    payload = json.dumps({"EndpointName": "shop", "DesiredWeightsAndCapacities": desired})
    return {"Arn": TARGET, "RoleArn": ROLE, "Input": payload, **members}


def definition(name: str = "switch", /, **members: Any) -> dict[str, Any]:
    """The least that defines a schedule: every five minutes, from its creation on."""
    least = {"ScheduleExpression": "rate(5 minutes)", "FlexibleTimeWindow": {"Mode": "OFF"}, "Target": target()}
    return {"Name": name, **least, **members}


def at(moment: datetime) -> str:
    return f"at({moment:%Y-%m-%dT%H:%M:%S})"


@pytest.fixture
def pass_time(cloud: Cloud, clock: VirtualClock) -> Seconds:
    """Let seconds pass, and everything happen that is due by then."""

    def move(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))
        cloud.tick()

    return move


@pytest.fixture
def shop(cloud: Cloud, pass_time: Seconds) -> str:
    """An endpoint InService whose ``baseline`` and ``candidate`` have weights of 90 and 10, at one minute past noon."""
    container = {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "m:1"}}
    cloud.call("CreateModel", container)
    fixed = {"ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
    variants = [
        {"VariantName": name, "InitialVariantWeight": weight, **fixed}
        for name, weight in (("baseline", 90), ("candidate", 10))
    ]
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "one", "ProductionVariants": variants})
    cloud.call("CreateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "one"})
    pass_time(60)
    return "shop"


@pytest.fixture
def ask(cloud: Cloud) -> Ask:
    """Ask the Scheduler for something."""

    def answer(operation: str, **members: object) -> dict[str, Any]:
        return cloud.scheduler.answer(operation, members)

    return answer


@pytest.fixture
def create(ask: Ask) -> Ask:
    """Create the schedule ``switch``, or one of another name, with these members."""

    def make(name: str = "switch", **members: object) -> dict[str, Any]:
        return ask("CreateSchedule", **definition(name, **members))

    return make


@pytest.fixture
def weights(cloud: Cloud, shop: str) -> Callable[[], list[float]]:
    """The weights that the endpoint has now."""

    def read() -> list[float]:
        described = cloud.call("DescribeEndpoint", {"EndpointName": shop})
        return [variant["CurrentWeight"] for variant in described["ProductionVariants"]]

    return read


@pytest.fixture
def firings(cloud: Cloud, shop: str, clock: VirtualClock) -> Callable[[], list[float]]:
    """How many seconds after the beginning of the test each call of the Scheduler was made, refused ones included."""
    del shop  # but its time counts as before the test
    began = clock.now()

    def read() -> list[float]:
        entries = cloud.request_log.entries()
        return [(entry.at - began).total_seconds() for entry in entries if entry.actor == "scheduler"]

    return read
