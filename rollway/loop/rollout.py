"""One rollout under way: its plan, its state, its journal, its lease, and the tick that moves it."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from policies.commands import Command, explain
from policies.compare.memory import Memory
from policies.decide import decide, judge
from policies.decision import Decision
from policies.errors import AwsError, JournalError
from policies.experiment import competing
from policies.facts import Endpoint, Surroundings
from policies.lifecycle import CLIMBING, Phase, State, follow_the_winner, record_intent, record_result
from policies.needs import wanted_metrics
from policies.observation import Halt, Metrics, Observation, Signal, Unavailable
from policies.plan import Plan
from policies.safeguards import arm
from policies.verdict import Answer
from rollway.aws.execution import limit_of
from rollway.aws.fencing import Permit, permitting
from rollway.journal.halts import read_halt
from rollway.journal.journal import Journal
from rollway.journal.leases import Held
from rollway.journal.records import Carried, Decided, Intended, Record
from rollway.loop.braking import report_failure
from rollway.loop.hands import Hands

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass
class Rollout:
    """A rollout that this process drives.

    Attributes:
        plan: what it will do.
        state: where it stands.
        journal: its durable record.
        hands: how it reads and changes the world.
        lease: the right to act on its endpoint.
        interrupts: what this process itself asks of it, for example because it is being stopped.
        wake: set to cut a wait short.
    """

    plan: Plan
    state: State
    journal: Journal
    hands: Hands
    lease: Held
    interrupts: list[Signal] = field(default_factory=list[Signal])
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _memory: Memory = field(default_factory=Memory)
    _failed: bool = False
    _alive: bool = False

    def interrupt(self, signal: Signal) -> None:
        """Ask the rollout for something from within this process; it hears at once."""
        self.interrupts.append(signal)
        self.wake.set()

    async def tick(self, local_now: datetime) -> Decision:
        """Observe, decide, execute, record; first of all show that this process is alive.

        Args:
            local_now: this machine's time. All that follows goes by the time of AWS, as the lease has measured it.

        Raises:
            JournalError: another process drives this rollout.
        """
        now = local_now + self.lease.offset
        await self._beat(now)
        before = self.state
        decision = decide(self.plan, before, await self._observe(now), now, partial(judge, memory=self._memory))
        self.state = decision.state
        self.plan = follow_the_winner(self.plan, self.state)
        if decision.commands or _is_news(before, decision):
            record = Decided(
                at=now, action=decision.action, reason=decision.reason, state=self.state, verdicts=decision.verdicts
            )
            await self._write(record)
        await self.hands.show(self.plan, decision, now)
        for command in decision.commands:
            if not await self._execute(command, now):
                break
        await self._report_failure(decision, now)
        return decision

    async def _report_failure(self, decision: Decision, now: datetime) -> None:
        """Tell other rollouts of a failed gate, one look after it failed: the traffic comes first."""
        if self._failed and decision.state.phase not in CLIMBING:
            self._failed = False
            await asyncio.to_thread(report_failure, self.journal.store, self.plan, now)
        if decision.state.phase is Phase.ROLLING_BACK:
            self._failed |= any(verdict.verdict is Answer.FAIL for verdict in decision.verdicts)

    async def _beat(self, now: datetime) -> None:
        """Renew the lease and put off the dead-man's switch: at the first look, then whenever a third of the lease is over.

        Both are tried again at the next look. A switch that cannot be put off acts, which is what it is for; one that can is put off
        also while the journal is out of reach, since this process is alive.
        """
        if self._alive and not self.lease.is_due(now):
            return
        self._alive = True
        try:
            await asyncio.to_thread(self.lease.renew)
        except AwsError as error:
            log.warning("cannot renew the lease: %s", error)
        if self.state.switch == "armed":
            with permitting(Permit.begin(self.lease, without_journal=True)):
                result = await self.hands.put_off(arm(self.plan, now))
            if result.status != "done":
                log.warning("cannot put off the dead-man's switch: %s", result.message)

    async def _observe(self, now: datetime) -> Observation:
        endpoint = await _or_unavailable(self.hands.read_endpoint(self.plan.endpoint))
        return Observation(
            endpoint=endpoint,
            metrics=await self._read_metrics(self.plan, now),
            signals=(*self.interrupts, *await self._read_signals()),
            surroundings=await self._read_surroundings(endpoint),
            halt=await self._read_halt(),
            rivals=await self._read_rivals(now),
        )

    async def _read_rivals(self, now: datetime) -> Mapping[str, Metrics | Unavailable | None]:
        rivals = (each.variant for each in competing(self.plan, self.state) if each != self.plan.candidate)
        return {rival: await self._read_metrics(self.plan.duel(rival), now) for rival in rivals}

    async def _read_metrics(self, plan: Plan, now: datetime) -> Metrics | Unavailable | None:
        request = wanted_metrics(plan, self.state)
        return None if request is None else await _or_unavailable(self.hands.read_metrics(request, now))

    async def _read_surroundings(self, endpoint: Endpoint | Unavailable) -> Surroundings | Unavailable:
        if isinstance(endpoint, Unavailable):
            return endpoint
        if self.state.phase is Phase.ROLLING_BACK:
            return Unavailable("nobody asks for them on the way back")
        return await _or_unavailable(self.hands.read_surroundings(endpoint))

    async def _read_signals(self) -> tuple[Signal, ...]:
        try:
            return await asyncio.to_thread(self.journal.read_signals)
        except AwsError as error:
            log.warning("cannot read the signals in the journal: %s", error)
            return ()

    async def _read_halt(self) -> Halt | None:
        try:
            return await asyncio.to_thread(read_halt, self.journal.store)
        except (AwsError, JournalError) as error:
            log.warning("cannot read in the journal whether rollouts are halted: %s", error)
            return None

    async def _execute(self, command: Command, now: datetime) -> bool:
        """Carry out one command between its two records; say whether the next one may follow."""
        if not await self._may_act() or not await self._write(Intended(at=now, command=command)):
            return False
        self.state = record_intent(self.state, command)
        with permitting(Permit.begin(self.lease, limit_of(command), without_journal=self._customers_come_first)):
            result = await self.hands.carry_out(command)
        log.info("%s: %s %s", explain(command), result.status, result.message)
        self.state = record_result(self.state, command, result, now)
        await self._write(Carried(at=now, command=command, result=result))
        return result.status in {"done", "accepted"}

    async def _may_act(self) -> bool:
        """Read the lease again before every change: an orphan that wakes up late must do no harm.

        Raises:
            JournalError: another process holds it by now.
        """
        try:
            await asyncio.to_thread(self.lease.check)
        except AwsError as error:
            log.warning("cannot read the lease: %s", error)
            return self._customers_come_first
        return True

    async def _write(self, record: Record) -> bool:
        """Write a record; say whether acting may go on."""
        try:
            await asyncio.to_thread(self.journal.append, record)
        except JournalError:
            raise
        except AwsError as error:
            log.warning("cannot write to the journal: %s", error)
            return self._customers_come_first
        return True

    @property
    def _customers_come_first(self) -> bool:
        """Whether to act though the journal is out of reach: nothing on the way up, everything on the way back."""
        return self.state.phase not in CLIMBING


async def _or_unavailable(reading: Awaitable[T]) -> T | Unavailable:
    try:
        return await reading
    except AwsError as error:
        return Unavailable(str(error))


def _is_news(before: State, decision: Decision) -> bool:
    """Whether the next process must know: everything but how long a command that AWS has accepted has been seen at work."""
    after = decision.state
    told = {"operation": None, "placement": before.placement}
    return after.phase is Phase.FINISHED or before.model_copy(update=told) != after.model_copy(update=told)
