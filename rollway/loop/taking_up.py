"""Taking up rollouts whose process is gone, from the journal and the endpoint alone. Any process can do it for any rollout."""

import logging
from datetime import datetime
from typing import Final

from policies import taking_up
from policies.errors import JournalError, RolloutError
from policies.lifecycle import Outcome
from rollway.aws.objects import ObjectStore
from rollway.aws.session import process_id
from rollway.journal import leases
from rollway.journal.journal import Chronicle, Journal
from rollway.journal.leases import Held, Standing
from rollway.journal.records import TakenUp
from rollway.loop.concluding import conclude
from rollway.loop.hands import Hands
from rollway.loop.rollout import Rollout
from rollway.loop.starting import whoami

log = logging.getLogger(__name__)

_TRIES: Final = 5
"""How often the last words of the process before, written while we read, may spoil our own first record."""


def take_up(store: ObjectStore, endpoint: str, hands: Hands, now: datetime, *, force: bool = False) -> Rollout | None:
    """Take the newest rollout of an endpoint out of dead hands.

    Args:
        store: the journal.
        endpoint: the endpoint.
        hands: how this process reads and changes the world.
        now: this machine's time.
        force: also when its lease has not run out: its process is fenced off from now on.

    Returns:
        the rollout, or None when nothing was left to do but to free the endpoint.

    Raises:
        JournalError: somebody else was faster, holds it still, or there is nothing to take up.
    """
    standing = leases.read_standing(store, endpoint)
    if standing is None or standing.lease.outcome is not None:
        raise JournalError(f"no rollout of endpoint {endpoint} is under way")
    held = leases.take_up(store, endpoint, standing.lease.rollout_id, by=whoami(), force=force)
    try:
        return _resume(store, held, standing, hands, now + held.offset)
    except RolloutError:
        _let_go(held)
        raise


def _resume(store: ObjectStore, held: Held, standing: Standing, hands: Hands, now: datetime) -> Rollout | None:
    journal = Journal(store, standing.lease.rollout_id)
    if journal.is_empty():
        held.release(Outcome.ABORTED)  # it died before its first record, so before it touched anything
        return None
    chronicle = _sign(journal, held, standing, now)
    state = taking_up.take_up(chronicle.plan, chronicle.state, standing.silent_for, now)
    if taking_up.is_over(state) and state.ending is not None:
        held.release(state.ending.outcome, conclude(chronicle.plan, state, state.ending))
        return None
    last_sign = now - standing.silent_for
    return Rollout(chronicle.plan, state, journal, hands, held, unobserved_since=last_sign)


def _sign(journal: Journal, held: Held, before: Standing, now: datetime) -> Chronicle:
    """Read the journal and put our name below it. The lease is ours: whoever still writes is stopped by our record."""
    record = TakenUp(
        at=now,
        by=whoami(),
        process=process_id(),
        token=held.lease.token,
        silent_for=before.silent_for,
        why="its process gave way" if before.lease.offered else "its process is gone",
    )
    for attempt in range(1, _TRIES + 1):
        chronicle = journal.read()
        try:
            journal.append(record)
        except JournalError:
            if attempt == _TRIES:
                raise
        else:
            return chronicle
    raise AssertionError("the loop returns or raises")


def _let_go(held: Held) -> None:
    try:
        held.let_go()
    except RolloutError as error:
        log.warning("cannot hand over endpoint %s before its lease runs out: %s", held.endpoint, error)
