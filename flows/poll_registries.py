"""The poll-registries flow: starts what should serve by the registries' present word, and does not. Its schedules are off until wanted."""

import asyncio
import os

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from policies.bindings.loading import load_bindings
from policies.errors import RolloutError
from rollway.aws.session import connect
from rollway.loop.clock import AwsClock
from rollway.loop.starting import open_journal
from rollway.registries.catching_up import Followed, Reach
from rollway.registries.polling import Wanted, poll
from rollway.registries.writing_back import tell_what_was_missed
from tasks.dead_runs import dead_runs_freed
from tasks.files import find_file
from tasks.starting_runs import start_flow_run


@flow(name="poll-registries", persist_result=False)
async def poll_registries(
    bindings: str = "", only: list[str] | None = None, *, on_schedule: bool = False, journal: str = "", region: str = ""
) -> State[list[Followed]]:
    """Ask the registries what should serve, and start what is missing. Makes good every event that was lost.

    Args:
        bindings: path of a bindings file below the worker's folder (ROLLWAY_FILES). Left empty: the worker's ROLLWAY_BINDINGS.
        only: names of the bindings to look at. Left empty: all.
        on_schedule: whether to look at the bindings that follow on schedule, instead of those that follow at once.
        journal: where rollouts are recorded, as s3://bucket/prefix. Left empty: the worker's ROLLWAY_JOURNAL.
        region: the AWS Region. Left empty: the worker's own.
    """
    configured, location = os.environ.get("ROLLWAY_BINDINGS", ""), journal or os.environ.get("ROLLWAY_JOURNAL")
    if not (bindings or configured) or not location:
        missing = (
            "no bindings file is given: set ROLLWAY_BINDINGS"
            if not (bindings or configured)
            else "no journal is given: set ROLLWAY_JOURNAL"
        )
        return Failed(name="Not started", message=missing)
    try:
        known = await asyncio.to_thread(load_bindings, find_file(bindings) if bindings else configured)
        aws = await asyncio.to_thread(connect, region or None)
        clock = AwsClock(aws)
        reach = Reach(aws, open_journal(aws, location, clock.now), clock.now)
        wanted = Wanted(tuple(only or ()), on_schedule=on_schedule)
        async with dead_runs_freed():
            found = await asyncio.to_thread(poll, reach, known, wanted, start_flow_run)
        for line in await asyncio.to_thread(tell_what_was_missed, reach, known):
            get_run_logger().info("%s", line)
    except RolloutError as error:
        return Failed(name="Not started", message=f"{error}\n{error.hint}".strip(), data=[])
    return conclude(found)


def conclude(found: list[Followed]) -> State[list[Followed]]:
    """Return the state in which the run ends: failed where something went wrong or could not be found out."""
    for each in found:
        for line in (*each.why, *each.waiting):
            get_run_logger().info("%s", line)
        for line in each.trouble:
            get_run_logger().warning("%s", line)
    trouble = [line for each in found for line in each.trouble]
    if trouble:
        return Failed(message="; ".join(trouble), data=found)
    started = [run for each in found for run in each.started]
    if started:
        return Completed(name="Started", message=f"started {', '.join(started)}", data=found)
    return Completed(
        name="Nothing to do", message="every endpoint serves what its registry says, or is on its way", data=found
    )
