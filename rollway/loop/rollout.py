"""One rollout under way: its plan, its state, its journal, and the tick that moves it."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from policies.commands import Command, explain
from policies.compare.memory import Memory
from policies.decide import decide, judge
from policies.decision import Decision
from policies.errors import AwsError, JournalError
from policies.facts import Endpoint
from policies.lifecycle import CLIMBING, Phase, State, record_result
from policies.needs import wanted_metrics
from policies.observation import Metrics, Observation, Signal, Unavailable
from policies.plan import Plan
from rollway.journal.journal import Journal
from rollway.journal.records import Carried, Decided, Intended, Record
from rollway.loop.hands import Hands

log = logging.getLogger(__name__)


@dataclass
class Rollout:
    """A rollout that this process drives.

    Attributes:
        plan: what it will do.
        state: where it stands.
        journal: its durable record.
        hands: how it reads and changes the world.
        interrupts: what this process itself asks of it, for example because it is being stopped.
        wake: set to cut a wait short.
    """

    plan: Plan
    state: State
    journal: Journal
    hands: Hands
    interrupts: list[Signal] = field(default_factory=list[Signal])
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _memory: Memory = field(default_factory=Memory)

    def interrupt(self, signal: Signal) -> None:
        """Ask the rollout for something from within this process; it hears at once."""
        self.interrupts.append(signal)
        self.wake.set()

    async def tick(self, now: datetime) -> Decision:
        """Observe, decide, execute, record."""
        before = self.state
        decision = decide(self.plan, before, await self._observe(now), now, partial(judge, memory=self._memory))
        self.state = decision.state
        if decision.commands or _is_news(before, decision):
            record = Decided(
                at=now, action=decision.action, reason=decision.reason, state=self.state, verdicts=decision.verdicts
            )
            await self._write(record)
        await self.hands.show(self.plan, decision, now)
        for command in decision.commands:
            if not await self._execute(command, now):
                break
        return decision

    async def _observe(self, now: datetime) -> Observation:
        return Observation(
            endpoint=await self._read_endpoint(),
            metrics=await self._read_metrics(now),
            signals=(*self.interrupts, *await self._read_signals()),
        )

    async def _read_endpoint(self) -> Endpoint | Unavailable:
        try:
            return await self.hands.read_endpoint(self.plan.endpoint)
        except AwsError as error:
            return Unavailable(str(error))

    async def _read_metrics(self, now: datetime) -> Metrics | Unavailable | None:
        request = wanted_metrics(self.plan, self.state)
        if request is None:
            return None
        try:
            return await self.hands.read_metrics(request, now)
        except AwsError as error:
            return Unavailable(str(error))

    async def _read_signals(self) -> tuple[Signal, ...]:
        try:
            return await asyncio.to_thread(self.journal.read_signals)
        except AwsError as error:
            log.warning("cannot read the signals in the journal: %s", error)
            return ()

    async def _execute(self, command: Command, now: datetime) -> bool:
        """Carry out one command between its two records; say whether the next one may follow."""
        if not await self._write(Intended(at=now, command=command)):
            return False
        result = await self.hands.carry_out(command)
        log.info("%s: %s %s", explain(command), result.status, result.message)
        self.state = record_result(self.state, command, result, now)
        await self._write(Carried(at=now, command=command, result=result))
        return result.status in {"done", "accepted"}

    async def _write(self, record: Record) -> bool:
        """Write a record; say whether acting may go on.

        On the way up nothing is done that is not on record. On the way back the customers come first.
        """
        try:
            await asyncio.to_thread(self.journal.append, record)
        except JournalError:
            raise
        except AwsError as error:
            log.warning("cannot write to the journal: %s", error)
            return self.state.phase not in CLIMBING
        return True


def _is_news(before: State, decision: Decision) -> bool:
    after = decision.state
    moved = (before.phase, before.stage, before.drift) != (after.phase, after.stage, after.drift)
    return moved or after.phase is Phase.FINISHED
