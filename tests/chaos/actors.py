"""Rollway's own processes, to be killed: each drives one rollout with the code that users run, and may kill itself at a set moment."""

import asyncio
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal, get_args

from policies.commands import Command, CommandResult, explain
from policies.errors import JournalError
from policies.loading import parse_policy
from rollway.aws.fencing import is_reading
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

Moment = Literal[
    "before the intent", "before the call", "after the call", "stopped before the call", "stopped before the request"
]
MOMENTS: tuple[Moment, ...] = get_args(Moment)
STOPS: tuple[Moment, ...] = ("stopped before the call", "stopped before the request")
"""At these a process is not killed but stopped, and goes on once another has taken over its rollout."""
FENCED = 3
"""How a process ends that finds its rollout in the hands of another."""


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
    """When a process kills or stops itself: at one moment of the first command at which none has before. By default never.

    Attributes:
        moment: the moment.
        register: the file in which those who do leave the command's name.
    """

    moment: Moment | None = None
    register: Path = Path()

    def may_come(self, moment: Moment, command: Command) -> None:
        """Die the hard way, or stop until somebody says SIGCONT, if this is the moment."""
        if moment != self.moment or explain(command) in self.register.read_text("utf-8").splitlines():
            return
        with self.register.open("a", encoding="utf-8") as register:
            register.write(f"{explain(command)}\n")
        if moment in STOPS:
            stop_here()
        else:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalHands(PlainHands):
    """Real hands, around whose calls the process may die."""

    def __init__(self, aws: Aws, death: Death) -> None:
        super().__init__(aws)
        self._death = death
        self._command: Command | None = None
        for client in (
            aws.sagemaker,
            aws.sagemaker_runtime,
            aws.cloudwatch,
            aws.application_autoscaling,
            aws.scheduler,
        ):
            client.meta.events.register_first("before-send.*.*", self._before_request)

    def _before_request(self, event_name: str, **_: object) -> None:
        if self._command is not None and not is_reading(event_name.rpartition(".")[2]):
            self._death.may_come("stopped before the request", self._command)

    async def carry_out(self, command: Command) -> CommandResult:
        """Carry out, or die before or after."""
        self._command = command
        self._death.may_come("before the call", command)
        self._death.may_come("stopped before the call", command)
        result = await super().carry_out(command)
        self._command = None
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


def stop_here() -> None:
    """Stop this process until somebody says SIGCONT. Addressed to this very thread, which would run on for a moment otherwise."""
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def stopped(process: BaseProcess) -> bool:
    """Wait until a child has been stopped, or has ended; say whether it was stopped."""
    assert process.pid is not None
    found = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    if found is not None and found.si_code == os.CLD_STOPPED:
        return True
    process.join()
    return False


def _drive(rollout: Rollout, death: Death) -> None:
    rollout.journal.__class__ = MortalJournal
    assert isinstance(rollout.journal, MortalJournal)
    rollout.journal.death = death
    try:
        asyncio.run(drive(rollout, SystemClock()))
    except JournalError:
        sys.exit(FENCED)
