"""Everything that a Prefect server shall hold, in the order in which one thing needs the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient

from policies.errors import Problem
from rollway.cli.setting_up.automations import RECONCILE, bring_automation, want_automations
from rollway.cli.setting_up.changes import Change
from rollway.cli.setting_up.checks import Checked, check_server
from rollway.cli.setting_up.deployments import Wanted, bring_deployment, find_flows
from rollway.cli.setting_up.deployments_file import TAG, DeploymentsFile, read_deployments, refuse
from rollway.cli.setting_up.places import Place, find_place
from rollway.cli.setting_up.pools import bring_pool, find_pool_type
from rollway.cli.setting_up.server import reach_server
from tasks.heartbeats import longest_silence, longest_start


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    Attributes:
        file: the file that holds the deployments; None for the one of this folder, or of Rollway.
        pool: the work pool of all deployments; None for the one that the file names for each.
        at_most: how many runs a pool carries out at a time; None for as it is.
        heartbeat_s: seconds between two signs of life of every run; None for as the file says.
    """

    file: Path | None = None
    pool: str | None = None
    at_most: int | None = None
    heartbeat_s: int | None = None


@dataclass(frozen=True)
class BroughtUp:
    """What came of bringing a server up.

    Attributes:
        file: the file that was gone by.
        changes: what was done to each thing, or would be.
        checked: what the server makes of it; None where nothing was to be changed.
    """

    file: Path
    changes: Sequence[Change]
    checked: Checked | None


def bring_up(request: Request, wait: timedelta | None) -> BroughtUp:
    """Bring the server to what the file says, and check that it creates runs of the schedules.

    Args:
        request: what the command line asks for.
        wait: how long the server may take to create runs; None to change nothing and say only what would be done.

    Raises:
        UsageProblem: the file is wrong, then nothing was touched; or the server cannot be reached.
    """
    place, write = find_place(request.file), wait is not None
    wanted = _find_wanted(request, place)
    saved: dict[str, UUID | None] = {}
    with reach_server() as client:
        changes = list(_bring_all(client, wanted, request, saved, write=write))
        checked = None if wait is None else check_server(client, list(filter(None, saved.values())), wait)
        return BroughtUp(place.file, changes, checked)


def _bring_all(
    client: SyncPrefectClient, wanted: Sequence[Wanted], request: Request, saved: dict[str, UUID | None], *, write: bool
) -> Iterator[Change]:
    """Yield what is done to each thing, and note the ids of the deployments by their full names."""
    watched = [each.deployment for each in wanted if TAG in each.deployment.tags]
    beat_s = max((each.heartbeat_s for each in watched), default=0)
    pools = dict.fromkeys(each.deployment.work_pool.name for each in wanted)
    for pool in pools:
        yield bring_pool(client, pool, request.at_most, write=write)
    for each in wanted:
        change, saved[each.full_name] = bring_deployment(client, each, write=write)
        yield change
    start = max(longest_start(beat_s, find_pool_type(client, pool)) for pool in pools)
    for automation in want_automations(longest_silence(beat_s), start, saved):
        yield bring_automation(client, automation, write=write)


def _find_wanted(request: Request, place: Place) -> list[Wanted]:
    file = _adapt(read_deployments(place.file), request)
    wanted = find_flows(file, place)
    tagged = {each.full_name for each in wanted if TAG in each.deployment.tags}
    if RECONCILE not in tagged:
        what = f"{RECONCILE} with the tag {TAG} is missing: nobody would take up what lost its process"
        raise refuse(place.file, [Problem("deployments", what, "put it back")])
    return wanted


def _adapt(file: DeploymentsFile, request: Request) -> DeploymentsFile:
    """Let the command line have its say."""
    deployments = file.deployments
    if request.pool is not None:
        deployments = [each.in_pool(request.pool) for each in deployments]
    if request.heartbeat_s is not None:
        deployments = [each.beating_every(request.heartbeat_s) for each in deployments]
    return file.model_copy(update={"deployments": deployments})
