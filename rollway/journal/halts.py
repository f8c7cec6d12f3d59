"""The halt of every rollout that shares a journal, and the failures that may call for one.

``halt.json`` tells of the newest halt and, once it is lifted, of that: nothing is ever deleted. Failures are told by the names of their
objects alone, so looking for a storm costs one listing.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter, ValidationError

from policies.errors import AlreadyExists, JournalError
from policies.observation import Halt
from policies.values import Frozen
from rollway.aws.errors import ObjectChanged
from rollway.aws.objects import ForeignObject, ObjectStore
from rollway.journal.documents import Document, read_document, read_stamp, stamp, write_document

_KEY: Final = "halt.json"
_HISTORY: Final = "halts/"
_FAILURES: Final = "failures/"
_SUFFIX: Final = ".json"


class Lifting(Frozen):
    """The end of a halt.

    Attributes:
        at: when.
        by: who lifted it.
        reason: why.
    """

    at: datetime
    by: str
    reason: str


class HaltRecord(Document):
    """What ``halt.json`` says.

    Attributes:
        halt: the newest halt.
        lifted: its end; None while it is in force.
    """

    halt: Halt
    lifted: Lifting | None = None


_RECORD: Final = TypeAdapter(HaltRecord)
_MOST_TOLD: Final = 200
"""Characters of a hand-written halt that are told as its reason."""


@dataclass(frozen=True)
class _Found:
    """A halt's record and the ETag of its object."""

    record: HaltRecord
    etag: str


def read_halt(store: ObjectStore) -> Halt | None:
    """Return the halt in force, or None.

    A ``halt.json`` that Rollway cannot read is taken for a halt: somebody may have put it there by hand, in a hurry.

    Raises:
        AwsError: the store cannot be read.
    """
    found = _find(store)
    return found.record.halt if found and not found.record.lifted else None


def recent_halts(store: ObjectStore, since: datetime) -> tuple[HaltRecord, ...]:
    """Return the halts that were called after a moment and, whenever it was called, the newest one; oldest first.

    Raises:
        JournalError: this version of Rollway cannot read one of them.
        AwsError: the store cannot be read.
    """
    keys = store.list_keys(_HISTORY, after=_HISTORY + stamp(since))
    read = (read_document(store, key, _RECORD) for key in keys)
    found = {record.halt.since: record for record, _ in filter(None, read)}
    newest = _find(store)
    if newest:
        found[newest.record.halt.since] = newest.record
    return tuple(found[at] for at in sorted(found))


def call_halt(store: ObjectStore, halt: Halt) -> Halt:
    """Halt every rollout and return the halt in force: one that is in force already stays as it is.

    Raises:
        AwsError: the store cannot be reached.
    """
    found = _find(store)
    if found and not found.record.lifted:
        return found.record.halt
    body = write_document(HaltRecord(halt=halt))
    try:
        if found:
            _archive(store, found.record)  # whoever lifted it may have died before they could
            store.replace(_KEY, body, found.etag)
        else:
            store.create(_KEY, body)
    except (AlreadyExists, ObjectChanged):
        return read_halt(store) or call_halt(store, halt)
    return halt


def lift_halt(store: ObjectStore, by: str, reason: str) -> Halt | None:
    """Lift the halt in force, keep it in ``halts/`` and return it; None when there is none.

    Raises:
        JournalError: it changed while it was being lifted.
        AwsError: the store cannot be reached.
    """
    found = _find(store)
    if found is None or found.record.lifted:
        return None
    lifting = Lifting(at=store.server_now(), by=by, reason=reason)
    record = found.record.model_copy(update={"lifted": lifting})
    try:
        store.replace(_KEY, write_document(record), found.etag)
    except ObjectChanged as error:
        hint = "Look at it again: rollway status."
        raise JournalError(f"{store.url(_KEY)} was changed by somebody else at the same moment", hint) from error
    _archive(store, record)
    return record.halt


def note_failure(store: ObjectStore, endpoint: str, at: datetime) -> None:
    """Note that a gate failed on an endpoint. Harmless when repeated.

    Raises:
        AwsError: the store cannot be reached.
    """
    with suppress(AlreadyExists):
        store.create(f"{_FAILURES}{stamp(at)}-{endpoint}{_SUFFIX}", "{}\n")


def recent_failures(store: ObjectStore, since: datetime) -> tuple[tuple[datetime, str], ...]:
    """Return when a gate failed and on which endpoint, oldest first; what is no note of a failure is skipped.

    Raises:
        AwsError: the store cannot be read.
    """
    found: list[tuple[datetime, str]] = []
    for key in store.list_keys(_FAILURES, after=_FAILURES + stamp(since)):
        time, _, endpoint = key.removeprefix(_FAILURES).removesuffix(_SUFFIX).partition("-")
        at = read_stamp(time)
        if at is not None:
            found.append((at, endpoint))
    return tuple(found)


def _find(store: ObjectStore) -> _Found | None:
    try:
        stored = store.read(_KEY)
    except ForeignObject as error:
        stored = error.stored
    if stored is None:
        return None
    try:
        return _Found(_RECORD.validate_json(stored.body), stored.etag)
    except ValidationError:
        told = " ".join(stored.body[:_MOST_TOLD].split())
        reason = f"{store.url(_KEY)} is there, though not as Rollway writes it; it says: {told or 'nothing'}"
        return _Found(
            HaltRecord(halt=Halt(since=stored.modified_at, reason=reason, by="whoever put it there")), stored.etag
        )


def _archive(store: ObjectStore, record: HaltRecord) -> None:
    with suppress(AlreadyExists):
        store.create(f"{_HISTORY}{stamp(record.halt.since)}{_SUFFIX}", write_document(record))
