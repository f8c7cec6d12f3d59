"""Schedules fire by the account's clock: when they should, late and twice when they are made to, and never when not."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.fault_menu import ScheduleFires, SystemUpdating
from rollway.sandbox.settings import SandboxSettings
from tests.sandbox.scheduler.conftest import UNIVERSAL, Ask, Seconds, at, definition, target

MINUTE = timedelta(minutes=1)
Read = Callable[[], list[float]]


def after(clock: VirtualClock, seconds: float) -> datetime:
    return clock.now() + timedelta(seconds=seconds)


def test_dead_mans_switch(ask: Ask, weights: Read, firings: Read, clock: VirtualClock, pass_time: Seconds) -> None:
    """The traffic is brought back when nobody puts the switch off any more, and not before."""
    for operation in ("CreateSchedule", "UpdateSchedule"):
        ask(operation, **definition(ScheduleExpression="rate(1 minute)", StartDate=after(clock, 120)))
        pass_time(119)
        assert (weights(), firings()) == ([90, 10], [])
    pass_time(1)
    assert len(firings()) == 1
    pass_time(5)
    assert weights() == [100, 0]


def test_rate_counts_from_the_start_to_the_end(
    create: Ask, firings: Read, clock: VirtualClock, pass_time: Seconds
) -> None:
    """The first call is made at the start date, then one per period, the last not later than the end date."""
    create(StartDate=after(clock, 30), EndDate=after(clock, 30 + 2 * 300))
    for _ in range(120):
        pass_time(10)
    assert firings() == [30, 330, 630]


def test_rate_without_a_start_begins_at_once(create: Ask, ask: Ask, firings: Read, pass_time: Seconds) -> None:
    """Without a start date the first call is made at creation; an update begins anew."""
    create()
    pass_time(0)
    pass_time(200)
    ask("UpdateSchedule", **definition())
    for seconds in (0, 100, 200):
        pass_time(seconds)
    assert firings() == [0, 200, 500]


def test_at_fires_once(create: Ask, ask: Ask, firings: Read, clock: VirtualClock, pass_time: Seconds) -> None:
    """A one-time schedule fires at its time, whatever its dates say, and stays; one whose time is past never fires."""
    create(ScheduleExpression=at(after(clock, 60)), EndDate=after(clock, 10))
    create("missed", ScheduleExpression=at(after(clock, -1)))
    for _ in range(5):
        pass_time(30)
    assert firings() == [60]
    assert ask("GetSchedule", Name="switch")["State"] == "ENABLED"


def test_at_is_read_in_its_time_zone(create: Ask, firings: Read, clock: VirtualClock, pass_time: Seconds) -> None:
    """One o'clock in New York is four hours after the same time in UTC, in summer."""
    moment = after(clock, 60 - 4 * 3600)
    create(ScheduleExpression=at(moment), ScheduleExpressionTimezone="America/New_York")
    pass_time(60)
    assert firings() == [60]


def test_disabled_never_fires(create: Ask, ask: Ask, firings: Read, pass_time: Seconds) -> None:
    """A disabled schedule does nothing until an update enables it; what it missed is not made up for."""
    create(State="DISABLED", ScheduleExpression="rate(1 minute)")
    pass_time(150)
    ask("UpdateSchedule", **definition(ScheduleExpression="rate(1 minute)", State="ENABLED"))
    pass_time(0)
    assert firings() == [150]


def test_schedule_leaves_after_its_last_call(
    create: Ask, ask: Ask, firings: Read, clock: VirtualClock, pass_time: Seconds
) -> None:
    """ActionAfterCompletion DELETE removes a schedule when it has made its last call, and not before."""
    leaving = {"ActionAfterCompletion": "DELETE"}
    create("once", ScheduleExpression=at(after(clock, 60)), **leaving)
    create("ending", StartDate=after(clock, 60), EndDate=after(clock, 400), **leaving)
    create("off", State="DISABLED", **leaving)
    create("endless", StartDate=after(clock, 60), **leaving)

    def left() -> list[str]:
        return [schedule["Name"] for schedule in ask("ListSchedules")["Schedules"]]

    pass_time(60)
    assert left() == ["ending", "endless", "off"]
    pass_time(300)
    assert left() == ["endless", "off"]
    assert len(firings()) == 5


def test_deleted_schedule_is_silent(create: Ask, ask: Ask, firings: Read, pass_time: Seconds) -> None:
    """A switch that was disarmed in time never acts."""
    create(ScheduleExpression="rate(1 minute)")
    ask("DeleteSchedule", Name="switch")
    pass_time(600)
    assert firings() == []


def test_lateness_is_part_of_the_setting(clock: VirtualClock) -> None:
    """Each call is late by a part of the setting, by another one each time, and the same seed repeats it."""

    def calls(seed: int) -> list[float]:
        start = VirtualClock(clock.now())
        cloud = Cloud(start, SandboxSettings(seed=seed, schedule_lateness=MINUTE))
        cloud.scheduler.answer("CreateSchedule", definition(StartDate=start.now()))
        for _ in range(20 * 60):
            start.advance(timedelta(seconds=1))
            cloud.tick()
        began = clock.now()
        return [(entry.at - began).total_seconds() % 300 for entry in cloud.request_log.entries()]

    lateness = calls(seed=7)
    assert len(lateness) == 4
    assert len(set(lateness)) > 1
    assert all(0 <= late <= 60 for late in lateness)
    assert calls(seed=7) == lateness != calls(seed=8)


def test_flexible_window_spreads_calls(create: Ask, shop: str, firings: Read, pass_time: Seconds) -> None:
    """A schedule with a window of its own fires somewhere in it."""
    del shop
    create(FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 4})
    for _ in range(239):
        pass_time(1)
    (fired,) = firings()
    assert 1 < fired < 240


def test_fault_makes_calls_late(cloud: Cloud, create: Ask, firings: Read, pass_time: Seconds) -> None:
    """The next calls are late by what the fault says, as many as it says."""
    cloud.plant(ScheduleFires(times=1, late=2 * MINUTE))
    create()
    for _ in range(42):
        pass_time(10)
    assert firings() == [120, 300]


def test_fault_makes_calls_twice(cloud: Cloud, create: Ask, firings: Read, pass_time: Seconds) -> None:
    """At least once can be twice: the copy comes within a minute, with the same input."""
    cloud.plant(ScheduleFires(times=2, twice=True))
    create()
    pass_time(0)
    for _ in range(700):
        pass_time(1)
    first, copy, second, other_copy, last = firings()
    assert (second - first, last - second) == (300, 300)
    assert 0 < copy - first <= 60
    assert 0 < other_copy - second <= 60
    calls = cloud.request_log.entries("UpdateEndpointWeightsAndCapacities")
    assert len({call.parameters for call in calls}) == 1


def test_late_call_cannot_be_called_back(
    cloud: Cloud, create: Ask, ask: Ask, firings: Read, pass_time: Seconds
) -> None:
    """A call that is under way comes although its schedule was deleted meanwhile: a switch may act after it was disarmed."""
    cloud.plant(ScheduleFires(late=MINUTE))
    create()
    pass_time(0)
    ask("DeleteSchedule", Name="switch")
    pass_time(60)
    assert firings() == [60]


def test_refused_call_is_not_repeated(
    cloud: Cloud, create: Ask, weights: Read, firings: Read, pass_time: Seconds
) -> None:
    """A call that SageMaker turns down is over; the next one of the rate comes at its own time and succeeds."""
    cloud.plant(SystemUpdating(duration=timedelta(seconds=90)))
    create()
    for _ in range(31):
        pass_time(10)
    outcomes = [entry.outcome for entry in cloud.request_log.entries() if entry.actor == "scheduler"]
    assert (outcomes, firings()) == (["ValidationException", "ok"], [10, 300])
    assert weights() == [100, 0]


@pytest.mark.usefixtures("shop")
def test_the_log_says_who_called(cloud: Cloud, create: Ask, pass_time: Seconds) -> None:
    """A call by the Scheduler is in the request log like any other, with its own actor."""
    create()
    pass_time(0)
    (entry,) = (entry for entry in cloud.request_log.entries() if entry.actor == "scheduler")
    assert (entry.service, entry.operation) == ("sagemaker", "UpdateEndpointWeightsAndCapacities")
    assert json.loads(entry.parameters) == json.loads(target()["Input"])


def test_any_change_of_sagemaker_can_be_called(cloud: Cloud, create: Ask, shop: str, pass_time: Seconds) -> None:
    """A universal target can name every simulated operation that changes something."""
    payload = json.dumps({"EndpointName": shop})
    create(Target=target(Arn=f"{UNIVERSAL}:deleteEndpoint", Input=payload))
    pass_time(0)
    pass_time(10)
    with pytest.raises(Refusal, match="Could not find"):
        cloud.call("DescribeEndpoint", {"EndpointName": shop})


def test_missed_calls_are_made_up_for(create: Ask, firings: Read, pass_time: Seconds) -> None:
    """After a pause every missed call is made that is not too old yet, the oldest first."""
    policy = {"MaximumEventAgeInSeconds": 120, "MaximumRetryAttempts": 0}
    create(ScheduleExpression="rate(1 minute)", Target=target(RetryPolicy=policy))
    pass_time(600)
    assert firings() == [600] * 3
