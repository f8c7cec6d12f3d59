"""Whoever tells people who are not watching. The loop says what happens and waits for nothing: telling never delays or fails a rollout."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Protocol

from policies.decision import Decision
from rollway.aws.objects import ObjectStore
from rollway.journal.leases import Standings
from rollway.loop.rollout import Rollout

log = logging.getLogger(__name__)


class Teller(Protocol):
    """Tells people; what it does with what it hears, it does elsewhere and later."""

    def hear(self, rollout: Rollout, decision: Decision, now: datetime) -> None:
        """Hear what a rollout has decided and done. Must return at once."""
        ...

    def look_back(self, store: ObjectStore, standings: Standings) -> None:
        """Hear which rollouts there are and were in a journal, to tell what nobody has told. Must return at once."""
        ...


_teller: ContextVar[Teller | None] = ContextVar("teller", default=None)


@contextmanager
def told_by(teller: Teller) -> Generator[None]:
    """Have a teller hear of everything that is driven inside the block."""
    token = _teller.set(teller)
    try:
        yield
    finally:
        _teller.reset(token)


def tell(rollout: Rollout, decision: Decision, now: datetime) -> None:
    """Let the teller hear of a tick, if there is one. Never raises."""
    teller = _teller.get()
    try:
        if teller is not None:
            teller.hear(rollout, decision, now)
    except Exception:
        log.exception("cannot tell anybody of rollout %s", rollout.plan.rollout_id)


def tell_of_all(store: ObjectStore, standings: Standings) -> None:
    """Let the teller look back at a journal, if there is one. Never raises."""
    teller = _teller.get()
    try:
        if teller is not None:
            teller.look_back(store, standings)
    except Exception:
        log.exception("cannot look back at what was not told")
