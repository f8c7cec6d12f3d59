"""Everything that somebody else can do to an endpoint, as a fault: one thing each, at the right moment, under their name."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.fault_menu import Fault, OutsideChange

Scale = Callable[..., dict[str, Any]]
Seconds = Callable[[float], None]
WHOLE: TypeAdapter[Fault] = TypeAdapter(Fault)


def from_outside(cloud: Cloud) -> list[tuple[str, str, str]]:
    entries = [entry for entry in cloud.request_log.entries() if entry.actor == "outside"]
    return [(entry.service, entry.operation, entry.outcome) for entry in entries]


def test_instance_counts(cloud: Cloud, shop: str) -> None:
    """Somebody else scales two variants in one request."""
    cloud.plant(OutsideChange(endpoint=shop, instances={"baseline": 5, "candidate": 1}))
    cloud.tick()
    assert cloud.endpoints.desired_counts(shop) == {"baseline": 5, "candidate": 1}
    assert from_outside(cloud) == [("sagemaker", "UpdateEndpointWeightsAndCapacities", "ok")]


def test_tags(cloud: Cloud, shop: str) -> None:
    """Somebody else tags the endpoint, also while it is busy, because AWS lets them."""
    make_busy(cloud)
    cloud.plant(OutsideChange(endpoint=shop, tags={"owner": "somebody"}))
    cloud.tick()
    arn = cloud.call("DescribeEndpoint", {"EndpointName": shop})["EndpointArn"]
    assert cloud.tags.of(arn) == {"owner": "somebody"}
    assert from_outside(cloud) == [("sagemaker", "AddTags", "ok")]


def test_scaling_bounds(cloud: Cloud, scale: Scale, count: Callable[..., int]) -> None:
    """Somebody else moves a target's bounds: what they do not name stays, and the count follows."""
    scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=4, SuspendedState={"ScheduledScalingSuspended": True})
    cloud.plant(OutsideChange(endpoint="shop", scaling={"baseline": {"min": 3}, "candidate": {"min": 1, "max": 9}}))
    cloud.tick()
    found = cloud.autoscaling.answer("DescribeScalableTargets", {"ServiceNamespace": "sagemaker"})["ScalableTargets"]
    assert [(target["MinCapacity"], target["MaxCapacity"]) for target in found] == [(3, 4), (1, 9)]
    assert found[0]["SuspendedState"]["ScheduledScalingSuspended"]
    assert count() == 3
    assert from_outside(cloud) == [("application-autoscaling", "RegisterScalableTarget", "ok")] * 2


def test_deregistration(cloud: Cloud, scale: Scale) -> None:
    """Somebody else deregisters a variant; a second time is refused, logged and dropped."""
    scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=4)
    for _ in range(2):
        cloud.plant(OutsideChange(endpoint="shop", deregister="baseline"))
    cloud.tick()
    assert cloud.autoscaling.answer("DescribeScalableTargets", {"ServiceNamespace": "sagemaker"}) == {
        "ScalableTargets": []
    }
    assert [outcome for *_, outcome in from_outside(cloud)] == ["ok", "ObjectNotFoundException"]
    assert cloud.faults.planted() == []


def test_a_configuration_deleted_while_in_use(cloud: Cloud, shop: str) -> None:
    """Somebody else tidies up too much: AWS does not stop them, and then refuses every update of the endpoint."""
    cloud.plant(OutsideChange(endpoint=shop, delete_config="one"))
    cloud.tick()
    with pytest.raises(Refusal, match="Could not find endpoint configuration"):
        cloud.call("DescribeEndpointConfig", {"EndpointConfigName": "one"})
    assert from_outside(cloud) == [("sagemaker", "DeleteEndpointConfig", "ok")]


@pytest.mark.parametrize("change", [{"instances": {"baseline": 5}}, {"weights": {"baseline": 5}}, {"config": "two"}])
def test_deployments_wait_for_rest(
    cloud: Cloud,
    shop: str,
    make_config: Callable[..., None],
    pass_time: Seconds,
    change: dict[str, Any],
) -> None:
    """What AWS refuses while an endpoint is busy comes once it is at rest, and succeeds."""
    make_config("two", {"baseline": "ml.m5.large"})
    make_busy(cloud)
    cloud.plant(OutsideChange(endpoint=shop, **change))
    cloud.tick()
    assert from_outside(cloud) == []
    pass_time(2)
    assert [outcome for *_, outcome in from_outside(cloud)] == ["ok"]


@pytest.mark.parametrize("change", [{"scaling": {"baseline": {"min": 1, "max": 4}}}, {"tags": {"a": "b"}}])
def test_nothing_happens_before_the_endpoint_serves(
    cloud: Cloud, make_config: Callable[..., None], pass_time: Seconds, change: dict[str, Any]
) -> None:
    """A change planted from the start waits for its endpoint to be made."""
    cloud.plant(OutsideChange(endpoint="shop", **change))
    make_config("one", {"baseline": "ml.m5.large"})
    cloud.call("CreateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "one"})
    cloud.tick()
    assert from_outside(cloud) == []
    pass_time(10)
    assert [outcome for *_, outcome in from_outside(cloud)] == ["ok"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, "this one names \\[\\]"),
        ({"tags": {"a": "b"}, "config": "two"}, "this one names \\['config', 'tags'\\]"),
        ({"tags": {}}, "at least 1 item"),
        ({"scaling": {"baseline": {}}}, "at least 1 item"),
        ({"scaling": {"baseline": {"least": 1}}}, "'min' or 'max'"),
        ({"instances": {"baseline": -1}}, "greater than or equal to 0"),
    ],
)
def test_a_change_names_exactly_one_thing(change: dict[str, Any], why: str) -> None:
    """A fault that says nothing, two things or nonsense is refused when it is written."""
    with pytest.raises(ValidationError, match=why):
        OutsideChange(endpoint="shop", **change)


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "outside_change", "endpoint": "shop", "scaling": {"baseline": {"min": 1, "max": 2}}},
        {"fault": "outside_change", "endpoint": "shop", "instances": {"baseline": 1}},
        {"fault": "scaling_activity", "endpoint": "shop", "variant": "baseline", "instances": 3},
    ],
)
def test_changes_can_be_written_down(fault: dict[str, Any]) -> None:
    """A fault read from a file and written out again is the same fault."""
    read = WHOLE.validate_python(fault)
    assert WHOLE.validate_python(WHOLE.dump_python(read, mode="json")) == read


def make_busy(cloud: Cloud) -> None:
    wanted = [{"VariantName": "candidate", "DesiredWeight": 0}]
    cloud.call("UpdateEndpointWeightsAndCapacities", {"EndpointName": "shop", "DesiredWeightsAndCapacities": wanted})
