"""Reconciling: this process drives every rollout that has lost its own, until each is over or another process drives it."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from policies.errors import JournalError, RolloutError
from policies.lifecycle import Ending
from rollway.aws.objects import ObjectStore
from rollway.journal import leases
from rollway.journal.leases import Standing, Standings
from rollway.loop.clock import Clock
from rollway.loop.drive import MOST_FAILURES, NEVER, HandOver, drive_until
from rollway.loop.hands import Hands
from rollway.loop.rollout import Rollout
from rollway.loop.taking_up import take_up
from rollway.loop.telling import tell_of_all
from rollway.loop.terminations import terminations_sent_to

log = logging.getLogger(__name__)

LOOK_EVERY: Final = timedelta(minutes=1)
"""How often a process that drives rollouts looks for further ones that have lost their process."""


@dataclass(frozen=True)
class Reconciled:
    """What became of one rollout that was taken up.

    Attributes:
        endpoint: its endpoint.
        rollout_id: its name; empty where nothing was left to drive.
        ending: how it ended; None while it is under way.
        trouble: why it could not be driven; empty if it could.
        elsewhere: what another process does, or did, with it; empty where none has taken it over.
    """

    endpoint: str
    rollout_id: str = ""
    ending: Ending | None = None
    trouble: str = ""
    elsewhere: str = ""


@dataclass(frozen=True)
class Driven:
    """A rollout that cannot be taken up yet, because the lease of its process holds.

    Attributes:
        endpoint: its endpoint.
        rollout_id: its name.
        by: who drives it, as user@host.
        silent_since: its process's last sign of life, by the store's clock.
        silent_for: the time since then.
        available_at: when it can be taken over if there is no further sign of life.
        overdue: whether a living process would have given one by now.
    """

    endpoint: str
    rollout_id: str
    by: str
    silent_since: datetime
    silent_for: timedelta
    available_at: datetime
    overdue: bool


@dataclass(frozen=True)
class Reconciliation:
    """What came of reconciling a journal.

    Attributes:
        found: what became of each rollout that was taken up.
        driven: those under way that another process held at the first look.
    """

    found: list[Reconciled]
    driven: list[Driven]


def find_orphans(standings: Iterable[tuple[str, Standing]], *, offered: bool = True) -> list[tuple[str, Standing]]:
    """Return the rollouts, by endpoint, that are not over and that no process holds; those whose process gives way only if ``offered``."""
    return [(endpoint, each) for endpoint, each in standings if (each.available if offered else each.expired)]


def find_driven(standings: Iterable[tuple[str, Standing]]) -> list[Driven]:
    """Return the rollouts that another process holds."""
    return [
        _describe(endpoint, standing)
        for endpoint, standing in standings
        if standing.lease.outcome is None and not standing.available
    ]


def _describe(endpoint: str, standing: Standing) -> Driven:
    lease, silent_for = standing.lease, standing.silent_for
    # A holder renews at the first look after a third, and three looks fit into a lease.
    overdue = silent_for > lease.lasts * 2 / 3
    at = standing.available_at
    return Driven(endpoint, lease.rollout_id, lease.by, standing.written_at, silent_for, at, overdue)


async def reconcile(
    store: ObjectStore, make_hands: Callable[[], Hands], clock: Clock, budget: timedelta | None = None
) -> Reconciliation:
    """Drive every orphaned rollout to its end, all at once, and those that are orphaned meanwhile as well.

    None is dropped: a rollout is only left when another process has taken it over, or when this one is stopped. SIGTERM, SIGINT and
    cancellation hand every rollout over as it is, for any other process to take up at once.

    Args:
        store: the journal.
        make_hands: gives the hands for one rollout.
        clock: tells the time and lets it pass.
        budget: after this time, give way to any process that reconciles; None for never.

    Raises:
        AwsError: the journal cannot be read.
    """
    until = NEVER if budget is None else clock.now() + budget
    return await _Reconciler(store, make_hands, clock, until).run()


@dataclass
class _Reconciler:
    """The rollouts that this process has taken up.

    Attributes:
        store: the journal.
        make_hands: gives the hands for one rollout.
        clock: tells the time and lets it pass.
        until: from when on this process gives way.
    """

    store: ObjectStore
    make_hands: Callable[[], Hands]
    clock: Clock
    until: datetime
    _found: dict[str, Reconciled] = field(default_factory=dict[str, Reconciled])
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, "asyncio.Task[None]"])
    _under_way: dict[str, tuple[HandOver, Rollout]] = field(default_factory=dict[str, tuple[HandOver, Rollout]])
    _look: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped: bool = False

    async def run(self) -> Reconciliation:
        with terminations_sent_to(self._stop):
            standings = await asyncio.to_thread(leases.list_standings, self.store)
            tell_of_all(self.store, standings)
            driven = find_driven(standings)
            self._start(standings)
            try:
                await self._go_on()
            except asyncio.CancelledError:
                self._stop("the run was cancelled")
                await asyncio.gather(*self._tasks.values())
                raise
        return Reconciliation(list(self._found.values()), driven)

    async def _go_on(self) -> None:
        """Wait until every rollout is over or left, and take up what loses its process meanwhile."""
        while running := self._running():
            look = asyncio.ensure_future(self._look.wait())
            try:
                await asyncio.wait({look, *running}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                look.cancel()
            if self._look.is_set():
                self._look.clear()
                await self._look_again()

    async def _look_again(self) -> None:
        try:
            self._start(await asyncio.to_thread(leases.list_standings, self.store))
        except RolloutError as error:
            log.warning("cannot look for further rollouts that have lost their process: %s", error)

    def _start(self, standings: Standings) -> None:
        """Take up what no process holds. What another gives way of is taken only by one that does not give way itself."""
        if self._stopped:
            return
        clock = _BeatingClock(self.clock, self._look.set)
        for endpoint, _ in find_orphans(standings, offered=self.clock.now() < self.until):
            if endpoint not in self._tasks or self._tasks[endpoint].done():
                self._tasks[endpoint] = asyncio.create_task(self._reconcile_one(endpoint, clock), name=endpoint)

    def _running(self) -> list[asyncio.Task[None]]:
        return [task for task in self._tasks.values() if not task.done()]

    def _stop(self, reason: str) -> None:
        self._stopped = True
        for stopping, rollout in self._under_way.values():
            stopping.hear(rollout, reason)

    async def _reconcile_one(self, endpoint: str, clock: Clock) -> None:
        try:
            found = await self._bring_to_its_end(endpoint, clock)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one rollout, the others need their turn
            found = await self._explain(endpoint, error)
        under_way = self._under_way.pop(endpoint, None)
        rollout_id = under_way[1].plan.rollout_id if under_way else ""
        self._found[endpoint] = replace(found, rollout_id=rollout_id)

    async def _bring_to_its_end(self, endpoint: str, clock: Clock) -> Reconciled:
        """Take the rollout up and drive it; again where an error of our own interrupted that, unless it keeps coming at once."""
        failures = 0
        while failures < MOST_FAILURES:
            begun = clock.now()
            rollout = await asyncio.to_thread(take_up, self.store, endpoint, self.make_hands(), clock.now())
            if rollout is None:
                return Reconciled(endpoint)
            stopping = HandOver(self.until, stopped=self._stopped)
            self._under_way[endpoint] = (stopping, rollout)
            ending = await drive_until(rollout, clock, stopping)
            if ending is not None or self._stopped:
                return Reconciled(endpoint, ending=ending)
            failures = failures + 1 if clock.now() - begun < LOOK_EVERY else 1
        return Reconciled(endpoint, trouble=f"{MOST_FAILURES} errors of our own in a row: see the log")

    async def _explain(self, endpoint: str, error: Exception) -> Reconciled:
        """Say why a rollout is driven no further: another process has it, or something is wrong with it."""
        elsewhere = await self._find_elsewhere(endpoint) if isinstance(error, JournalError) else ""
        if elsewhere:
            log.info("endpoint %s: %s", endpoint, elsewhere)
            return Reconciled(endpoint, elsewhere=elsewhere)
        log.warning("cannot reconcile endpoint %s: %s", endpoint, error)
        return Reconciled(endpoint, trouble=f"{type(error).__name__}: {error}")

    async def _find_elsewhere(self, endpoint: str) -> str:
        try:
            standing = await asyncio.to_thread(leases.read_standing, self.store, endpoint)
        except RolloutError:
            return ""
        if standing is None or standing.available:
            return ""
        lease = standing.lease
        if lease.outcome is not None:
            return f"another process has ended it: {lease.outcome}"
        return f"under way, driven on by {lease.by} ({lease.process})"


class _BeatingClock:
    """The clock of the rollouts that are driven here: whenever a minute has passed on it, it is time to look for further ones."""

    def __init__(self, clock: Clock, beat: Callable[[], object]) -> None:
        self._clock = clock
        self._beat = beat
        self._last = clock.now()

    def now(self) -> datetime:
        return self._clock.now()

    async def sleep(self, length: timedelta, wake: asyncio.Event) -> None:
        """Sleep in pieces that are not longer than the time between two looks."""
        left = length
        while True:
            piece = min(left, LOOK_EVERY)
            await self._clock.sleep(piece, wake)
            left -= piece
            if self._clock.now() - self._last >= LOOK_EVERY:
                self._last = self._clock.now()
                self._beat()
            if left <= timedelta(0) or wake.is_set():
                return
