"""One rollout's journal: numbered records below ``rollouts/<id>/records/``, and the signals that people send it.

A number is taken by creating its object, which only one writer can: a second process writing for the same rollout fails loudly instead
of interleaving with the first. Records never change, so none is read twice.
"""

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Final

from pydantic import TypeAdapter

from policies.errors import AlreadyExists, JournalError, TransientAwsError
from policies.lifecycle import State, begin, follow_the_winner, record_intent, record_result
from policies.observation import Signal
from policies.plan import Plan
from policies.taking_up import leave_out
from rollway.aws.objects import ObjectStore
from rollway.journal.documents import read_document, stamp, write_document
from rollway.journal.records import RECORD, Carried, Decided, Intended, Record, Started, TakenUp

log = logging.getLogger(__name__)

_NAME: Final = re.compile(r"\d{6}\.json")
_SIGNAL: Final = TypeAdapter(Signal)


@dataclass(frozen=True)
class Chronicle:
    """A journal as it was read.

    Attributes:
        records: every record, oldest first.
        plan: the rollout's plan; once an A/B test has a winner, as a rollout of that one.
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
        unreadable: names of the signals that could not be read, and are not heeded.
    """

    def __init__(self, store: ObjectStore, rollout_id: str) -> None:
        self.store = store
        self.unreadable: list[str] = []
        self._rollout_id = rollout_id
        self._written = 0
        self._unanswered: set[str] = set()
        self._records: list[Record] = []
        self._signals: dict[str, Signal | None] = {}

    def append(self, record: Record) -> None:
        """Write the next record. After an error of AWS it may be repeated, or left out: what then arrives late does no harm.

        Raises:
            JournalError: another process writes for this rollout.
            AwsError: the store cannot be reached; the record may have been written all the same.
        """
        body = write_document(record)
        while self._take_number(body) != body:
            pass

    def is_empty(self) -> bool:
        """Say whether nothing was ever recorded for this rollout.

        Raises:
            AwsError: the store cannot be read.
        """
        return not self.store.list_keys(self._records_folder)

    def read(self) -> Chronicle:
        """Read what is new in the journal, and go on after its last record.

        Raises:
            JournalError: there is no such rollout, a record is missing, or one is not Rollway's.
            AwsError: the store cannot be read.
        """
        folder, known = self._records_folder, len(self._records)
        after = self._key(known) if known else ""
        for number, key in enumerate(self.store.list_keys(folder, after=after), start=known + 1):
            self._records.append(self._read_record(key, number))
        started = self._records[0] if self._records else None
        if not isinstance(started, Started):
            raise JournalError(f"there is no rollout {self._rollout_id} in this journal")
        self._written = len(self._records)
        state = _replay(started.plan, self._records)
        return Chronicle(tuple(self._records), follow_the_winner(started.plan, state), state)

    def send_signal(self, signal: Signal, at: datetime) -> str:
        """Ask the rollout for something; it hears at its next look. Return the signal's id.

        Raises:
            AwsError: the store cannot be reached.
        """
        name = f"{stamp(at)}-{signal.verb}-{token_hex(4)}"  # two people may ask in the same microsecond
        body = signal.model_dump_json(indent=2, exclude={"id"})
        self.store.create(f"{self._signals_folder}{name}.json", body)
        return name

    def read_signals(self) -> tuple[Signal, ...]:
        """Return what people have asked for, oldest first. A signal that cannot be read is skipped and told of once.

        Raises:
            AwsError: the store cannot be read.
        """
        # All names every time: the sender's clock is in them, so a new one may sort before those that were read.
        keys = self.store.list_keys(self._signals_folder)
        for key in keys:
            if key not in self._signals:
                self._signals[key] = self._read_signal(key)
        return tuple(signal for key in keys if (signal := self._signals[key]) is not None)

    @property
    def _records_folder(self) -> str:
        return f"rollouts/{self._rollout_id}/records/"

    @property
    def _signals_folder(self) -> str:
        return f"rollouts/{self._rollout_id}/signals/"

    def _key(self, number: int) -> str:
        """Return a record's key. It is the number alone: with its kind in it, two writers could both take one number."""
        return f"{self._records_folder}{number:06d}.json"

    def _take_number(self, body: str) -> str:
        """Write a text under the next number; return the one that is there: an earlier one of ours, whose answer was lost, may be."""
        number = self._written + 1
        try:
            self.store.create(self._key(number), body)
        except TransientAwsError:
            self._unanswered.add(body)
            raise
        except AlreadyExists as error:
            stored = self.store.read(self._key(number))
            if stored is None or stored.body not in self._unanswered:
                raise JournalError(
                    f"record {number} of rollout {self._rollout_id} was written by another process",
                    hint="Only one process may drive a rollout; stop one of them.",
                ) from error
            body = stored.body
        self._written = number
        self._unanswered.discard(body)
        return body

    def _read_record(self, key: str, number: int) -> Record:
        if not _NAME.fullmatch(key.removeprefix(self._records_folder)):
            raise JournalError(
                f"{self.store.url(key)} is no record of a rollout", hint="Move it away: only Rollway writes there."
            )
        found = read_document(self.store, key, RECORD)
        if found is None or key != self._key(number):
            raise JournalError(
                f"record {number} of rollout {self._rollout_id} is missing; found {self.store.url(key)}",
                hint="Restore it where the bucket keeps versions. Without it nobody can tell what the rollout did.",
            )
        return found[0]

    def _read_signal(self, key: str) -> Signal | None:
        name = key.removeprefix(self._signals_folder)
        try:
            found = read_document(self.store, key, _SIGNAL)
        except JournalError as error:
            log.warning("a signal to rollout %s is not heeded: %s", self._rollout_id, error)
            self.unreadable.append(name)
            return None
        return found[0].model_copy(update={"id": name.removesuffix(".json")}) if found else None


def _replay(plan: Plan, records: list[Record]) -> State:
    state = begin(plan)
    for record in records:
        if isinstance(record, Decided):
            state = record.state
        elif isinstance(record, Intended):
            state = record_intent(state, record.command, record.at)
        elif isinstance(record, Carried):
            state = record_result(state, record.command, record.result, record.at)
        elif isinstance(record, TakenUp):
            state = leave_out(state, record.silent_for, record.at)
    return state
