"""Registries that cannot be read back: the newest of their events that was taken at its word, kept in the journal.

One object for each binding, changed by compare-and-set, so an event that comes late never takes the place of a newer one, and what the
registry last said can be asked again when the event itself has been lost.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import TypeAdapter

from policies.bindings.event import RegistryEvent
from policies.bindings.registered import Registered
from policies.bindings.spec import Binding, When
from policies.errors import AlreadyExists, JournalError
from rollway.aws.errors import ObjectChanged
from rollway.aws.objects import ObjectStore
from rollway.journal.documents import Document, read_document, write_document

_FOLDER: Final = "bindings/words/"
_TRIES: Final = 5


class Word(Document):
    """The newest event of a binding.

    Attributes:
        event: the event.
        passed: ids of events of the same moment that it took the place of: clocks that count seconds cannot order those, so the later
            arrival counts, and an earlier one that is handled again does not come back.
    """

    event: RegistryEvent
    passed: tuple[str, ...] = ()


_WORD: Final = TypeAdapter(Word)


@dataclass(frozen=True)
class LastWord:
    """What a registry has last said to one binding.

    Attributes:
        store: the journal.
        binding: the binding.
    """

    store: ObjectStore
    binding: Binding

    def take(self, event: RegistryEvent) -> bool:
        """Keep an event unless a newer one is known; say whether it is the newest.

        Raises:
            JournalError: others kept changing it, or it is not Rollway's.
            AwsError: the journal cannot be reached.
        """
        for _ in range(_TRIES):
            found = read_document(self.store, self._key, _WORD)
            if found is not None and not _is_newer(event, found[0]):
                return found[0].event.id == event.id
            body = write_document(Word(event=event, passed=_passed(event, found[0] if found else None)))
            try:
                if found is None:
                    self.store.create(self._key, body)
                else:
                    self.store.replace(self._key, body, found[1].etag)
            except (AlreadyExists, ObjectChanged):
                continue
            return True
        raise JournalError(
            f"{self.store.url(self._key)} was changed by others {_TRIES} times in a row", hint="Try again."
        )

    def find(self, model: str, when: When) -> Registered | None:
        """Return the version that the last event named, or None when there was none for this model.

        Raises:
            JournalError: what is kept is not Rollway's.
            AwsError: the journal cannot be reached.
        """
        found = read_document(self.store, self._key, _WORD)
        event = found[0].event if found else None
        if event is None or (event.registry, event.model) != (self.binding.registry, model) or not event.version:
            return None
        key, separator, value = event.label.partition("=")
        return Registered(
            registry=event.registry,
            model=model,
            version=event.version,
            aliases=(event.label,) if when.alias is not None and event.label else (),
            tags={key: value} if separator else {},
            approval="approved" if event.happening == "approved" else "unknown",
            created_at=event.at,
        )

    @property
    def _key(self) -> str:
        return f"{_FOLDER}{self.binding.name}.json"


def _is_newer(event: RegistryEvent, word: Word) -> bool:
    if event.at == word.event.at:
        return event.id != word.event.id and event.id not in word.passed
    return event.at > word.event.at


def _passed(event: RegistryEvent, word: Word | None) -> tuple[str, ...]:
    if word is None or event.at != word.event.at:
        return ()
    return (*word.passed, word.event.id)
