"""The fleet's own record in the journal: what it is, and what became of each endpoint. One object, changed by compare-and-set only.

It holds what no endpoint's journal can tell: which rollouts the fleet has begun. How those ended is read from their own journals.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from policies.errors import AlreadyExists, JournalError
from policies.fleet.deciding import FleetOutcome, Stand, Standing, Stop
from policies.fleet.spec import FleetSpec
from policies.values import Frozen
from rollway.aws.errors import ObjectChanged
from rollway.aws.objects import ObjectStore
from rollway.journal.documents import Document, read_document, write_document

_FOLDER: Final = "fleets/"
_RECORD_NAME: Final = "/fleet.json"


class Entry(Frozen):
    """One endpoint of the fleet.

    Attributes:
        stand: where it stands.
        since: since when.
        began: when its rollout was asked for; with endpoint and model that says which rollout it is.
        rollout_id: that rollout; empty until it has begun.
        reason: why it stands there.
    """

    stand: Stand
    since: datetime
    began: datetime
    rollout_id: str = ""
    reason: str = ""


class FleetRecord(Document):
    """Everything that is known of a fleet.

    Attributes:
        fleet: the fleet.
        entries: what has been begun, by the endpoint's key.
        outcome: how the fleet ended; None while it goes on.
        reason: why.
        round: how many times it was begun: a fleet that ended well begins anew when its endpoints serve something else since.
        writes: grows with every write, so that no two are alike.
    """

    fleet: FleetSpec
    entries: dict[str, Entry] = {}
    outcome: FleetOutcome | None = None
    reason: str = ""
    round: Annotated[int, Field(ge=1)] = 1
    writes: int = 1

    @property
    def standings(self) -> dict[str, Standing]:
        """Where each endpoint stands that has been begun."""
        return {
            key: Standing(stand=entry.stand, since=entry.since, reason=entry.reason)
            for key, entry in self.entries.items()
        }


class _StopNote(Document):
    stop: Stop


_RECORD: Final = TypeAdapter(FleetRecord)
_STOP: Final = TypeAdapter(_StopNote)


@dataclass
class Kept:
    """A fleet's record as this process knows it.

    Attributes:
        store: the journal.
        record: what it says.
        etag: names exactly this content.
    """

    store: ObjectStore
    record: FleetRecord
    etag: str

    def put(self, key: str, entry: Entry) -> None:
        """Note where an endpoint stands.

        Raises:
            JournalError: another process drives this fleet.
            AwsError: the journal cannot be written.
        """
        self._write({"entries": self.record.entries | {key: entry}})

    def finish(self, outcome: FleetOutcome, reason: str) -> None:
        """Note how the fleet ended. Raises as ``put`` does."""
        self._write({"outcome": outcome, "reason": reason})

    def begin_anew(self) -> None:
        """Begin a fleet that has ended once more, with nothing begun and no stop asked for. Raises as ``put`` does."""
        self._write({"entries": {}, "outcome": None, "reason": "", "round": self.record.round + 1})

    def read_stop(self) -> Stop | None:
        """Return the stop that a person has asked for in this round, or None.

        Raises:
            AwsError: the journal cannot be read.
        """
        found = read_document(self.store, _stop_key(self.record.fleet.fleet_id, self.record.round), _STOP)
        return found[0].stop if found else None

    def _write(self, update: dict[str, object]) -> None:
        changed = self.record.model_copy(update={**update, "writes": self.record.writes + 1})
        key = _key(self.record.fleet.fleet_id)
        try:
            self.etag = self.store.replace(key, write_document(changed), self.etag).etag
        except ObjectChanged as error:
            told = f"another process drives fleet {self.record.fleet.fleet_id}; this one stops"
            raise JournalError(told, hint=f"Watch it: rollway fleet status {self.record.fleet.fleet_id}") from error
        self.record = changed


def open_record(store: ObjectStore, fleet: FleetSpec) -> Kept:
    """Return the record of a fleet, begun now if it is a new one.

    Raises:
        JournalError: this version of Rollway cannot read it.
        AwsError: the journal cannot be reached.
    """
    found = find_record(store, fleet.fleet_id)
    if found:
        return found
    record = FleetRecord(fleet=fleet)
    try:
        written = store.create(_key(fleet.fleet_id), write_document(record))
    except AlreadyExists:
        return open_record(store, fleet)
    return Kept(store, record, written.etag)


def find_record(store: ObjectStore, fleet_id: str) -> Kept | None:
    """Return the record of a fleet, or None when the journal knows none of that id. Raises as ``open_record`` does."""
    found = read_document(store, _key(fleet_id), _RECORD)
    return Kept(store, found[0], found[1].etag) if found else None


def find_others_under_way(store: ObjectStore, fleet: FleetSpec) -> tuple[str, ...]:
    """Return the ids of fleets of the same name and other content, such as another model, that have not ended.

    One that a person has halted counts as over: its process may be gone, and what it had begun has its own lease.

    Raises:
        JournalError: a record is not Rollway's.
        AwsError: the journal cannot be read.
    """
    keys = store.list_keys(f"{_FOLDER}{fleet.name}-")
    ids = (key.removeprefix(_FOLDER).removesuffix(_RECORD_NAME) for key in keys if key.endswith(_RECORD_NAME))
    found = (find_record(store, each) for each in ids if each != fleet.fleet_id)
    return tuple(
        each.record.fleet.fleet_id
        for each in found
        if each and each.record.fleet.name == fleet.name and each.record.outcome is None and each.read_stop() is None
    )


def ask_to_stop(store: ObjectStore, fleet_id: str, stop: Stop) -> Stop:
    """Ask a fleet to begin nothing else in this round, and return the stop in force: one that also aborts replaces one that does not.

    Raises:
        JournalError: its record is not Rollway's.
        AwsError: the journal cannot be reached.
    """
    kept = find_record(store, fleet_id)
    key, body = _stop_key(fleet_id, kept.record.round if kept else 1), write_document(_StopNote(stop=stop))
    found = read_document(store, key, _STOP)
    if found is None:
        try:
            store.create(key, body)
        except AlreadyExists:
            return ask_to_stop(store, fleet_id, stop)
        return stop
    in_force, stored = found
    if in_force.stop.abort or not stop.abort:
        return in_force.stop
    try:
        store.replace(key, body, stored.etag)
    except ObjectChanged:
        return ask_to_stop(store, fleet_id, stop)
    return stop


def _key(fleet_id: str) -> str:
    return f"{_FOLDER}{fleet_id}{_RECORD_NAME}"


def _stop_key(fleet_id: str, number: int) -> str:
    return f"{_FOLDER}{fleet_id}/stop.json" if number == 1 else f"{_FOLDER}{fleet_id}/stop-{number}.json"
