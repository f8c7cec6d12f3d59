"""The journal of a simulated run: which records are written when, and how the next process replays them.

It mirrors the real journal, which would draw the adapters of AWS into these tests: a decision before its commands, every command between
an intent and an outcome.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from policies.commands import Command, CommandResult
from policies.decision import Decision
from policies.lifecycle import Phase, State, begin, record_intent, record_result
from policies.plan import Plan
from policies.taking_up import leave_out


@dataclass(frozen=True)
class Decided:
    """A look led to this state; as text, since the next process gets nothing else."""

    state: str


@dataclass(frozen=True)
class Intended:
    """This command is about to be carried out."""

    at: datetime
    command: Command


@dataclass(frozen=True)
class Carried:
    """This became of it."""

    at: datetime
    command: Command
    result: CommandResult


@dataclass(frozen=True)
class TakenUp:
    """Another process went on, after so long a silence."""

    at: datetime
    silent_for: timedelta


@dataclass
class Journal:
    """The records of one rollout, oldest first."""

    plan: Plan
    records: list[Decided | Intended | Carried | TakenUp] = field(
        default_factory=list[Decided | Intended | Carried | TakenUp]
    )

    def note(self, before: State, decision: Decision) -> None:
        """Write a decision down, if the next process has to know of it."""
        if decision.commands or _is_news(before, decision.state):
            self.records.append(Decided(decision.state.model_dump_json()))

    def replay(self) -> State:
        """Return the state that the next process starts from: the last decision's, and what was intended and done since."""
        state, last = begin(self.plan), 0
        for number, record in enumerate(self.records):
            last = number if isinstance(record, Decided) else last
        for record in self.records[last:]:
            match record:
                case Decided():
                    state = State.model_validate_json(record.state)
                case Intended():
                    state = record_intent(state, record.command, record.at)
                case Carried():
                    state = record_result(state, record.command, record.result, record.at)
                case TakenUp():
                    state = leave_out(state, record.silent_for, record.at)
        return state


def forget_what_is_read_back(state: State, other: State) -> State:
    """Give a state the other's operation, attempt and placement: what the endpoint tells again is not worth a record."""
    read_back = {"operation": other.operation, "attempt": other.attempt, "placement": other.placement}
    return state.model_copy(update=read_back)


def _is_news(before: State, after: State) -> bool:
    return after.phase is Phase.FINISHED or forget_what_is_read_back(after, before) != before
