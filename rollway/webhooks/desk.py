"""The desk: takes open events to the handler, settles what is handled, tries again what failed. Decides when, and waits for nothing."""

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policies.bindings.event import Handled, RegistryEvent
from policies.errors import RolloutError
from rollway.webhooks.figures import Figures
from rollway.webhooks.inbox import Entry, Inbox, Settlement
from rollway.webhooks.logs import fields

_log = logging.getLogger(__name__)

Handler = Callable[[RegistryEvent], Handled]
"""Sees to an event. May be called again with the same event, and has to do nothing twice. Raises ``RolloutError`` to be called again."""

GIVE_UP_AFTER: Final = timedelta(hours=24)
LOOK_EVERY: Final = timedelta(seconds=10)
_LONGEST_PAUSE_S: Final = 300


@dataclass(frozen=True)
class _Trouble:
    tries: int
    again_at: datetime


def pause_after(tries: int, luck: float = 0.0) -> timedelta:
    """Return the pause after so many failures: 1 s, doubled each time, 5 minutes at most; and up to a tenth more, by luck in [0, 1)."""
    seconds = min(_LONGEST_PAUSE_S, 2 ** min(tries - 1, 20))
    return timedelta(seconds=seconds * (1 + luck / 10))


class Desk:
    """Sees to it that every event of an inbox is handled. May be shared between threads."""

    def __init__(self, inbox: Inbox, handle: Handler, figures: Figures) -> None:
        self._inbox = inbox
        self._handle = handle
        self._figures = figures
        self._troubles: dict[str, _Trouble] = {}
        self._lock = threading.Lock()

    def due(self, now: datetime) -> tuple[str, ...]:
        """Return the names of open events that are to be taken to the handler now.

        Raises:
            AwsError: the store cannot be read.
        """
        names = self._inbox.list_open()
        self._figures.open.set(len(names))
        with self._lock:
            self._troubles = {name: self._troubles[name] for name in names if name in self._troubles}
            return tuple(name for name in names if name not in self._troubles or self._troubles[name].again_at <= now)

    def next_look(self, now: datetime) -> timedelta:
        """Return how long until something that failed is due again; ten seconds at most."""
        with self._lock:
            pauses = [trouble.again_at - now for trouble in self._troubles.values()]
        return max(timedelta(), min([LOOK_EVERY, *pauses]))

    def work(self, name: str, now: datetime) -> None:
        """Take one event to the handler, and settle it or note when to try again. Never raises."""
        entry: Entry | None = None
        try:
            entry = self._inbox.open(name)
            if entry is not None:
                self._settle(name, entry, self._handle(entry.event), now)
        except Exception as error:  # noqa: BLE001 - whatever a handler does, its event is kept
            self._fail(name, entry, error, now)
        else:
            with self._lock:
                self._troubles.pop(name, None)

    def _settle(self, name: str, entry: Entry, handled: Handled, now: datetime) -> None:
        tries = self._tries(name) + 1
        settlement = Settlement(outcome="handled", at=now, why=handled.why, started=handled.started, tries=tries)
        self._inbox.settle(entry, settlement)
        self._figures.handled.labels("handled").inc()
        told = fields(name=name, model=entry.event.model, started=handled.started, why=handled.why, tries=tries)
        _log.info("handled", extra=told)

    def _fail(self, name: str, entry: Entry | None, error: Exception, now: datetime) -> None:
        tries = self._tries(name) + 1
        pause = pause_after(tries, random.random())  # noqa: S311 - so that several do not come back at once
        with self._lock:
            self._troubles[name] = _Trouble(tries, now + pause)
        why = str(error) if isinstance(error, RolloutError) else f"an error in Rollway: {type(error).__name__}"
        if entry is not None and now - entry.received_at >= GIVE_UP_AFTER and self._give_up(entry, why, tries, now):
            return
        self._figures.handled.labels("failed").inc()
        again = fields(name=name, why=why, tries=tries, again_in_s=round(pause.total_seconds(), 1))
        _log.warning("not handled; it is kept and tried again", extra=again, exc_info=_unforeseen(error))

    def _give_up(self, entry: Entry, why: str, tries: int, now: datetime) -> bool:
        """Settle an event that failed for a day, and say whether that could be kept."""
        try:
            self._inbox.settle(entry, Settlement(outcome="given up", at=now, why=why, tries=tries))
        except RolloutError:
            return False
        self._figures.handled.labels("given_up").inc()
        told = fields(registry=entry.event.registry, model=entry.event.model, why=why, tries=tries)
        _log.error("given up after a day of failures: roll it out by hand if it is still wanted", extra=told)
        return True

    def _tries(self, name: str) -> int:
        with self._lock:
            trouble = self._troubles.get(name)
        return trouble.tries if trouble else 0


def _unforeseen(error: Exception) -> Exception | None:
    return None if isinstance(error, RolloutError) else error
