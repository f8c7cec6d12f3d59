"""The free-slots flow: marks runs Crashed whose process is gone. Started by an automation when runs of ``reconcile`` are cancelled."""

import asyncio

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks.dead_runs import mark_dead_runs, read_server_time


@flow(name="free-slots", persist_result=False)
async def free_slots() -> State[list[str]]:
    """Look for runs that have been silent for too long to be alive, and free the slots that they occupy.

    It has no limit of its own, so no dead run can keep it from beginning.
    """
    found = await asyncio.to_thread(_free)
    return Completed(
        name="Freed" if found else "Nothing to do", message="; ".join(found) or "no run is dead", data=found
    )


def _free() -> list[str]:
    with get_client(sync_client=True) as client:
        return list(map(str, mark_dead_runs(client, read_server_time(client))))
