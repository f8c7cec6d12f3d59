"""The inbox: events that were let in, kept in the journal's store until they are handled.

``inbox/open/…`` marks what is to be handled, with the whole event; ``inbox/events/…`` says that an event is known, for ever;
``inbox/settled/…`` says what came of it; ``inbox/turns/…`` says what was last said of something by senders that give their events no id.
A mark is written before the event and deleted after its settlement. So whenever a process dies, an event is either not let in yet, or found
open by the next process. Listing what is open costs nothing for what is over.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import TypeAdapter

from policies.bindings.event import RegistryEvent
from policies.errors import AlreadyExists, JournalError
from rollway.aws.errors import ObjectChanged
from rollway.aws.objects import ObjectStore
from rollway.journal.documents import Document, read_document, stamp, write_document

_OPEN: Final = "inbox/open/"
_EVENTS: Final = "inbox/events/"
_SETTLED: Final = "inbox/settled/"
_TURNS: Final = "inbox/turns/"
_SUFFIX: Final = ".json"
_TRIES: Final = 5
REPEATED_WITHIN: Final = timedelta(minutes=15)
"""How long the same words, with no others in between, count as a repeated delivery where the sender gives no id."""


class Entry(Document):
    """An event that was let in.

    Attributes:
        event: the event.
        door: by which sender's door, or which queue.
        received_at: when.
    """

    event: RegistryEvent
    door: str
    received_at: datetime


class Settlement(Document):
    """What came of an event.

    Attributes:
        outcome: ``handled``, or ``given up`` after many failures.
        at: when it was settled.
        why: one sentence for a person.
        started: what was started for it.
        tries: how often it was tried by the process that settled it.
    """

    outcome: Literal["handled", "given up"]
    at: datetime
    why: str
    started: tuple[str, ...] = ()
    tries: int


class Turn(Document):
    """What was last said of something by a sender that gives its events no id.

    Attributes:
        content: digest of what was said.
        id: the event that it became.
        at: when it was received.
        number: how many events there have been, so that two of the same moment have different ids.
    """

    content: str
    id: str
    at: datetime
    number: int


_ENTRY: Final = TypeAdapter(Entry)
_TURN: Final = TypeAdapter(Turn)
_SETTLEMENT: Final = TypeAdapter(Settlement)


def name_of(event: RegistryEvent) -> str:
    """Return an event's name in the inbox: its registry and a digest of its id, which may hold anything."""
    return f"{event.registry}/{hashlib.sha256(event.id.encode()).hexdigest()}"


@dataclass(frozen=True)
class Inbox:
    """The inbox in one journal. Every method raises ``AwsError`` when the store cannot be reached.

    Attributes:
        store: the journal's.
    """

    store: ObjectStore

    def identify(self, entry: Entry) -> Entry:
        """Return an entry with the id of its own event, where its sender gives none.

        The same words are a repeated delivery of the same event while nothing else was said in between, for a quarter of an hour. After
        other words of the same model, happening and label, or later than that, they are another event.

        Raises:
            JournalError: others kept changing what was last said, or it is not Rollway's.
        """
        event = entry.event
        if event.named_by == "delivery":
            return entry
        key = _turn_key(event)
        for _ in range(_TRIES):
            found = read_document(self.store, key, _TURN)
            if found is not None and _is_repeated(found[0], entry):
                return _with_id(entry, found[0].id)
            turn = _next_turn(entry, found[0].number if found else 0)
            try:
                if found is None:
                    self.store.create(key, write_document(turn))
                else:
                    self.store.replace(key, write_document(turn), found[1].etag)
            except (AlreadyExists, ObjectChanged):
                continue
            return _with_id(entry, turn.id)
        raise JournalError(f"{self.store.url(key)} was changed by others {_TRIES} times in a row", hint="Try again.")

    def put(self, entry: Entry) -> bool:
        """Keep an event, and say whether it is new. Once this returns, the event will be handled."""
        name, body = name_of(entry.event), write_document(entry)
        with suppress(AlreadyExists):  # another delivery of the same event got that far; the next line decides
            self.store.create(_key(_OPEN, name), body)
        try:
            self.store.create(_key(_EVENTS, name), body)
        except AlreadyExists:
            return False
        return True

    def list_open(self) -> tuple[str, ...]:
        """Return the names of what is open, and of a few that are over and not cleared yet; in no order."""
        return tuple(key.removeprefix(_OPEN).removesuffix(_SUFFIX) for key in self.store.list_keys(_OPEN))

    def open(self, name: str) -> Entry | None:
        """Return what is open under a name, or None when it is over.

        Raises:
            JournalError: what lies there is not ours.
        """
        if self.settlement(name) is not None:
            self.store.delete(_key(_OPEN, name))
            return None
        found = read_document(self.store, _key(_OPEN, name), _ENTRY)
        if found is None:
            return None
        entry, stored = found
        with suppress(AlreadyExists):  # whoever wrote the mark may have died before
            self.store.create(_key(_EVENTS, name), stored.body)
        return entry

    def settle(self, entry: Entry, settlement: Settlement) -> None:
        """Keep what came of an event, and close it."""
        name = name_of(entry.event)
        with suppress(AlreadyExists):
            self.store.create(_key(_SETTLED, name), write_document(settlement))
        self.store.delete(_key(_OPEN, name))

    def settlement(self, name: str) -> Settlement | None:
        """Return what came of an event; None while it is open."""
        found = read_document(self.store, _key(_SETTLED, name), _SETTLEMENT)
        return found[0] if found else None


def _key(prefix: str, name: str) -> str:
    return f"{prefix}{name}{_SUFFIX}"


def _turn_key(event: RegistryEvent) -> str:
    about = f"{event.model}\n{event.happening}\n{event.label}"
    return _key(_TURNS, f"{event.registry}/{hashlib.sha256(about.encode()).hexdigest()}")


def _next_turn(entry: Entry, number: int) -> Turn:
    content, at = entry.event.id, entry.received_at
    return Turn(content=content, id=f"{content}.{stamp(at)}.{number + 1}", at=at, number=number + 1)


def _is_repeated(last: Turn, entry: Entry) -> bool:
    return last.content == entry.event.id and abs(entry.received_at - last.at) <= REPEATED_WITHIN


def _with_id(entry: Entry, event_id: str) -> Entry:
    return entry.model_copy(update={"event": entry.event.model_copy(update={"id": event_id})})
