"""Going through all bindings that are due, one after another. When each was looked at last is kept in the journal."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from policies.bindings.spec import LOOK_EVERY, Binding, Bindings
from policies.errors import AlreadyExists, RolloutError
from rollway.aws.errors import ObjectChanged
from rollway.aws.objects import ObjectStore
from rollway.journal.documents import Document, read_document, write_document
from rollway.registries.catching_up import Followed, Reach, Starter, follow

log = logging.getLogger(__name__)

_FOLDER: Final = "bindings/looks/"


class UnknownBinding(RolloutError):
    """A binding is named that the file does not have."""

    code = "unknown_binding"


class LastLook(Document):
    """When a binding was looked at.

    Attributes:
        at: when.
    """

    at: datetime


_LOOK: Final = TypeAdapter(LastLook)


@dataclass(frozen=True)
class Wanted:
    """Which bindings a poll is about.

    Attributes:
        only: names of bindings; empty for all of them.
        on_schedule: whether it is about those that follow on schedule; about those that follow at once otherwise.
    """

    only: tuple[str, ...] = ()
    on_schedule: bool = False


def poll(reach: Reach, bindings: Bindings, wanted: Wanted, begin: Starter) -> list[Followed]:
    """Follow every binding that is due, and return what became of each.

    Raises:
        UnknownBinding: one is named that there is not.
    """
    return [_follow(reach, binding, begin) for binding in choose(reach.store, bindings, wanted, reach.now())]


def choose(store: ObjectStore, bindings: Bindings, wanted: Wanted, now: datetime) -> Iterator[Binding]:
    """Yield the bindings that a poll is about and that are due. One that is named, or scheduled, is due whenever it is asked for.

    Raises:
        UnknownBinding: one is named that there is not.
    """
    unknown = sorted(set(wanted.only) - {each.name for each in bindings.bindings})
    if unknown:
        known = ", ".join(each.name for each in bindings.bindings)
        raise UnknownBinding(f"there is no binding {', '.join(unknown)}", hint=f"The file has: {known}.")
    for each in bindings.bindings:
        if each.name in wanted.only if wanted.only else _is_meant(store, each, wanted, now):
            yield each


def _is_meant(store: ObjectStore, binding: Binding, wanted: Wanted, now: datetime) -> bool:
    if (binding.follow == "on_schedule") != wanted.on_schedule:
        return False
    return wanted.on_schedule or _is_due(store, binding, now)


def _is_due(store: ObjectStore, binding: Binding, now: datetime) -> bool:
    """Say whether it is time to look; where nobody can tell, it is. Runs are not on time to the second: half their distance is forgiven."""
    if binding.every <= LOOK_EVERY:
        return True
    try:
        found = read_document(store, _key(binding), _LOOK)
    except RolloutError as error:
        log.warning("when binding %s was last looked at is not known: %s", binding.name, error)
        return True
    return found is None or now - found[0].at >= binding.every - LOOK_EVERY / 2


def _follow(reach: Reach, binding: Binding, begin: Starter) -> Followed:
    followed = follow(reach, binding, begin)
    if binding.every > LOOK_EVERY and not followed.trouble:
        _note(reach.store, binding, reach.now())
    return followed


def _note(store: ObjectStore, binding: Binding, now: datetime) -> None:
    body = write_document(LastLook(at=now))
    try:
        found = read_document(store, _key(binding), _LOOK)
        if found is None:
            store.create(_key(binding), body)
        else:
            store.replace(_key(binding), body, found[1].etag)
    except (AlreadyExists, ObjectChanged):
        pass  # somebody else has looked just now
    except RolloutError as error:
        log.warning("that binding %s was looked at could not be noted: %s", binding.name, error)


def _key(binding: Binding) -> str:
    return f"{_FOLDER}{binding.name}.json"
