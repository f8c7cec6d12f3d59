"""What the server makes of what it was brought to: runs of every active schedule, and slots that nothing dead occupies."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

from policies.values import format_duration
from tasks.dead_runs import DeadRun, mark_dead_runs, read_server_time

LEASES_IN_MEMORY: Final = "prefect.server.concurrency.lease_storage.memory"
LEASES_ON_DISK: Final = "prefect.server.concurrency.lease_storage.filesystem"
LEASE_STORAGE: Final = "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"
_LOOK_EVERY_S: Final = 1.0
_PAGE: Final = 200


@dataclass(frozen=True)
class Unscheduled:
    """An active schedule of which the server has created no run.

    Attributes:
        deployment: the deployment's full name.
        schedule: the schedule's slug, otherwise its times.
    """

    deployment: str
    schedule: str


@dataclass(frozen=True)
class Checked:
    """What was found on the server after everything was brought up.

    Attributes:
        unscheduled: the active schedules without a run to come.
        dead: the runs whose process is gone; they are brought to their end by now.
        version: the server's version of Prefect; empty where it does not say.
        leases: where the server keeps concurrency leases; empty where it does not say.
        waited: how long the server was given to create runs.
    """

    unscheduled: Sequence[Unscheduled] = field(default_factory=tuple[Unscheduled, ...])
    dead: Sequence[DeadRun] = field(default_factory=tuple[DeadRun, ...])
    version: str = ""
    leases: str = ""
    waited: timedelta = timedelta(0)

    def warnings(self) -> Iterator[str]:
        """Yield what a person should know, with what to do about it."""
        for each in self.dead:
            yield f"{each}: its process is gone; marked {each.end.value.capitalize()}, which frees what it occupied"
        if self.leases == LEASES_IN_MEMORY:
            yield (
                "the server keeps concurrency leases in memory, and a restart forgets them: a worker that dies then can block a "
                f"deployment with a limit. Set {LEASE_STORAGE}={LEASES_ON_DISK} in the server's environment, "
                "or prefect_redis.lease_storage for several servers"
            )

    def problems(self) -> Iterator[str]:
        """Yield what is wrong, each with its place."""
        for each in self.unscheduled:
            yield f"deployment {each.deployment}: no run of its schedule {each.schedule} is to come"

    @property
    def remedy(self) -> str:
        """What to do about the problems."""
        server = f"it is Prefect {self.version}" if self.version else "it does not give its version"
        return (
            f"The server was given {format_duration(self.waited)}; its scheduler looks at new schedules every 5 seconds, "
            f"at all of them every minute. On the server ({server}): Prefect 3.9.1 or newer and whenever 0.11 or newer have "
            "to be installed, its services must run (not --no-services alone), and its log says what failed in the scheduler. "
            "Then run rollway setup again."
        )


def check_server(client: SyncPrefectClient, deployments: Sequence[UUID], wait: timedelta) -> Checked:
    """Look whether schedules create runs, for as long as that may take, and mark runs Crashed that occupy slots and are dead.

    Args:
        client: speaks to Prefect's server.
        deployments: the deployments to look at.
        wait: how long the server may take to create runs.
    """
    dead = mark_dead_runs(client, read_server_time(client))
    give_up = time.monotonic() + wait.total_seconds()
    while (missing := list(_find_unscheduled(client, deployments))) and time.monotonic() < give_up:
        time.sleep(_LOOK_EVERY_S)
    version, leases = _ask_server(client)
    return Checked(missing, dead, version, leases, wait)


def _find_unscheduled(client: SyncPrefectClient, deployments: Sequence[UUID]) -> Iterator[Unscheduled]:
    """Yield the active schedules of which no run is to come. A paused deployment has none, and needs none."""
    for each in deployments:
        deployment = client.read_deployment(each)
        active = [schedule for schedule in deployment.schedules if schedule.active]
        if not active or deployment.paused:
            continue
        scheduled = _schedules_with_runs(client, each, len(active))
        for schedule in active:
            if schedule.id not in scheduled:
                name = schedule.slug or schedule.schedule.__class__.__name__
                full_name = f"{client.read_flow(deployment.flow_id).name}/{deployment.name}"
                yield Unscheduled(full_name, name)


def _schedules_with_runs(client: SyncPrefectClient, deployment: UUID, wanted: int) -> set[UUID]:
    """Return the schedules of which runs are to come; those that are late prove only that there was a scheduler once."""
    to_come = FlowRunFilter.model_validate(
        {
            "deployment_id": {"any_": [deployment]},
            "state": {"type": {"any_": [StateType.SCHEDULED]}},
            "expected_start_time": {"after_": datetime.now(UTC)},
        }
    )
    found: set[UUID] = set()
    offset = 0
    while len(found) < wanted:
        page = client.read_flow_runs(flow_run_filter=to_come, limit=_PAGE, offset=offset)
        found |= {run.created_by.id for run in page if run.created_by and run.created_by.id}
        offset += len(page)
        if len(page) < _PAGE:
            break
    return found


def _ask_server(client: SyncPrefectClient) -> tuple[str, str]:
    """Return the server's version and where it keeps leases; a server that tells neither, such as Prefect Cloud, is none the worse."""
    try:
        version = client.request("GET", "/admin/version").json()
        settings = client.request("GET", "/admin/settings").json()
    except (ObjectNotFound, PrefectHTTPStatusError, ValueError):
        return "", ""
    return str(version), str(_inside(settings, "server", "concurrency", "lease_storage") or "")


def _inside(document: object, *path: str) -> object:
    for part in path:
        document = cast("dict[str, Any]", document).get(part) if isinstance(document, dict) else None
    return document
