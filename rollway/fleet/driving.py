"""The fleet's loop: look where every endpoint stands, decide, begin what may begin, and rest until something has changed.

Every rollout is one like any other, with a journal and a lease of its own, driven by a task of this process. When the process dies, any
process goes on with them; the next one that drives the fleet finds in its record what was begun.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from policies.errors import AwsError
from policies.fleet.deciding import FleetDecision, Stop, decide_fleet
from policies.fleet.renewing import RENEWABLE, find_lapsed
from policies.fleet.spec import FleetSpec, Target
from rollway.fleet.places import Places
from rollway.fleet.record import Entry, Kept, open_record
from rollway.fleet.rolling import Hold, look_up, read_serving, roll_out, take_back
from rollway.loop.clock import Clock
from rollway.loop.hands import Hands
from rollway.loop.terminations import terminations_sent_to

log = logging.getLogger(__name__)

LOOK_EVERY: Final = timedelta(seconds=15)

Show = Callable[[FleetSpec, Kept, FleetDecision], None]
"""Is told every decision as it is made. Must not raise."""


@dataclass
class Fleet:
    """A fleet that this process drives.

    Attributes:
        kept: its record.
        places: where its endpoints are.
        make_hands: gives the hands for an endpoint.
        clock: tells the time and lets it pass.
        show: is told every decision.
    """

    kept: Kept
    places: Places
    make_hands: Callable[[Target], Hands]
    clock: Clock
    show: Show
    _holds: dict[str, Hold] = field(default_factory=dict[str, Hold])
    _tasks: dict[str, asyncio.Task[Entry]] = field(default_factory=dict[str, "asyncio.Task[Entry]"])
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _leaving: bool = False

    @property
    def spec(self) -> FleetSpec:
        """What the file says."""
        return self.kept.record.fleet

    async def drive(self) -> FleetDecision | None:
        """Drive the fleet to its end.

        Returns:
            the last decision, or None when the process was asked to stop before: rollouts under way are handed over as they are.

        Raises:
            JournalError: another process drives this fleet.
            AwsError: the fleet's record cannot be written, or it had ended and what its endpoints serve cannot be read.
        """
        with terminations_sent_to(lambda _: self.leave()):
            try:
                await asyncio.to_thread(self._renew)
                while not self._leaving:
                    decision = await self._look()
                    if decision.outcome:
                        await asyncio.to_thread(self.kept.finish, decision.outcome, decision.reason)
                        return decision
                    await self.clock.sleep(LOOK_EVERY, self._wake)
                    self._wake.clear()
            finally:
                await self._let_go()
        return None

    def leave(self) -> None:
        """Stop driving: rollouts under way are handed over after their present look."""
        self._leaving = True
        for hold in self._holds.values():
            hold.leave()
        self._wake.set()

    def _renew(self) -> None:
        """Begin a fleet anew that ended well, where endpoints serve something else since: its record says what was once so."""
        record = self.kept.record
        if record.outcome not in RENEWABLE:
            return
        lapsed = find_lapsed(self.spec, record.standings, read_serving(self.places, self.spec))
        if lapsed:
            names = ", ".join(each.key for each in lapsed)
            log.info(
                "fleet %s had ended %s and begins anew: %s serve something else",
                self.spec.fleet_id,
                record.outcome,
                names,
            )
            self.kept.begin_anew()

    async def _look(self) -> FleetDecision:
        await self._take_note()
        now, stop = self.clock.now(), await asyncio.to_thread(self._read_stop)
        decision = decide_fleet(self.spec, self.kept.record.standings, now, stop)
        self.show(self.spec, self.kept, decision)
        for target in decision.start:
            await self._begin(target)
        for target in decision.turn_back:
            await asyncio.to_thread(take_back, self.places.journal_of(target), target, decision.reason, now)
        return decision

    async def _take_note(self) -> None:
        """Bring the record up to date: with the rollouts of this process that are over, and with those that others drive."""
        for target in self.spec.targets:
            entry = self.kept.record.entries.get(target.key)
            if entry is None or entry.stand != "under way":
                continue
            found = await self._find_out(target, entry)
            if found != entry:
                await asyncio.to_thread(self.kept.put, target.key, found)

    async def _find_out(self, target: Target, entry: Entry) -> Entry:
        """Return the entry of a rollout under way as it is now; one that nobody drives is driven here from now on."""
        task = self._tasks.get(target.key)
        if task is not None and not task.done():
            return entry
        if task is not None:
            del self._tasks[target.key]
            return task.result()
        try:
            found = await asyncio.to_thread(look_up, self._hold(target), entry)
        except AwsError as error:
            log.warning("cannot read how the rollout of %s stands: %s", target.key, error)
            return entry
        if found is None:
            self._start(target, entry)
        return found or entry

    async def _begin(self, target: Target) -> None:
        """Note first that a rollout begins, then begin it: a process that dies in between leaves a trace of it."""
        now = self.clock.now()
        entry = Entry(stand="under way", since=now, began=now)
        await asyncio.to_thread(self.kept.put, target.key, entry)
        self._start(target, entry)

    def _start(self, target: Target, entry: Entry) -> None:
        task = asyncio.create_task(roll_out(self._hold(target), entry), name=target.key)
        task.add_done_callback(lambda _: self._wake.set())
        self._tasks[target.key] = task

    def _hold(self, target: Target) -> Hold:
        if target.key not in self._holds:
            self._holds[target.key] = Hold(self.spec, target, self.places, lambda: self.make_hands(target), self.clock)
        return self._holds[target.key]

    def _read_stop(self) -> Stop | None:
        try:
            return self.kept.read_stop()
        except AwsError as error:
            log.warning("cannot read whether the fleet shall stop: %s", error)
            return None

    async def _let_go(self) -> None:
        """Wait until every rollout of this process is over or handed over, and note what became of them."""
        for hold in self._holds.values():
            hold.leave()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


def open_fleet(
    spec: FleetSpec, places: Places, make_hands: Callable[[Target], Hands], clock: Clock, show: Show
) -> Fleet:
    """Take up a fleet where it stands, or begin it.

    Raises:
        JournalError: this version of Rollway cannot read its record.
        AwsError: the journal cannot be reached.
    """
    return Fleet(open_record(places.journal, spec), places, make_hands, clock, show)
