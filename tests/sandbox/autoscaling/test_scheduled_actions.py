"""Scheduled actions change the bounds when they are due, and with them the count."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal

Scale = Callable[..., dict[str, Any]]
Seconds = Callable[[float], None]
Count = Callable[..., int]


@pytest.fixture
def put(scale: Scale) -> Scale:
    """Register ``baseline`` between 1 and 4, and put an action ``nightly`` that raises the minimum to 3 in half an hour."""
    scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=4)
    usual = {
        "ScheduledActionName": "nightly",
        "Schedule": "at(2026-06-01T12:30:00)",
        "ScalableTargetAction": {"MinCapacity": 3},
    }
    return lambda **members: scale("PutScheduledAction", **usual | members)


@pytest.fixture
def bounds(cloud: Cloud) -> Callable[[], tuple[int, int]]:
    """Return the target's bounds."""

    def read() -> tuple[int, int]:
        (target,) = cloud.autoscaling.answer("DescribeScalableTargets", {"ServiceNamespace": "sagemaker"})[
            "ScalableTargets"
        ]
        return target["MinCapacity"], target["MaxCapacity"]

    return read


def test_an_action_sets_bounds_and_count(
    put: Scale, bounds: Callable[[], object], pass_time: Seconds, count: Count, scale: Scale
) -> None:
    """At its time the bound that it names changes, the other stays, and the count follows; nothing happens before."""
    put()
    pass_time(1789)
    assert (bounds(), count()) == ((1, 4), 2)
    pass_time(1)
    assert (bounds(), count()) == ((3, 4), 3)
    (activity,) = scale("DescribeScalingActivities")["ScalingActivities"]
    assert activity["Cause"] == "minimum capacity was set to 3"


def test_a_one_time_action_happens_once(
    put: Scale, scale: Scale, bounds: Callable[[], object], pass_time: Seconds
) -> None:
    """Bounds that somebody sets afterwards stay."""
    put()
    pass_time(1800)
    scale("RegisterScalableTarget", MinCapacity=1)
    pass_time(86400)
    assert bounds() == (1, 4)


def test_a_rate_happens_again(put: Scale, scale: Scale, bounds: Callable[[], object], pass_time: Seconds) -> None:
    """A recurring action sets its bounds every time, and after a long pause it is at its steps again."""
    put(Schedule="rate(10 minutes)")
    for pause in (600, 6010, 590):
        pass_time(pause)
        assert bounds() == (3, 4)
        scale("RegisterScalableTarget", MinCapacity=1)
        pass_time(0)
        assert bounds() == (1, 4)


def test_a_rate_ends(cloud: Cloud, put: Scale, scale: Scale, bounds: Callable[[], object], pass_time: Seconds) -> None:
    """After its end a recurring action does nothing any more."""
    put(Schedule="rate(10 minutes)", EndTime=cloud.clock.now() + timedelta(minutes=15))
    pass_time(600)
    scale("RegisterScalableTarget", MinCapacity=1)
    pass_time(6000)
    assert bounds() == (1, 4)


def test_scheduled_scaling_can_be_suspended(
    put: Scale, scale: Scale, bounds: Callable[[], object], pass_time: Seconds, count: Count
) -> None:
    """A suspended action changes neither bounds nor count, and is not made up for later."""
    put()
    scale("RegisterScalableTarget", SuspendedState={"ScheduledScalingSuspended": True})
    pass_time(1800)
    scale("RegisterScalableTarget", SuspendedState={"ScheduledScalingSuspended": False})
    pass_time(60)
    assert (bounds(), count()) == ((1, 4), 2)


def test_bounds_that_would_cross_stay(put: Scale, bounds: Callable[[], object], pass_time: Seconds) -> None:
    """An action whose minimum lies above the target's maximum changes nothing."""
    put(ScalableTargetAction={"MinCapacity": 9})
    pass_time(1800)
    assert bounds() == (1, 4)


def test_an_action_is_described_as_it_was_put(cloud: Cloud, put: Scale, scale: Scale) -> None:
    """Whoever saves an action before deregistration can put the very same one back."""
    start = cloud.clock.now() + timedelta(hours=1)
    given = {
        "Schedule": "rate(1 hour)",
        "Timezone": "Europe/Paris",
        "StartTime": start,
        "EndTime": start + timedelta(days=1),
    }
    put(**given)
    (action,) = scale("DescribeScheduledActions", ScheduledActionNames=["nightly"])["ScheduledActions"]
    assert {member: action[member] for member in given} == given
    assert (action["ScalableTargetAction"], action["CreationTime"]) == ({"MinCapacity": 3}, cloud.clock.now())
    assert action["ScheduledActionARN"].endswith(
        ":resource/sagemaker/endpoint/shop/variant/baseline:scheduledActionName/nightly"
    )
    assert scale("DescribeScheduledActions", ScheduledActionNames=["other"])["ScheduledActions"] == []


def test_putting_again_keeps_all_but_start_and_end(cloud: Cloud, put: Scale, scale: Scale) -> None:
    """An update that names one thing leaves schedule and bounds, and deletes start and end, as AWS documents."""
    put(EndTime=cloud.clock.now() + timedelta(days=1), Schedule="rate(1 hour)")
    scale("PutScheduledAction", ScheduledActionName="nightly", ScalableTargetAction={"MaxCapacity": 8})
    (action,) = scale("DescribeScheduledActions")["ScheduledActions"]
    assert (action["Schedule"], action["ScalableTargetAction"]) == ("rate(1 hour)", {"MaxCapacity": 8})
    assert "EndTime" not in action


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"Schedule": None}, "needs a Schedule"),
        ({"ScalableTargetAction": {}}, "at least one bound"),
        ({"Schedule": "at(2026-06-01T11:00:00)"}, "is never due"),
        ({"Schedule": "cron(0 8 * * ? *)"}, "cron"),
    ],
)
def test_what_cannot_be_scheduled(put: Scale, members: dict[str, Any], why: str) -> None:
    """An action that says too little, or whose time will not come, is refused."""
    with pytest.raises(Refusal, match=why):
        put(**members)


def test_an_action_needs_a_target_and_is_deleted_once(put: Scale, scale: Scale) -> None:
    """What is not there is not found: neither the target of a new action, nor an action deleted before."""
    put()
    scale("DeleteScheduledAction", ScheduledActionName="nightly")
    for ask in (
        lambda: scale("DeleteScheduledAction", ScheduledActionName="nightly"),
        lambda: scale("PutScheduledAction", "candidate", ScheduledActionName="nightly", Schedule="rate(1 hour)"),
    ):
        with pytest.raises(Refusal) as caught:
            ask()
        assert caught.value.code == "ObjectNotFoundException"
