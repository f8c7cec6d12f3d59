"""The work pool in which the runs are carried out."""

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from rollway.cli.setting_up.changes import Change, compared
from tasks.heartbeats import PROCESS_POOL


def bring_pool(client: SyncPrefectClient, name: str, at_most: int | None, *, write: bool) -> Change:
    """Create the work pool if there is none. One that is there keeps its settings, but for the limit where one is given.

    Args:
        client: speaks to Prefect's server.
        name: the pool's name.
        at_most: how many runs at a time; None for as it is.
        write: no, to say only what would be done.
    """
    try:
        pool = client.read_work_pool(name)
    except ObjectNotFound:
        if write:
            client.create_work_pool(_new_pool(name, at_most))
        return Change("work pool", name, "created")
    note = "" if pool.type == PROCESS_POOL else f"it is of type {pool.type}, not {PROCESS_POOL}, and stays so"
    differed = () if at_most is None or pool.concurrency_limit == at_most else ("concurrency limit",)
    if differed and write:
        client.update_work_pool(name, WorkPoolUpdate(concurrency_limit=at_most))
    return compared("work pool", name, differed, note)


def find_pool_type(client: SyncPrefectClient, name: str) -> str:
    """Return the type of a work pool; of one that is yet to be created, the type that it will have."""
    try:
        return client.read_work_pool(name).type
    except ObjectNotFound:
        return PROCESS_POOL


def _new_pool(name: str, at_most: int | None) -> WorkPoolCreate:
    template = ProcessWorker.get_default_base_job_template()
    return WorkPoolCreate(name=name, type=PROCESS_POOL, base_job_template=template, concurrency_limit=at_most)
