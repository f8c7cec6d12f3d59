"""Playing the canary flow under a real Prefect server, and reading back what Prefect has kept of it."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import Flow, get_client
from prefect.client.schemas.objects import FlowRun, State

from flows.canary import canary
from policies.decision import Decision
from policies.lifecycle import Phase
from policies.plan import Plan
from rollway.loop.watching import Watcher, watched_by
from tests.flows.account import ENDPOINT

POLICY = """
strategy: canary
stages:
  - {share: 30, bake: 2s}
  - {share: 90, bake: 2s}
gates:
  errors: {metric: model_errors, no_worse_than: {ratio: 1.5, or_absolute: 10%}}
  sample: {requests_at_least: 50}
  split: {share_within: 50%}
metrics: {period: 1s, settle: 1s, reread: 5s, look_every: 0.5s}
timeouts: {update: 20s, rollback: 30s, settle: 5s}
extend_at_most: 20s
deadline: 60s
"""
RECORDING_LIMIT_S = 20


@dataclass(frozen=True)
class Played:
    """A flow run that has ended, as Prefect's server knows it."""

    state: State[Any]

    @property
    def result(self) -> object:
        """What the flow gave back: an ending, or the error that kept it from starting."""
        return asyncio.run(self.state.aresult(raise_on_failure=False))

    def record(self) -> FlowRun:
        """The run as the server has it."""
        with get_client(sync_client=True) as client:
            return client.read_flow_run(self._run_id)

    def artifact(self, kind: str) -> Any:
        """The data of the run's artifact of a kind, ``markdown`` or ``progress``."""
        (found,) = [each for each in self._list("artifacts") if each["type"] == kind]
        return found["data"]

    def task_names(self, awaited: Collection[str]) -> set[str]:
        """The names of the run's tasks. Prefect records them from events, a little later, so these are waited for."""
        give_up = time.monotonic() + RECORDING_LIMIT_S
        while not set(awaited) <= (names := self._task_names()) and time.monotonic() < give_up:
            time.sleep(0.2)
        return names

    def _task_names(self) -> set[str]:
        return {each["name"] for each in self._list("task_runs")}

    def _list(self, kind: str) -> list[dict[str, Any]]:
        of_this_run = {"flow_runs": {"id": {"any_": [str(self._run_id)]}}}
        with get_client(sync_client=True) as client:
            return client.request("POST", f"/{kind}/filter", json=of_this_run).json()

    @property
    def _run_id(self) -> Any:
        return self.state.state_details.flow_run_id


def play(request: dict[str, Any], watcher: Watcher | None = None, flow: Flow[..., Any] = canary) -> Played:
    """Run a flow to its end with the parameter that Prefect's form would send, watched by the test."""
    with watched_by(watcher or _look_away):
        return Played(asyncio.run(flow(request, return_state=True)))


def play_and_cancel(request: dict[str, Any]) -> Played:
    """Run the flow and cancel its asyncio task as soon as it bakes."""

    async def start_and_cancel() -> State[Any]:
        with watched_by(once_at(Phase.BAKING, lambda: run.cancel())):  # noqa: PLW0108 - there is no run yet
            run = asyncio.ensure_future(canary(request, return_state=True))
            return await run

    return Played(asyncio.run(start_and_cancel()))


def ask_for(model: str, policy: Path | str, **fields: object) -> dict[str, Any]:
    """Fill in the form."""
    return {"endpoint": ENDPOINT, "model": model, "policy": str(policy)} | fields


def once_at(phase: Phase, act: Callable[[], object]) -> Watcher:
    """Act when a phase is first seen."""
    seen: list[Phase] = []

    def watch(plan: Plan, decision: Decision, now: datetime) -> None:
        del plan, now
        if decision.state.phase is phase and phase not in seen:
            seen.append(phase)
            act()

    return watch


def _look_away(plan: Plan, decision: Decision, now: datetime) -> None:
    del plan, decision, now
