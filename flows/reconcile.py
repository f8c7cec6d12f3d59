"""The reconcile flow: brings to its end every rollout that no process drives any more. On a schedule of one minute."""

import asyncio
import os

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from policies.errors import RolloutError
from policies.lifecycle import Outcome
from policies.serving import describe_serving
from rollway.aws.session import connect
from rollway.loop.clock import AwsClock
from rollway.loop.hands import PlainHands
from rollway.loop.reconciling import Reconciled
from rollway.loop.reconciling import reconcile as reconcile_all
from rollway.loop.starting import open_journal
from rollway.notices.loading import load_later
from rollway.notices.messenger import telling_in_flow
from rollway.registries.writing_back import tell_quietly
from tasks.dead_runs import dead_runs_freed


@flow(name="reconcile", persist_result=False)
async def reconcile(journal: str = "", region: str = "") -> State[list[Reconciled]]:
    """Take up every rollout whose process is gone.

    It drives each until it is over, however long that takes, and takes up what loses its process meanwhile. Cancelled or stopped, it hands
    them over as they are. It works by plain calls, without tasks: Prefect being slow must not slow down a rollback.

    Args:
        journal: where rollouts are recorded, as s3://bucket/prefix. Left empty: the worker's ROLLWAY_JOURNAL.
        region: the AWS Region. Left empty: the worker's own.
    """
    location = journal or os.environ.get("ROLLWAY_JOURNAL")
    if not location:
        return Failed(name="Not started", message="no journal is given: set ROLLWAY_JOURNAL=s3://bucket/prefix")
    try:
        aws = await asyncio.to_thread(connect, region or None)
        clock = AwsClock(aws)
        store = open_journal(aws, location, clock.now)
        async with dead_runs_freed(), telling_in_flow(load_later(), clock.now):
            done = await reconcile_all(store, lambda: PlainHands(aws), clock)
    except RolloutError as error:
        return Failed(message=f"{error}\n{error.hint}".strip(), data=[])
    for each in done.found:
        if each.ending:
            await asyncio.to_thread(tell_quietly, aws, store, each.rollout_id)
    return conclude(done.found)


def conclude(found: list[Reconciled]) -> State[list[Reconciled]]:
    """Return the state in which the run ends: failed where a person has to look."""
    for each in found:
        get_run_logger().info("%s: %s", each.endpoint, tell(each))
    told = "; ".join(f"{each.endpoint}: {tell(each)}" for each in found) or "nothing to do"
    if any(each.ending and each.ending.outcome is Outcome.ROLLBACK_FAILED for each in found):
        return Failed(name="Rollback failed", message=told, data=found)
    if any(each.trouble for each in found):
        return Failed(message=told, data=found)
    return Completed(name="Reconciled" if found else "Nothing to do", message=told, data=found)


def tell(each: Reconciled) -> str:
    """Say in a few words what became of a rollout."""
    if each.trouble:
        return f"could not be driven: {each.trouble}"
    if each.ending:
        return f"{each.ending.outcome} · {describe_serving(each.ending.serving)} — {each.ending.reason}"
    if each.elsewhere:
        return each.elsewhere
    return "under way, handed over" if each.rollout_id else "freed; there was nothing left to do"
