"""The fleet flow: one model on many endpoints, in waves with a budget of failures."""

import asyncio
import os

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from policies.errors import RolloutError
from policies.fleet.deciding import FleetDecision
from policies.fleet.loading import load_fleet
from policies.fleet.spec import FleetSpec
from rollway.aws.session import connect
from rollway.fleet.driving import Fleet, open_fleet
from rollway.fleet.places import Places
from rollway.fleet.record import Kept
from rollway.loop.clock import AwsClock
from rollway.loop.hands import PlainHands
from rollway.loop.starting import open_journal
from rollway.notices.loading import find_notifications
from rollway.notices.messenger import telling_in_flow
from rollway.reports.fleet import write_markdown
from tasks.artifacts import publish_report
from tasks.dead_runs import dead_runs_freed
from tasks.files import find_file
from tasks.request import FleetRequest
from tasks.run_address import find_run_address


@flow(name="fleet", flow_run_name="{fleet.file}", persist_result=False)
async def fleet(fleet: FleetRequest) -> State[FleetDecision | RolloutError]:
    """Roll one model out over many endpoints, accounts and Regions, in waves, or go on where an earlier run of the same file stood.

    The run ends *Promoted*, *Partly promoted* or *Halted*; those are results. A run that is cancelled hands its rollouts over as they are.
    It works by plain calls, without tasks: a hundred rollouts at a time would be too many for a small Prefect.
    """
    try:
        spec = await asyncio.to_thread(load_fleet, find_file(fleet.file), fleet.model)
        notifications = await asyncio.to_thread(find_notifications)
        driven = await asyncio.to_thread(_open, spec, fleet)
        async with dead_runs_freed(), telling_in_flow(notifications, driven.clock.now, find_run_address()):
            decision = await driven.drive()
    except RolloutError as error:
        return Failed(name="Not started", message=f"{error}\n{error.hint}".strip(), data=error)
    return await conclude(driven, decision)


async def conclude(driven: Fleet, decision: FleetDecision | None) -> State[FleetDecision | RolloutError]:
    """Publish where every endpoint stands, and return the state in which the run ends."""
    reason = decision.reason if decision else "left as it is; run the same file again to go on"
    page = write_markdown(driven.spec, driven.kept.record, reason)
    try:
        await publish_report(page, driven.spec.name)
    except Exception as error:  # noqa: BLE001 - Prefect's server may be away; the fleet is over all the same
        get_run_logger().warning("the report could not be published: %r", error)
    if decision is None or decision.outcome is None:
        return Failed(name="Left", message=reason)
    return Completed(name=decision.outcome.replace("_", " ").capitalize(), message=reason, data=decision)


def _open(spec: FleetSpec, request: FleetRequest) -> Fleet:
    location = request.journal or os.environ.get("ROLLWAY_JOURNAL")
    if not location:
        hint = "Set ROLLWAY_JOURNAL=s3://bucket/prefix, or fill in the field Journal."
        raise RolloutError("no journal is given", hint=hint)
    home = connect(request.region or None)
    clock = AwsClock(home)
    places = Places(home, open_journal(home, location, clock.now))
    return open_fleet(spec, places, lambda target: PlainHands(places.aws_of(target)), clock, _tell)


def _tell(spec: FleetSpec, kept: Kept, decision: FleetDecision) -> None:
    del kept
    if decision.start or decision.outcome:
        begun = ", ".join(target.key for target in decision.start)
        get_run_logger().info("%s: %s%s", spec.fleet_id, decision.reason, f"; beginning {begun}" if begun else "")
