"""One rollout under way: its plan, its state, its journal, its lease, and the tick that moves it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeVar

from policies.commands import ArmSwitch, Command, explain
from policies.compare.memory import Memory
from policies.decide import decide, judge
from policies.decision import Decision
from policies.errors import AwsError, JournalError, NotFound
from policies.experiment import competing
from policies.facts import Endpoint, Surroundings
from policies.lifecycle import CLIMBING, Phase, State, follow_the_winner, record_intent, record_result
from policies.needs import wanted_metrics
from policies.observation import Circumstances, Halt, Metrics, Observation, Signal, Unavailable
from policies.plan import Plan
from policies.safeguards import arm, may_extend
from policies.verdict import Answer
from rollway.aws.errors import is_about
from rollway.aws.execution import limit_of
from rollway.aws.fencing import Permit, permitting
from rollway.journal.halts import read_halt
from rollway.journal.journal import Journal
from rollway.journal.leases import Held
from rollway.journal.records import Carried, Decided, Intended, Record
from rollway.loop.braking import report_failure
from rollway.loop.hands import Hands
from rollway.loop.outages import Access, Outages
from rollway.loop.reading_back import read_back

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
        unobserved_since: the last sign of life of the process before this one; None once this process has seen the endpoint itself.
    """

    plan: Plan
    state: State
    journal: Journal
    hands: Hands
    lease: Held
    interrupts: list[Signal] = field(default_factory=list[Signal])
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    unobserved_since: datetime | None = None
    _memory: Memory = field(default_factory=Memory)
    _failed: bool = False
    _alive: bool = False
    _fires_at: datetime | None = None
    _switch_due: datetime | None = None
    _unwritten: list[Record] = field(default_factory=list[Record])
    _outages: Outages = field(init=False)
    _looked_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        store = self.journal.store
        self._outages = Outages(store.url(""))
        self._looked_at = self.plan.started_at
        if self.unobserved_since is not None:
            self._fires_at = self.unobserved_since + self.plan.policy.lease

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
        self._looked_at = now
        await self._beat(now)
        before, observation = self.state, await self._observe(now)
        decision = decide(self.plan, before, observation, now, partial(judge, memory=self._memory))
        decision = await read_back(self.hands, self.plan, before, decision, (observation.endpoint, now))
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
        """Renew the lease and extend the dead-man's switch: at the first look, then whenever a third of the lease is over.

        Both are tried again at the next look. A switch that cannot be extended acts, which is what it is for; one that can is extended
        also while the journal is out of reach, since this process is alive. On a way back that fails it is left to act.
        """
        if self._fires_at is not None and now >= self._fires_at:
            self._switch_due = self._fires_at
        if self._alive and not self.lease.is_due(now):
            return
        self._alive = True
        await self._ask("write", "renew the lease", self.lease.renew)
        if self.state.switch == "armed" and may_extend(self.plan, self.state):
            await self._extend_switch(now)

    async def _extend_switch(self, now: datetime) -> None:
        with permitting(Permit.begin(self.lease, without_journal=True)):
            result = await self.hands.put_off(arm(self.plan, now))
        if result.status == "done":
            self._fires_at = now + self.plan.policy.lease
        else:
            log.warning("cannot extend the dead-man's switch: %s", result.message)

    async def _observe(self, now: datetime) -> Observation:
        endpoint = await self._read_endpoint()
        known = Circumstances(self._switch_due, self.unobserved_since)
        if isinstance(endpoint, Endpoint) and not endpoint.busy:  # while it is busy, nothing is concluded yet
            self._switch_due, self.unobserved_since = None, None
        return Observation(
            endpoint=endpoint,
            metrics=await self._read_metrics(self.plan, now),
            signals=(*self.interrupts, *await self._read_signals()),
            surroundings=await self._read_surroundings(endpoint),
            halt=await self._read_halt(),
            rivals=await self._read_rivals(now),
            circumstances=known,
        )

    async def _read_endpoint(self) -> Endpoint | Unavailable:
        """Describe the endpoint. It counts as deleted only where AWS says so of this very one: credentials may be of another account."""
        try:
            return await self.hands.read_endpoint(self.plan.endpoint)
        except NotFound as error:
            return Unavailable(str(error), deleted=is_about(error, self.plan.endpoint_arn))
        except AwsError as error:
            return Unavailable(str(error))

    async def _read_rivals(self, now: datetime) -> Mapping[str, Metrics | Unavailable | None]:
        rivals = (each.variant for each in competing(self.plan, self.state) if each != self.plan.candidate)
        return {rival: await self._read_metrics(self.plan.duel(rival), now) for rival in rivals}

    async def _read_metrics(self, plan: Plan, now: datetime) -> Metrics | Unavailable | None:
        request = wanted_metrics(plan, self.state)
        return None if request is None else await _or_unavailable(self.hands.read_metrics(request, now))

    async def _read_surroundings(self, endpoint: Endpoint | Unavailable) -> Surroundings | Unavailable:
        if isinstance(endpoint, Unavailable):
            return Surroundings() if endpoint.deleted else endpoint
        if self.state.phase is Phase.ROLLING_BACK:
            return Unavailable("nobody asks for them on the way back")
        return await _or_unavailable(self.hands.read_surroundings(endpoint))

    async def _read_signals(self) -> tuple[Signal, ...]:
        signals = await self._ask("read", "read the signals", self.journal.read_signals)
        return () if isinstance(signals, Unavailable) else signals

    async def _read_halt(self) -> Halt | None:
        doing, store = "read whether rollouts are halted", self.journal.store
        try:
            halt = await self._ask("read", doing, partial(read_halt, store))
        except JournalError as error:
            self._outages.failed("read", doing, error, self._looked_at)
            return None
        return None if isinstance(halt, Unavailable) else halt

    async def _execute(self, command: Command, now: datetime) -> bool:
        """Carry out one command between its two records; say whether the next one may follow."""
        if not await self._may_act() or not await self._write(Intended(at=now, command=command)):
            self._forget_intent(command)
            return False
        self.state = record_intent(self.state, command, now)
        with permitting(Permit.begin(self.lease, limit_of(command), without_journal=self._customers_come_first)):
            result = await self.hands.carry_out(command)
        log.info("%s: %s %s", explain(command), result.status, result.message)
        self.state = record_result(self.state, command, result, now)
        if isinstance(command, ArmSwitch) and result.status == "done":
            self._fires_at = command.fires_at
        await self._write(Carried(at=now, command=command, result=result))
        return result.status in {"done", "accepted"}

    async def _may_act(self) -> bool:
        """Read the lease again before every change: an orphan that wakes up late must do no harm.

        Raises:
            JournalError: another process holds it by now.
        """
        unavailable = isinstance(await self._ask("read", "read the lease", self.lease.check), Unavailable)
        return self._customers_come_first if unavailable else True

    async def _write(self, record: Record) -> bool:
        """Write a record; say whether acting may go on. What the journal does not take is written before the next record."""
        self._unwritten.append(record)
        return await self.catch_up() or self._customers_come_first

    async def catch_up(self) -> bool:
        """Write what the journal has not taken yet, in order; say whether nothing is left.

        Raises:
            JournalError: another process drives this rollout.
        """
        while self._unwritten:
            append = partial(self.journal.append, self._unwritten[0])
            if isinstance(await self._ask("write", "write a record", append), Unavailable):
                return False
            self._unwritten.pop(0)
        return True

    async def _ask(self, access: Access, doing: str, request: Callable[[], T]) -> T | Unavailable:
        """Ask something of the journal's store; what fails is reported once for each outage.

        Raises:
            JournalError: the store answers, and the answer is no.
        """
        try:
            answer = await asyncio.to_thread(request)
        except AwsError as error:
            self._outages.failed(access, doing, error, self._looked_at)
            return Unavailable(str(error))
        self._outages.succeeded(access, self._looked_at)
        return answer

    def _forget_intent(self, command: Command) -> None:
        """Take back an intent that was not written: the command is not carried out."""
        last = self._unwritten[-1] if self._unwritten else None
        if isinstance(last, Intended) and last.command == command:
            self._unwritten.pop()

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
    told = {"operation": None, "attempt": None, "placement": before.placement}
    return after.phase is Phase.FINISHED or before.model_copy(update=told) != after.model_copy(update=told)
