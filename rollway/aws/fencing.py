"""Fencing: a request that changes something leaves only while this process may act, checked at the last moment before it is sent.

A process can be stopped at any point (SIGSTOP, swapping, a suspended machine) and go on after another one has taken over its work. So
the check that counts is the one in botocore's ``before-send`` event: after signing, and again before each of botocore's own retries.
Reads are never fenced, and neither is what is sent outside ``permitting``.
"""

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol, TypeVar

from policies.errors import AwsError, RolloutError
from policies.values import format_duration
from rollway.aws.errors import RequestTooLate

Client = TypeVar("Client", bound=Any)

CONNECT_TIMEOUT_S: Final = 5
READ_TIMEOUT_S: Final = 30
IN_FLIGHT: Final = timedelta(seconds=CONNECT_TIMEOUT_S + READ_TIMEOUT_S)
"""How long one request can be under way before its client gives up on it."""
COMMAND_LIMIT: Final = timedelta(minutes=4)
"""How long after a command began its last request may leave. A description that all of botocore's attempts are spent on fits in."""
MARGIN_OF_LEASE: Final = 6
"""The safety margin is ``IN_FLIGHT``, and at most this part of the lease: short leases have no room for more."""
RECHECK_AFTER: Final = timedelta(seconds=2)
"""A lease that was read longer ago than this is read again before a change is sent."""
RETRY_AFTER: Final = timedelta(seconds=30)
"""Where the lease could not be read, it is not tried again for so long: each try may take as long as an outage makes it take."""

_READING: Final = ("BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Search")
"""What the names of AWS's reading operations begin with; every other operation counts as a change."""
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the process is stopped and, on Linux, while the machine is suspended; no step of the wall clock moves it."""


@dataclass(frozen=True)
class Moment:
    """A point in time by two clocks of this machine.

    Neither is enough. The wall clock can be set back, which would make a lease last longer. The other one may stand still while a virtual
    machine is suspended or migrated; the wall clock is then set forward.

    Attributes:
        running_s: seconds since the machine started.
        wall_s: seconds of the wall clock.
    """

    running_s: float
    wall_s: float

    @classmethod
    def now(cls) -> "Moment":
        """Return the present moment."""
        return cls(time.clock_gettime(_CLOCK), time.time())

    def age(self, now: "Moment | None" = None) -> timedelta:
        """Return the time since then, by the clock that shows more."""
        present = now or Moment.now()
        return timedelta(seconds=max(present.running_s - self.running_s, present.wall_s - self.wall_s, 0))


class Holding(Protocol):
    """The exclusive, expiring right on whose behalf changes are sent."""

    @property
    def lasts(self) -> timedelta:
        """For how long it holds after each sign of life."""
        ...

    def time_left(self) -> timedelta:
        """Return for how long it certainly holds from now on, as far as this process knows."""
        ...

    def last_tried(self) -> tuple[timedelta, bool]:
        """Return how long ago it was last read or written, and whether that succeeded."""
        ...

    def check(self) -> None:
        """Read it again, and renew it when it is due. Raises ``RolloutError``: it is lost; ``AwsError``: it cannot be read."""
        ...


@dataclass(frozen=True)
class Permit:
    """Leave to send the changes of one command.

    Attributes:
        holding: the lease.
        limit: how long after ``began`` the last request may leave.
        without_journal: whether a lease that has run out, and cannot be read, is no reason to stop. Without its store no other process can
            take the lease over either.
        began: when the command began.
    """

    holding: Holding
    limit: timedelta = COMMAND_LIMIT
    without_journal: bool = False
    began: Moment = field(default_factory=Moment.now)

    @classmethod
    def begin(cls, holding: Holding, limit: timedelta = COMMAND_LIMIT, *, without_journal: bool = False) -> "Permit":
        """Return the permit for a command that begins now.

        ``without_journal`` counts only where the lease could not be read just now. Where it could, and has run out by the time that a
        request is to leave, the process was stopped in between, and another one may have taken over.
        """
        _, readable = holding.last_tried()
        return cls(holding, limit, without_journal=without_journal and not readable)

    def require(self, operation: str) -> None:
        """Let a request leave.

        Raises:
            RequestTooLate: this process may not send it any more.
        """
        if self.began.age() > self.limit:
            took = f"its command began {format_duration(_whole(self.began.age()))} ago, limit {format_duration(self.limit)}"
            raise _too_late(operation, took)
        readable = self._is_readable(operation)
        left = self.holding.time_left()
        if left < self._margin and (readable or not self.without_journal):
            raise _too_late(operation, f"the lease certainly holds for {max(left.total_seconds(), 0):.1f} s more only")

    @property
    def _margin(self) -> timedelta:
        return min(IN_FLIGHT, self.holding.lasts / MARGIN_OF_LEASE)

    def _is_readable(self, operation: str) -> bool:
        """Read the lease unless that was done just now and enough of it is left; return whether it can be read.

        Raises:
            RequestTooLate: the lease is lost.
        """
        ago, readable = self.holding.last_tried()
        enough = self.holding.time_left() >= self._margin
        if ago <= (RECHECK_AFTER if readable else RETRY_AFTER) and (enough or not readable):
            return readable
        try:
            self.holding.check()
        except AwsError:
            return False
        except RolloutError as error:
            raise _too_late(operation, str(error)) from error
        return True


_permit: ContextVar[Permit | None] = ContextVar("permit", default=None)


@contextmanager
def permitting(permit: Permit) -> Generator[None]:
    """Fence every change that is sent inside the block, in this task and in the threads that it hands its context to."""
    token = _permit.set(permit)
    try:
        yield
    finally:
        _permit.reset(token)


def fence(client: Client) -> Client:
    """Have a client's changes need the permit that is in force, and return the client.

    First among the general handlers: after those for single operations, before those by which a simulated AWS in this process answers.
    """
    client.meta.events.register_first("before-send", _require_permit)
    return client


def is_reading(operation: str) -> bool:
    """Say whether an operation changes nothing, by AWS's naming."""
    return operation.startswith(_READING)


def _require_permit(event_name: str, **_: Mapping[str, object]) -> None:
    operation = event_name.rpartition(".")[2]
    permit = _permit.get()
    if permit is not None and not is_reading(operation):
        permit.require(operation)


def _too_late(operation: str, why: str) -> RequestTooLate:
    return RequestTooLate(
        f"{operation} was not sent, since this process may no longer act: {why}",
        operation=operation,
        hint="The command is given again once this process has made sure of its lease.",
    )


def _whole(length: timedelta) -> timedelta:
    return timedelta(seconds=round(length.total_seconds()))
