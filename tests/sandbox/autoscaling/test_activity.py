"""Policies act on the simulated metrics as time passes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import MetricDelay, MetricGap, ScalingActivity

Scale = Callable[..., dict[str, Any]]
Track = Callable[..., dict[str, Any]]
Calls = Callable[[int, float], None]
Count = Callable[..., int]
Seconds = Callable[[float], None]
Activities = Callable[[], list[tuple[str, str]]]
BASELINE = {"EndpointName": "shop", "VariantName": "baseline"}


def actors(cloud: Cloud) -> list[tuple[str, str]]:
    entries = cloud.request_log.entries("UpdateEndpointWeightsAndCapacities")
    return [(entry.actor, entry.outcome) for entry in entries]


def test_three_busy_minutes_scale_out(
    cloud: Cloud, track: Track, call_for: Calls, count: Count, activities: Activities
) -> None:
    """450 calls a minute at a target of 100 want 5 instances, after the third minute and no sooner."""
    track()
    call_for(2, 450)
    assert count() == 2
    call_for(1, 450)
    assert count() == 5
    assert activities() == [("InProgress", "Setting desired instance count to 5.")]
    assert actors(cloud) == [("autoscaling", "ok")]


def test_scaling_out_updates_the_endpoint(
    cloud: Cloud, clock: VirtualClock, track: Track, call_for: Calls, scale: Scale
) -> None:
    """An activity is the same deployment that a caller would start: old instances serve until the new ones do."""
    track()
    call_for(3, 450)
    assert cloud.endpoints.status("shop") == "Updating"
    assert cloud.endpoints.serving("shop").variants[0].instances == 2
    (activity,) = scale("DescribeScalingActivities")["ScalingActivities"]
    assert (activity["StatusCode"], activity["StartTime"]) == ("InProgress", clock.now())
    assert activity["Cause"] == "target tracking triggered policy calls"
    clock.advance(timedelta(seconds=2))
    cloud.tick()
    assert cloud.endpoints.serving("shop").variants[0].instances == 5
    (activity,) = scale("DescribeScalingActivities")["ScalingActivities"]
    assert (activity["StatusCode"], activity["EndTime"]) == ("Successful", clock.now())


def test_fifteen_quiet_minutes_scale_in(track: Track, call_for: Calls, count: Count) -> None:
    """90 calls a minute at a target of 100 need one instance, after fifteen minutes of them and no sooner."""
    track()
    call_for(14, 90)
    assert count() == 2
    call_for(1, 90)
    assert count() == 1


def test_a_variant_without_calls_scales_in_to_its_minimum(track: Track, call_for: Calls, count: Count) -> None:
    """No data means no calls once a policy watches, as a real endpoint would report; the minimum holds."""
    track()
    call_for(20, 0)
    assert count() == 1


def test_the_maximum_holds(track: Track, call_for: Calls, count: Count) -> None:
    """However many calls there are, there are no more instances than the target allows."""
    track()
    call_for(10, 5000)
    assert count() == 10


def test_cooldowns_space_activities(track: Track, call_for: Calls, count: Count) -> None:
    """After scaling out, the next time comes no sooner than the cooldown, 300 s unless the policy says otherwise."""
    track()
    call_for(4, 450)
    call_for(4, 990)
    assert count() == 5
    call_for(1, 990)
    assert count() == 10


def test_a_policy_has_cooldowns_of_its_own(track: Track, call_for: Calls, count: Count) -> None:
    """A shorter cooldown lets the next activity come as soon as its three minutes are full."""
    track(ScaleOutCooldown=0)
    call_for(4, 450)
    call_for(3, 990)
    assert count() == 10


@pytest.fixture
def suspend(track: Track, scale: Scale) -> Scale:
    """Track ``baseline``; suspend or resume some of its scaling."""
    track()
    return lambda **state: scale("RegisterScalableTarget", SuspendedState=state)


@pytest.fixture
def count_after(call_for: Calls, count: Count) -> Callable[[int, float], int]:
    """Let minutes pass, each with that many calls, and return the count then."""

    def call_and_count(minutes: int, per_minute: float) -> int:
        call_for(minutes, per_minute)
        return count()

    return call_and_count


@pytest.mark.parametrize(
    ("suspended", "calls", "counts"),
    [
        ("DynamicScalingOutSuspended", 450, [2, 5]),
        ("DynamicScalingInSuspended", 450, [5, 5]),
        ("DynamicScalingInSuspended", 20, [2, 1]),
        ("DynamicScalingOutSuspended", 20, [1, 1]),
    ],
)
def test_each_direction_can_be_suspended(
    suspend: Scale, count_after: Callable[[int, float], int], suspended: str, calls: float, counts: list[int]
) -> None:
    """A suspended direction does nothing, the other one goes on, and lifting the suspension lets it act."""
    suspend(**{suspended: True})
    first = count_after(17, calls)
    suspend(**{suspended: False})
    assert [first, count_after(1, calls)] == counts


def test_scaling_in_can_be_disabled(track: Track, call_for: Calls, count: Count) -> None:
    """A policy that never scales in still scales out, and does not keep another one from scaling in."""
    track(DisableScaleIn=True)
    call_for(20, 20)
    assert count() == 2
    track("second")
    call_for(20, 20)
    assert count() == 1


def test_a_busy_endpoint_is_left_alone(
    cloud: Cloud, track: Track, call_for: Calls, pass_time: Seconds, scale: Scale
) -> None:
    """While an update runs autoscaling fails, once a minute and on record; afterwards it acts on what it sees then."""
    track()
    call_for(2, 450)
    pass_time(30)
    cloud.metrics.record("AWS/SageMaker", "Invocations", BASELINE, 1, count=450)
    pass_time(20)  # to the end of the third minute
    variants = cloud.call("DescribeEndpointConfig", {"EndpointConfigName": "one"})["ProductionVariants"]
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "two", "ProductionVariants": variants})
    cloud.call("UpdateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "two"})
    pass_time(2)
    pass_time(0)
    assert cloud.endpoints.status("shop") == "Updating"
    (activity,) = scale("DescribeScalingActivities")["ScalingActivities"]
    assert (activity["StatusCode"], activity["EndTime"]) == ("Failed", cloud.clock.now())
    assert "Cannot update in-progress endpoint" in activity["StatusMessage"]
    assert actors(cloud) == [("autoscaling", "ValidationException")]
    call_for(1, 450)
    assert cloud.endpoints.desired_counts("shop")["baseline"] == 5


def test_late_metrics_delay_the_decision(cloud: Cloud, track: Track, call_for: Calls, count: Count) -> None:
    """Autoscaling sees what CloudWatch shows: with metrics three minutes late it acts three minutes later."""
    cloud.plant(MetricDelay(by=timedelta(minutes=3)))
    track()
    call_for(5, 450)
    assert count() == 2
    call_for(1, 450)
    assert count() == 5


def test_lost_metrics_are_no_quiet(cloud: Cloud, track: Track, call_for: Calls, count: Count) -> None:
    """Minutes whose metrics were lost are not taken for minutes without calls."""
    track()
    cloud.plant(MetricGap(variant="baseline", duration=timedelta(minutes=30)))
    call_for(30, 150)
    assert count() == 2


def test_a_pause_is_not_made_up_for(
    cloud: Cloud, track: Track, call_for: Calls, pass_time: Seconds, count: Count
) -> None:
    """After an hour in which nobody looked, the latest minutes decide, once."""
    track()
    call_for(4, 450)
    pass_time(3600)
    pass_time(10)
    assert count() == 1
    assert actors(cloud) == [("autoscaling", "ok")] * 2


def test_other_metrics_never_act(scale: Scale, track: Track, call_for: Calls, count: Count) -> None:
    """A policy on a metric that is not simulated is kept and does nothing."""
    scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=10)
    metric = {"PredefinedMetricType": "SageMakerVariantConcurrentRequestsPerModelHighResolution"}
    track(PredefinedMetricSpecification=metric)
    call_for(20, 450)
    assert count() == 2


def test_a_fault_makes_autoscaling_act_once(
    cloud: Cloud, shop: str, scale: Scale, pass_time: Seconds, activities: Activities
) -> None:
    """The activity waits for an endpoint at rest, needs no registration, and is logged as autoscaling's."""
    wanted = [{"VariantName": "candidate", "DesiredWeight": 0}]
    cloud.call("UpdateEndpointWeightsAndCapacities", {"EndpointName": shop, "DesiredWeightsAndCapacities": wanted})
    cloud.plant(ScalingActivity(endpoint=shop, variant="baseline", instances=4))
    cloud.tick()
    assert activities() == []
    pass_time(2)
    assert (cloud.endpoints.status(shop), activities()[0][0]) == ("Updating", "InProgress")
    pass_time(60)
    assert activities() == [("Successful", "Setting desired instance count to 4.")]
    assert actors(cloud) == [("caller", "ok"), ("autoscaling", "ok")]
    assert cloud.faults.planted() == []
    assert scale("DescribeScalableTargets")["ScalableTargets"] == []
