"""Taking up rollouts whose process is gone, from the journal and the endpoint alone. Any process can do it for any rollout."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policies import taking_up
from policies.errors import JournalError, RolloutError
from policies.lifecycle import Ending, Outcome
from rollway.aws.objects import ObjectStore
from rollway.aws.session import process_id
from rollway.journal import leases
from rollway.journal.journal import Chronicle, Journal
from rollway.journal.leases import Held, Standing, Standings
from rollway.journal.records import TakenUp
from rollway.loop.clock import Clock
from rollway.loop.concluding import conclude
from rollway.loop.drive import HandOver, drive_until
from rollway.loop.hands import Hands
from rollway.loop.rollout import Rollout
from rollway.loop.starting import whoami
from rollway.loop.telling import tell_of_all

log = logging.getLogger(__name__)

_TRIES: Final = 5
"""How often the last words of the process before, written while we read, may spoil our own first record."""


@dataclass(frozen=True)
class Reconciled:
    """What became of one rollout that was taken up.

    Attributes:
        endpoint: its endpoint.
        rollout_id: its name.
        ending: how it ended; None while it is under way.
        trouble: why it could not be driven; empty if it could.
    """

    endpoint: str
    rollout_id: str
    ending: Ending | None = None
    trouble: str = ""


def find_orphans(standings: Standings) -> list[tuple[str, Standing]]:
    """Return the rollouts, by endpoint, that are not over and that no process drives."""
    return [
        (endpoint, standing) for endpoint, standing in standings if standing.lease.outcome is None and standing.expired
    ]


async def reconcile(
    store: ObjectStore, make_hands: Callable[[], Hands], clock: Clock, budget: timedelta
) -> list[Reconciled]:
    """Drive every orphaned rollout, all at once, for as long as the budget lasts; what is not over then is handed over.

    Raises:
        AwsError: the journal cannot be read.
    """
    until = clock.now() + budget
    standings = await asyncio.to_thread(leases.list_standings, store)
    tell_of_all(store, standings)
    orphans = find_orphans(standings)
    return await asyncio.gather(*(_reconcile_one(store, endpoint, make_hands, clock, until) for endpoint, _ in orphans))


async def _reconcile_one(
    store: ObjectStore, endpoint: str, make_hands: Callable[[], Hands], clock: Clock, until: datetime
) -> Reconciled:
    rollout_id = ""
    try:
        rollout = await asyncio.to_thread(take_up, store, endpoint, make_hands(), clock.now())
        if rollout is None:
            return Reconciled(endpoint, rollout_id)
        rollout_id = rollout.plan.rollout_id
        return Reconciled(endpoint, rollout_id, await drive_until(rollout, clock, HandOver(until)))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one rollout, the others need their turn
        log.warning("cannot reconcile endpoint %s: %s", endpoint, error)
        return Reconciled(endpoint, rollout_id, trouble=f"{type(error).__name__}: {error}")


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
    chronicle = _sign(journal, held, standing.silent_for, now)
    state = taking_up.take_up(chronicle.plan, chronicle.state, standing.silent_for, now)
    if taking_up.is_over(state) and state.ending is not None:
        held.release(state.ending.outcome, conclude(chronicle.plan, state, state.ending))
        return None
    last_sign = now - standing.silent_for
    return Rollout(chronicle.plan, state, journal, hands, held, unobserved_since=last_sign)


def _sign(journal: Journal, held: Held, silent_for: timedelta, now: datetime) -> Chronicle:
    """Read the journal and put our name below it. The lease is ours: whoever still writes is stopped by our record."""
    record = TakenUp(
        at=now,
        by=whoami(),
        process=process_id(),
        token=held.lease.token,
        silent_for=silent_for,
        why="its process is gone",
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
