"""Replacing a variant's whole registration for autoscaling: exactly what is wanted, and nothing twice."""

from datetime import timedelta
from typing import Any

import pytest

from policies.blueprint.model import VariantScaling
from policies.commands import CommandResult, ReplaceScaling
from policies.registration import Registration
from rollway.aws.execution import carry_out
from rollway.aws.replacing import read_registration
from rollway.aws.session import Aws
from rollway.aws.variant_scaling import ScaledVariant
from rollway.aws.waiting import Timing
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud

VARIANT = ScaledVariant("fraud-prod", "AllTraffic", "instances")
LOAD = {
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 900.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
}
STEPS = {
    "PolicyType": "StepScaling",
    "StepScalingPolicyConfiguration": {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    },
}
DAILY = {"Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 2}}


@pytest.fixture
def replace(aws: Aws, live: str, clock: VirtualClock, timing: Timing) -> Any:
    """Make a registration stand: its bounds, policies, scheduled actions and suspensions; without bounds none."""
    assert live == VARIANT.endpoint

    def replace(*bounds: int, suspended: Any = (), **parts: Any) -> CommandResult:
        wanted = None
        if bounds:
            wanted = Registration(scaling=VariantScaling(min=bounds[0], max=bounds[1], **parts), suspended=suspended)
        command = ReplaceScaling(
            endpoint="fraud-prod", variant="AllTraffic", registration=wanted, stand="after", at=clock.now()
        )
        return carry_out(aws, command, timing)

    return replace


def changes(cloud: Cloud) -> list[str]:
    """The names of the requests that changed scaling."""
    logged = [entry for entry in cloud.request_log.entries() if entry.service == "application-autoscaling"]
    return [entry.operation for entry in logged if not entry.operation.startswith("Describe")]


def test_what_is_not_wanted_goes_and_what_is_wanted_comes(aws: Aws, replace: Any) -> None:
    """Other bounds, policies, scheduled actions and suspensions take the place of the earlier ones altogether."""
    replace(2, 6, policies={"old": LOAD, "both": LOAD}, scheduled={"evening": DAILY})

    result = replace(1, 9, policies={"both": LOAD, "new": LOAD}, scheduled={"morning": DAILY}, suspended=("scale_in",))

    found = read_registration(aws, VARIANT)
    assert result.status == "done"
    assert found is not None
    assert (found.scaling.min, found.scaling.max, found.suspended) == (1, 9, ("scale_in",))
    assert (set(found.scaling.policies), set(found.scaling.scheduled)) == ({"both", "new"}, {"morning"})


def test_doing_it_twice_sends_nothing_more(cloud: Cloud, replace: Any) -> None:
    """What stands already is only read, also when it is that nothing stands."""
    for wanted in ({"policies": {"load": LOAD}, "scheduled": {"daily": DAILY}}, None):
        for _ in range(2):
            assert (replace(1, 9, **wanted) if wanted else replace()).status == "done"
    assert changes(cloud) == [
        "RegisterScalableTarget",
        "PutScalingPolicy",
        "PutScheduledAction",
        "DeregisterScalableTarget",
    ]


def test_a_time_zone_that_is_not_wanted_any_more_goes(aws: Aws, replace: Any) -> None:
    """AWS keeps what a request leaves out: without a word of it, an action would stay in the zone that it had."""
    once = {"Schedule": "at(2027-01-01T06:00:00)", "ScalableTargetAction": {"MinCapacity": 2}}
    replace(1, 9, scheduled={"launch": once | {"Timezone": "Asia/Tokyo"}})

    assert replace(1, 9, scheduled={"launch": once}).status == "done"

    found = read_registration(aws, VARIANT)
    assert found is not None
    assert found.scaling.scheduled["launch"].get("Timezone", "UTC") == "UTC"


def test_an_action_that_is_over_meanwhile_is_left_out(aws: Aws, clock: VirtualClock, replace: Any) -> None:
    """AWS takes none that is never due again; the rest of an earlier registration still comes back."""
    soon = (clock.now() + timedelta(hours=1)).strftime("at(%Y-%m-%dT%H:%M:%S)")
    actions = {"soon": {"Schedule": soon, "ScalableTargetAction": {"MinCapacity": 3}}, "daily": DAILY}
    clock.advance(timedelta(hours=2))

    assert replace(1, 9, scheduled=actions).status == "done"

    found = read_registration(aws, VARIANT)
    assert found is not None
    assert set(found.scaling.scheduled) == {"daily"}


def test_whose_alarms_have_to_be_pointed_anew_is_told(replace: Any) -> None:
    """A step policy that is made again has another ARN, which nobody else would notice; one that stood all the time has not."""
    assert "point the alarms that call steps to the new ARN" in replace(1, 9, policies={"steps": STEPS}).message
    assert "alarms" not in replace(1, 8, policies={"steps": STEPS}).message


def test_what_aws_turns_down_is_refused_with_its_words(replace: Any) -> None:
    """A result for the loop, not an exception."""
    wrong = {
        "TargetTrackingScalingPolicyConfiguration": {
            **LOAD["TargetTrackingScalingPolicyConfiguration"],
            "TargetValue": -1.0,
        }
    }
    result = replace(1, 9, policies={"wrong": wrong})
    assert result.status == "refused"
    assert "PutScalingPolicy" in result.message
