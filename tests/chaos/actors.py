"""Rollway's own processes, to be killed: each drives one rollout with the code that users run, and may kill itself at a set moment."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from policies.commands import Command, CommandResult, explain
from policies.errors import JournalError
from policies.loading import parse_policy
from rollway.aws.objects import ObjectStore
from rollway.aws.session import Aws, connect
from rollway.journal.journal import Journal
from rollway.journal.leases import read_standing
from rollway.journal.records import Intended, Record
from rollway.loop.clock import SystemClock
from rollway.loop.drive import drive
from rollway.loop.hands import PlainHands
from rollway.loop.rollout import Rollout
from rollway.loop.starting import Request, plan_rollout, start
from rollway.loop.taking_up import take_up
from tests.chaos.simulated_aws import BUCKET

Moment = Literal["before the intent", "before the call", "after the call"]
MOMENTS: tuple[Moment, ...] = ("before the intent", "before the call", "after the call")


@dataclass(frozen=True)
class Site:
    """One endpoint of the simulated AWS and the rollout that it shall get."""

    url: str
    endpoint: str
    model: str
    policy: dict[str, Any]
    rivals: tuple[str, ...] = ()

    def connect(self) -> Aws:
        """Point this process at the simulated AWS."""
        simulated = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "simulated",
            "AWS_SECRET_ACCESS_KEY": "simulated",
        }
        os.environ.update(simulated)
        return connect("us-east-1")

    def store(self, aws: Aws) -> ObjectStore:
        """The journal."""
        return ObjectStore(aws, BUCKET, "rollway")


@dataclass(frozen=True)
class Death:
    """When a process kills itself: at one moment of the first command at which none has died before. By default never.

    Attributes:
        moment: the moment.
        register: the file in which those who die leave the command's name.
    """

    moment: Moment | None = None
    register: Path = Path()

    def may_come(self, moment: Moment, command: Command) -> None:
        """Die the hard way if this is the moment."""
        if moment != self.moment or explain(command) in self.register.read_text("utf-8").splitlines():
            return
        with self.register.open("a", encoding="utf-8") as register:
            register.write(f"{explain(command)}\n")
        os.kill(os.getpid(), signal.SIGKILL)


class MortalHands(PlainHands):
    """Real hands, around whose calls the process may die."""

    def __init__(self, aws: Aws, death: Death) -> None:
        super().__init__(aws)
        self._death = death

    async def carry_out(self, command: Command) -> CommandResult:
        """Carry out, or die before or after."""
        self._death.may_come("before the call", command)
        result = await super().carry_out(command)
        self._death.may_come("after the call", command)
        return result


class MortalJournal(Journal):
    """A real journal, before whose intents the process may die."""

    death: Death

    def append(self, record: Record) -> None:
        """Append, or die before."""
        if isinstance(record, Intended):
            self.death.may_come("before the intent", record.command)
        super().append(record)


def begin(site: Site, death: Death) -> None:
    """Start the rollout and drive it."""
    aws, clock = site.connect(), SystemClock()
    request = Request(site.endpoint, site.model, parse_policy(site.policy), rivals=site.rivals)
    planned = plan_rollout(aws, request, clock.now())
    _drive(start(planned, site.store(aws), MortalHands(aws, death)), death)


def resume(site: Site, death: Death) -> None:
    """Wait until the lease of the process before has run out, take its rollout up and drive it on."""
    aws = site.connect()
    store = site.store(aws)
    while True:
        standing = read_standing(store, site.endpoint)
        if standing is None or standing.lease.outcome is not None:
            return
        if standing.expired:
            try:
                rollout = take_up(store, site.endpoint, MortalHands(aws, death), SystemClock().now())
            except JournalError:
                continue  # another one was faster
            if rollout is not None:
                _drive(rollout, death)
            return
        time.sleep(0.1)


def _drive(rollout: Rollout, death: Death) -> None:
    rollout.journal.__class__ = MortalJournal
    rollout.journal.death = death
    asyncio.run(drive(rollout, SystemClock()))
