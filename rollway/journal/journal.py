"""One rollout's journal: numbered records below ``rollouts/<id>/``, and the signals that people send it.

A number is taken by creating its object, which only one writer can: a second process writing for the same rollout fails loudly instead
of interleaving with the first.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from policies.errors import AlreadyExists, JournalError
from policies.lifecycle import State, begin, record_result
from policies.observation import Signal
from policies.plan import Plan
from rollway.aws.objects import ObjectStore
from rollway.journal.records import RECORD, Carried, Decided, Record, Started

_DIGITS: Final = 6


@dataclass(frozen=True)
class Chronicle:
    """A journal as it was read.

    Attributes:
        records: every record, oldest first.
        plan: the rollout's plan.
        state: the state that the next look starts from.
    """

    records: tuple[Record, ...]
    plan: Plan
    state: State

    @property
    def last_sign(self) -> datetime:
        """When the rollout last wrote anything."""
        return self.records[-1].at


class Journal:
    """Writes and reads the journal of one rollout.

    Attributes:
        store: where the journal lies.
    """

    def __init__(self, store: ObjectStore, rollout_id: str, written: int = 0) -> None:
        self.store = store
        self._rollout_id = rollout_id
        self._written = written

    def append(self, record: Record) -> None:
        """Write the next record.

        Raises:
            JournalError: another process writes for this rollout.
        """
        number = self._written + 1
        key = f"{self._records}{number:0{_DIGITS}d}-{record.kind}.json"
        try:
            self.store.create(key, record.model_dump_json(indent=2))
        except AlreadyExists as error:
            raise JournalError(
                f"record {number} of rollout {self._rollout_id} was written by another process",
                hint="Only one process may drive a rollout; stop one of them.",
            ) from error
        self._written = number

    def read(self) -> Chronicle:
        """Read the whole journal, and go on after its last record.

        Raises:
            JournalError: there is no such rollout, a record is missing, or one is not Rollway's.
        """
        keys = self.store.list_keys(self._records)
        records = tuple(self._read_record(key, number) for number, key in enumerate(keys, start=1))
        if not records or not isinstance(records[0], Started):
            raise JournalError(f"there is no rollout {self._rollout_id} in this journal")
        self._written = len(records)
        plan = records[0].plan
        return Chronicle(records, plan, _replay(plan, records))

    def send_signal(self, signal: Signal, at: datetime) -> None:
        """Ask the rollout for something; it hears at its next look."""
        name = f"{at:%Y%m%dT%H%M%S%f}Z-{signal.verb}.json"
        self.store.create(self._signals + name, signal.model_dump_json(indent=2))

    def read_signals(self) -> tuple[Signal, ...]:
        """Return what people have asked for, oldest first."""
        keys = self.store.list_keys(self._signals)
        stored = (self.store.read(key) for key in keys)
        return tuple(Signal.model_validate_json(each.body) for each in stored if each is not None)

    @property
    def _records(self) -> str:
        return f"rollouts/{self._rollout_id}/records/"

    @property
    def _signals(self) -> str:
        return f"rollouts/{self._rollout_id}/signals/"

    def _read_record(self, key: str, number: int) -> Record:
        stored = self.store.read(key)
        if stored is None or not key.removeprefix(self._records).startswith(f"{number:0{_DIGITS}d}-"):
            raise JournalError(f"record {number} of rollout {self._rollout_id} is missing; found {key}")
        try:
            return RECORD.validate_json(stored.body)
        except ValidationError as error:
            raise JournalError(f"{key} is not a record that this version of Rollway can read") from error


def _replay(plan: Plan, records: tuple[Record, ...]) -> State:
    state = begin(plan)
    for record in records:
        if isinstance(record, Decided):
            state = record.state
        elif isinstance(record, Carried):
            state = record_result(state, record.command, record.result, record.at)
    return state
