"""Everything that a Prefect server shall hold, in the order in which one thing needs the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policies.errors import Problem
from rollway.cli.setting_up.automations import bring_automation, want_automations
from rollway.cli.setting_up.changes import Change
from rollway.cli.setting_up.deployments import Wanted, bring_deployment, find_flows
from rollway.cli.setting_up.deployments_file import TAG, DeploymentsFile, read_deployments, refuse
from rollway.cli.setting_up.pools import bring_pool
from rollway.cli.setting_up.server import reach_server

_RECONCILE: Final = "reconcile/reconcile"


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    Attributes:
        file: the file that holds the deployments.
        pool: the work pool of all deployments; None for the one that the file names for each.
        at_most: how many runs a pool carries out at a time; None for as it is.
        heartbeat_s: seconds between two signs of life of every run; None for as the file says.
    """

    file: Path
    pool: str | None = None
    at_most: int | None = None
    heartbeat_s: int | None = None


def bring_up(request: Request, *, write: bool) -> Iterator[Change]:
    """Yield what is done to each thing, as it is done; without ``write``, what would be done.

    Raises:
        UsageProblem: the file is wrong, then nothing was touched; or the server cannot be reached.
    """
    wanted = _find_wanted(request)
    heartbeat_s = max((each.deployment.heartbeat_s for each in wanted if TAG in each.deployment.tags), default=0)
    with reach_server() as client:
        for pool in dict.fromkeys(each.deployment.work_pool.name for each in wanted):
            yield bring_pool(client, pool, request.at_most, write=write)
        reconcile = None
        for each in wanted:
            change, saved = bring_deployment(client, each, write=write)
            reconcile = saved if each.full_name == _RECONCILE else reconcile
            yield change
        for automation in want_automations(heartbeat_s, reconcile):
            yield bring_automation(client, automation, write=write)


def _find_wanted(request: Request) -> list[Wanted]:
    file = _adapt(read_deployments(request.file), request)
    wanted = find_flows(file, request.file)
    tagged = {each.full_name for each in wanted if TAG in each.deployment.tags}
    if _RECONCILE not in tagged:
        what = f"{_RECONCILE} with the tag {TAG} is missing: nobody would take up what lost its process"
        raise refuse(request.file, [Problem("deployments", what, "put it back")])
    return wanted


def _adapt(file: DeploymentsFile, request: Request) -> DeploymentsFile:
    """Let the command line have its say."""
    deployments = file.deployments
    if request.pool is not None:
        deployments = [each.in_pool(request.pool) for each in deployments]
    if request.heartbeat_s is not None:
        deployments = [each.beating_every(request.heartbeat_s) for each in deployments]
    return file.model_copy(update={"deployments": deployments})
