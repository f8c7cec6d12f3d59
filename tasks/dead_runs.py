"""Runs of Rollway's whose process is gone, found by their silence and marked Crashed: that frees the slots that they occupy.

A worker that dies while a run is PENDING, or before its first heartbeat, leaves a run that never ends. It occupies a slot of its
deployment's concurrency limit and a place in its work pool, for good where Prefect's server has been restarted meanwhile. The server looks
for no such run by itself, and events, which the automations depend on, may be lost. So whatever runs of ours begins looks for them.
"""

import contextvars
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from threading import Thread
from typing import Any, Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.events.filters import EventFilter, EventResourceFilter
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger
from prefect.settings import get_current_settings
from prefect.states import Cancelled, Crashed

from policies.values import format_duration
from tasks.heartbeats import PREFECTS_HEARTBEAT_S, PROCESS_POOL, heartbeat_s, longest_silence, longest_start

TAG: Final = "rollway"
"""The tag of deployments whose runs are watched for signs of life."""
_PAGE: Final = 200
_UNFINISHED: Final = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
"""The states in which a run occupies a slot."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeadRun:
    """A run whose process is gone.

    Attributes:
        run_id: its id.
        name: its name.
        deployment: the name of its deployment.
        state: the state in which it was found.
        silent_for: how long nothing was heard of it.
        end: the state that it is brought to: Prefect takes a run that is being cancelled to no other than Cancelled.
    """

    run_id: UUID
    name: str
    deployment: str
    state: str
    silent_for: timedelta
    end: StateType = StateType.CRASHED

    def __str__(self) -> str:
        """Return what was found as a phrase."""
        silence = format_duration(timedelta(seconds=round(self.silent_for.total_seconds())))
        return f"run {self.name} of deployment {self.deployment}: {self.state}, without a sign of life for {silence}"


def mark_dead_runs(client: SyncPrefectClient, now: datetime) -> list[DeadRun]:
    """Mark every run of ours that cannot be alive Crashed, and return them.

    Args:
        client: speaks to Prefect's server.
        now: the server's time.

    Raises:
        HTTPError: the server cannot be reached, or turned something down.
        PrefectException: likewise.
    """
    return [each for each in _Search(client, now).find() if _mark(client, each)]


@asynccontextmanager
async def dead_runs_freed() -> AsyncGenerator[None]:
    """Look for dead runs beside the block. The block never waits for it, and no trouble with it reaches the block.

    A daemon thread does it: Prefect's client repeats for minutes what a server that is away does not answer.
    """
    context, logger = contextvars.copy_context(), get_run_logger()
    Thread(target=context.run, args=(_free_quietly, logger), name="dead runs", daemon=True).start()
    yield


def _free_quietly(logger: "logging.Logger | logging.LoggerAdapter[Any]") -> None:
    if not get_current_settings().api.url:
        return  # there is no server whose slots could be occupied, and asking would start one
    try:
        with get_client(sync_client=True) as client:
            for each in mark_dead_runs(client, read_server_time(client)):
                logger.warning("%s: marked %s, which frees what it occupied", each, each.end.value.capitalize())
    except Exception as error:  # noqa: BLE001 - Prefect's server may be away, and its client raises whatever its HTTP client does
        log.warning("cannot look for dead runs: %r", error)


@dataclass
class _Search:
    """One search for dead runs, with what was read once and serves for many.

    Attributes:
        client: speaks to Prefect's server.
        now: the server's time.
    """

    client: SyncPrefectClient
    now: datetime
    _deployments: dict[UUID, tuple[str, int]] = field(default_factory=dict[UUID, tuple[str, int]])
    _pools: dict[str, str] = field(default_factory=dict[str, str])

    def find(self) -> Iterator[DeadRun]:
        """Yield every run that has been silent for longer than a living one can be."""
        for run in self._unfinished():
            name, beat_s = self._deployment_of(run)
            allowed = self._patience(run, beat_s)
            if run.state is None or self.now - run.state.timestamp < allowed:
                continue
            silent_for = self.now - max(run.state.timestamp, *self._events_of(run))
            if silent_for >= allowed:
                end = StateType.CANCELLED if run.state.is_cancelling() else StateType.CRASHED
                yield DeadRun(run.id, run.name, name, run.state.name or run.state.type.value, silent_for, end)

    def _unfinished(self) -> list[FlowRun]:
        wanted = FlowRunFilter.model_validate({"tags": {"all_": [TAG]}, "state": {"type": {"any_": _UNFINISHED}}})
        found: list[FlowRun] = []
        while True:
            page = self.client.read_flow_runs(flow_run_filter=wanted, limit=_PAGE, offset=len(found))
            found += page
            if len(page) < _PAGE:
                return found

    def _deployment_of(self, run: FlowRun) -> tuple[str, int]:
        """Return the name of a run's deployment, and the seconds between two heartbeats of its runs."""
        if run.deployment_id is None:
            return "(none)", PREFECTS_HEARTBEAT_S
        if run.deployment_id not in self._deployments:
            try:
                deployment = self.client.read_deployment(run.deployment_id)
            except ObjectNotFound:
                return "(deleted)", PREFECTS_HEARTBEAT_S
            self._deployments[run.deployment_id] = deployment.name, heartbeat_s(deployment.job_variables)
        return self._deployments[run.deployment_id]

    def _patience(self, run: FlowRun, beat_s: int) -> timedelta:
        if run.state is None or run.state.type is not StateType.PENDING:
            return longest_silence(beat_s)
        return longest_start(beat_s, self._pool_type(run.work_pool_name) if run.work_pool_name else PROCESS_POOL)

    def _pool_type(self, name: str) -> str:
        if name not in self._pools:
            try:
                self._pools[name] = self.client.read_work_pool(name).type
            except ObjectNotFound:
                return PROCESS_POOL
        return self._pools[name]

    def _events_of(self, run: FlowRun) -> list[datetime]:
        """Return when the server got the newest event of a run, a heartbeat for example; nothing where there is none."""
        resource = EventResourceFilter(id=[f"prefect.flow-run.{run.id}"])
        # The schema of the form: events come newest first.
        page = self.client.read_events(EventFilter(resource=resource), limit=1)
        return [event.received for event in page.events] or [datetime.min.replace(tzinfo=UTC)]


def _mark(client: SyncPrefectClient, dead: DeadRun) -> bool:
    """Mark a run; say whether the server did so: it may have ended meanwhile."""
    message = f"no sign of life for {round(dead.silent_for.total_seconds())} s"
    end = (Cancelled if dead.end is StateType.CANCELLED else Crashed)(message=message)
    return client.set_flow_run_state(dead.run_id, end).status is SetStateStatus.ACCEPT


def read_server_time(client: SyncPrefectClient) -> datetime:
    """Return the server's time, by which it received the events; this machine's where the server does not give its own."""
    given = client.request("GET", "/health").headers.get("Date")
    return parsedate_to_datetime(given) if given else datetime.now(UTC)
