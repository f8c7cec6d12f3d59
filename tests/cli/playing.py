"""What the tests of the command line play with: verbs run in this process, on virtual time, against the simulated AWS."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from policies.observation import Signal
from rollway.cli import main
from rollway.cli.world import World
from rollway.journal.journal import Journal
from rollway.journal.leases import Lease, read_standing
from rollway.loop.clock import Clock
from rollway.loop.drive import free
from rollway.loop.rollout import Rollout
from tests.loop.rehearsal import BUCKET, ENDPOINT, Rehearsal
from tests.permissions.documents import CALLER

JOURNAL = f"s3://{BUCKET}/rollway"
QUICK: dict[str, Any] = {
    "strategy": "canary",
    "stages": [{"share": 50, "bake": "2m"}],
    "gates": {
        "errors": {"metric": "model_errors", "no_worse_than": {"ratio": 1.5, "or_absolute": "20%"}},
        "sample": {"requests_at_least": 10},
        "split": {"share_within": "90%"},
    },
    "metrics": {"look_every": "1m"},
}
"""A policy for few simulated requests: what is tested here is the command line, not the judge."""


@dataclass(frozen=True)
class Said:
    """What a verb left behind: exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error in the JSON document."""
        return self.document["error"]


def send_signal(rehearsal: Rehearsal, reason: str = "too slow") -> None:
    """Ask the endpoint's rollout to abort, as another process would."""
    signal = Signal(verb="abort", reason=reason, by="tester")
    open_newest(rehearsal).send_signal(signal, rehearsal.now())


def current_lease(rehearsal: Rehearsal) -> Lease:
    """The lease of the endpoint, which must be there."""
    standing = read_standing(rehearsal.store, ENDPOINT)
    assert standing is not None
    return standing.lease


def open_newest(rehearsal: Rehearsal) -> Journal:
    """The journal of the endpoint's newest rollout."""
    return Journal(rehearsal.store, current_lease(rehearsal).rollout_id)


def live_weights(rehearsal: Rehearsal) -> dict[str, float]:
    """What AWS says of the endpoint's variants."""
    return {variant["VariantName"]: variant["CurrentWeight"] for variant in rehearsal.endpoint()["ProductionVariants"]}


@dataclass
class Player:
    """Plays verbs."""

    rehearsal: Rehearsal
    capture: pytest.CaptureFixture[str]

    def play(self, *arguments: str, clock: Clock | None = None) -> Said:
        """Run a verb at the rehearsal's time, or by another clock."""
        self.capture.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", CALLER)
            code = main(arguments, World(clock or self.rehearsal, self.rehearsal.timing))
        return Said(code, *self.capture.readouterr())

    def changes(self) -> list[str]:
        """The operations so far that change something in the simulated SageMaker."""
        operations = [entry.operation for entry in self.rehearsal.cloud.request_log.entries()]
        return [
            name for name in operations if name.startswith(("Create", "Update", "Delete")) and name != "CreateBucket"
        ]


class Interjecting:
    """A clock that does something once, the first time that it has a reason to."""

    def __init__(self, rehearsal: Rehearsal, due: Callable[[], bool], act: Callable[[], None]) -> None:
        self._rehearsal = rehearsal
        self._due = due
        self._act: Callable[[], None] | None = act

    def now(self) -> datetime:
        return self._rehearsal.now()

    async def sleep(self, length: timedelta, wake: asyncio.Event) -> None:
        """Let time pass as in the rehearsal."""
        if self._act is not None and self._due():
            act, self._act = self._act, None
            act()
        await self._rehearsal.sleep(length, wake)


class Elsewhere:
    """A clock in whose sleep another process drives a rollout on, until it is told to die.

    Attributes:
        alive: whether that process still lives.
    """

    def __init__(self, rehearsal: Rehearsal, rollout: Rollout) -> None:
        self._rehearsal = rehearsal
        self._rollout = rollout
        self._next_look = rehearsal.now()
        self.alive = True

    def now(self) -> datetime:
        return self._rehearsal.now()

    async def sleep(self, length: timedelta, wake: asyncio.Event) -> None:
        """Let time pass, with the other process at work."""
        await self._rehearsal.sleep(length, wake)
        if self.alive and self.now() >= self._next_look:
            await self.look()

    async def look(self) -> None:
        """Have the other process look once."""
        decision = await self._rollout.tick(self.now())
        self._next_look = self.now() + decision.next_look
        if decision.action == "finish" and decision.state.ending is not None:
            free(self._rollout, decision.state.ending)
            self.alive = False


def drive_elsewhere(rehearsal: Rehearsal, looks: int, policy: dict[str, Any] | None = None) -> Elsewhere:
    """Start a rollout in "another process" and let it look a number of times, each when it is due."""
    other = Elsewhere(rehearsal, rehearsal.begin(QUICK | (policy or {})))

    async def go_on() -> None:
        for _ in range(looks):
            await other.look()
            rehearsal.pass_time(max(other._next_look - other.now(), timedelta(seconds=1)))

    asyncio.run(go_on())
    return other
