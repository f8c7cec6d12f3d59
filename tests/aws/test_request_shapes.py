"""Every request that Rollway sends, held against the limits in botocore's own model of the API.

botocore checks types and required members by itself, but neither lengths, numbers, patterns nor enumerations.
"""

import re
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.model import ListShape, OperationModel, Shape, StructureShape

from policies.commands import (
    ApplyConfig,
    ArmGuard,
    ArmSwitch,
    Command,
    CreateConfig,
    DeleteConfig,
    DisarmSwitch,
    RemoveGuard,
    SetCapacity,
    SetScaling,
    SetShares,
    SoundAlarm,
)
from policies.guard import make_guard
from policies.loading import parse_policy
from policies.observation import Arm, MetricsRequest
from rollway.aws.cloudwatch import MetricsReader
from rollway.aws.execution import carry_out
from rollway.aws.facts import read_facts
from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws
from rollway.sandbox.clock import VirtualClock
from tests.policies.building import make_beside

Sent = list[tuple[OperationModel, dict[str, Any]]]


@pytest.fixture
def sent(aws: Aws) -> Generator[Sent]:
    """Every request of every service during a test."""
    requests: Sent = []

    def note(params: dict[str, Any], model: OperationModel, **_: object) -> None:
        requests.append((model, params))

    clients = (aws.sagemaker, aws.cloudwatch, aws.s3, aws.application_autoscaling, aws.scheduler)
    for client in clients:
        client.meta.events.register("before-parameter-build.*.*", note)
    yield requests
    for client in clients:
        client.meta.events.unregister("before-parameter-build.*.*", note)


def violations(shape: Shape | None, value: Any, path: str) -> Iterator[str]:
    """Name every part of a request, of types that botocore has checked, that lies outside the model's limits."""
    match shape:
        case StructureShape():
            yield from (f"{path}.{name} is unknown" for name in value.keys() - shape.members.keys())
            for name in value.keys() & shape.members.keys():
                yield from violations(shape.members[name], value[name], f"{path}.{name}")
        case ListShape():
            yield from outside(shape, len(value), path)
            for item in value:
                yield from violations(shape.member, item, f"{path}[]")
        case Shape(type_name="string"):
            yield from text_violations(shape, value, path)
        case Shape(type_name="integer" | "float" | "double" | "long"):
            yield from outside(shape, value, path)
        case _:
            pass


def text_violations(shape: Shape, value: str, path: str) -> Iterator[str]:
    yield from outside(shape, len(value), path)
    pattern, choices = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if pattern and not fits(value, pattern):
        yield f"{path}: {value!r} does not match {pattern}"
    if choices and value not in choices:
        yield f"{path}: {value!r} is none of {choices}"


def fits(value: str, pattern: str) -> bool:
    """Whether a value matches; the few patterns that Python's dialect cannot say are not checked."""
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True


def outside(shape: Shape, size: float, path: str) -> Iterator[str]:
    if not shape.metadata.get("min", size) <= size <= shape.metadata.get("max", size):
        yield f"{path}: {size} is not within {shape.metadata}"


def test_checker_notices_a_name_that_is_too_long(aws: Aws) -> None:
    """The check itself works: it finds what botocore lets through."""
    shape = aws.sagemaker.meta.service_model.operation_model("DescribeEndpoint").input_shape
    assert len(list(violations(shape, {"EndpointName": "_" * 80}, "request"))) == 2


@pytest.fixture
def commands(aws: Aws, live: str, switch: ArmSwitch, register: Callable[..., None], sent: Sent) -> list[Command]:
    """Every kind of command, in the order of a rollout."""
    register(live, "AllTraffic", 20)
    sent.clear()
    facts = read_facts(aws, live, "fraud-v7")
    config = make_beside(facts.config, live, "fraud-v7", {"AllTraffic": 2, "candidate": 1})
    (target,) = facts.surroundings.scaling
    return [
        CreateConfig(config=config),
        ApplyConfig(endpoint=live, config=config.name, replaces=facts.config.name),
        SetScaling(endpoint=live, scaling=target.held()),
        SetCapacity(endpoint=live, variant="candidate", instances=2),
        switch,
        switch.model_copy(update={"fires_at": switch.fires_at + timedelta(minutes=5)}),
        SetShares(endpoint=live, shares={"AllTraffic": 95.0, "candidate": 5.0}),
        ApplyConfig(endpoint=live, config=facts.config.name, replaces=config.name),
        DisarmSwitch(switch=switch.switch),
        DeleteConfig(config=config.name),
    ]


def test_all_requests_are_within_the_limits(
    aws: Aws, sent: Sent, commands: list[Command], clock: VirtualClock, settle: Callable[[], None]
) -> None:
    """A whole rollout's requests are ones that AWS accepts: names, lengths, ranges, enumerations."""
    for command in commands:
        assert carry_out(aws, command).status in {"done", "accepted"}
        settle()
    use_metrics_and_journal(aws, "fraud-prod", clock)
    problems = [problem for model, params in sent for problem in violations(model.input_shape, params, model.name)]
    assert problems == []
    assert {model.name for model, _ in sent} >= {
        "CreateEndpointConfig",
        "CreateSchedule",
        "DeleteEndpointConfig",
        "DeleteSchedule",
        "DescribeScalableTargets",
        "GetMetricData",
        "GetSchedule",
        "ListEndpoints",
        "ListObjectsV2",
        "PutObject",
        "RegisterScalableTarget",
        "UpdateEndpoint",
        "UpdateEndpointWeightsAndCapacities",
        "UpdateSchedule",
    }


def test_all_requests_about_alarms_are_within_the_limits(aws: Aws, live: str, sent: Sent, clock: VirtualClock) -> None:
    """Names, periods, statistics and comparisons are ones that CloudWatch's model allows."""
    limits = {"slow": {"metric": "ModelLatency", "statistic": "p99", "at_most": 500000}}
    policy = parse_policy({"strategy": "guardrail", "stages": [{"share": 100, "bake": "5m"}], "gates": limits})
    guard = make_guard(policy, "r-1", live, "AllTraffic", "fraud-new")
    sent.clear()
    carry_out(aws, ArmGuard(guard=guard, at=clock.now()))
    carry_out(aws, SoundAlarm(endpoint=live, alarm=guard.abort))
    carry_out(aws, RemoveGuard(guard=guard))
    operations = {"PutMetricData", "PutMetricAlarm", "DescribeAlarms", "SetAlarmState", "DeleteAlarms"}
    assert {model.name for model, _ in sent} == operations
    assert [found for model, params in sent for found in violations(model.input_shape, params, model.name)] == []


def use_metrics_and_journal(aws: Aws, endpoint: str, clock: VirtualClock) -> None:
    minute = timedelta(minutes=1)
    arms: dict[Arm, str] = {"baseline": "AllTraffic", "candidate": "candidate"}
    request = MetricsRequest(endpoint, arms, clock.now() - 10 * minute, minute, minute, minute)
    MetricsReader(aws).read(request, clock.now())
    aws.s3.create_bucket(Bucket="journal")
    store = ObjectStore(aws, "journal", "rollway")
    store.replace("lease.json", "{}", store.create("lease.json", "[]").etag)
    store.list_keys()
