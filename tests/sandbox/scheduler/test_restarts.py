"""Schedules outlive the sandbox, fire without anybody asking, and never block the account."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.fault_menu import ScheduleFires
from rollway.sandbox.process import SandboxProcess
from rollway.sandbox.settings import SandboxSettings
from tests.sandbox.scheduler.conftest import Ask, Seconds, definition

MINUTE = timedelta(minutes=1)
WAIT_AT_MOST_S = 30.0


def test_restart_keeps_what_is_to_come(
    cloud: Cloud, ask: Ask, shop: str, clock: VirtualClock, pass_time: Seconds
) -> None:
    """Groups, schedules, calls under way and tokens come back, each at the moment before it happens."""
    saved: list[str] = []
    cloud.watch(lambda: saved.append(json.dumps(cloud.export())))
    ask("CreateScheduleGroup", Name="rollway")
    cloud.plant(ScheduleFires(late=MINUTE))
    ask("CreateSchedule", **definition(GroupName="rollway", ClientToken="t", EndDate=clock.now() + 9 * MINUTE))
    pass_time(0)
    again = Cloud(clock)
    again.restore(json.loads(saved[-1]))
    for operation in ("GetSchedule", "GetScheduleGroup"):
        request = {"Name": "rollway"} if "Group" in operation else {"Name": "switch", "GroupName": "rollway"}
        assert again.scheduler.answer(operation, request) == cloud.scheduler.answer(operation, request)
    again.scheduler.answer("CreateSchedule", definition(GroupName="rollway", ClientToken="t"))
    for _ in range(60):
        clock.advance(timedelta(seconds=10))
        again.tick()
    assert [entry.at for entry in again.request_log.entries()] == [clock.now() - 9 * MINUTE, clock.now() - 5 * MINUTE]
    assert again.endpoints.is_settled(shop)


def test_nothing_was_scheduled_before_there_was_a_scheduler(cloud: Cloud, clock: VirtualClock) -> None:
    """A state that was saved without schedules is still readable."""
    state = cloud.export()
    del state["scheduler"]
    again = Cloud(clock)
    again.restore(state)
    assert again.scheduler.answer("ListSchedules", {}) == {"Schedules": []}


def test_sandbox_fires_though_nobody_asks() -> None:
    """A running sandbox fires on its own clock: no request has to come in for that."""
    fired = threading.Event()
    with SandboxProcess(SandboxSettings()) as sandbox:
        cloud = sandbox.cloud
        cloud.watch(lambda: fired.set() if cloud.request_log.entries() else None)
        cloud.scheduler.answer("CreateSchedule", definition())
        assert fired.wait(WAIT_AT_MOST_S), (
            "the schedule did not fire"
        )  # the limit only keeps a broken build from hanging
        (entry,) = cloud.request_log.entries()
        assert (entry.actor, entry.outcome) == ("scheduler", "ValidationException")


def test_many_at_once(
    cloud: Cloud, ask: Ask, shop: str, clock: VirtualClock, firings: Callable[[], list[float]]
) -> None:
    """Ticks, changes and saves from several threads never block each other, and no call is made twice."""
    saved: list[str] = []
    cloud.watch(lambda: saved.append(json.dumps(cloud.export())))
    ask("CreateSchedule", **definition(ScheduleExpression="rate(1 minute)"))
    began = clock.now()

    def hammer(number: int) -> None:
        for _ in range(10):
            with suppress(Refusal):  # taken, or deleted meanwhile
                ask("CreateSchedule", **definition(f"other-{number}", State="DISABLED"))
                ask("DeleteSchedule", Name=f"other-{(number + 1) % 8}")
            clock.advance(timedelta(seconds=6))
            cloud.tick()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hammer, range(8), timeout=30))
    cloud.tick()
    assert len(firings()) == 1 + (clock.now() - began) // MINUTE
    assert cloud.endpoints.status(shop) is not None
