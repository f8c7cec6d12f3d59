"""Leases: the exclusive, expiring right to act on one endpoint, with a fencing token. All that callers need is here.

A lease's age is the distance between two times of the store's own clock. A lease that ran out is not free: its rollout has to be taken up
and brought to its end before the next may start.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_hex
from typing import Final

from policies.errors import AlreadyExists, JournalError, TransientAwsError
from rollway.aws.errors import ObjectChanged
from rollway.aws.fencing import Moment
from rollway.aws.objects import ObjectStore
from rollway.aws.session import process_id
from rollway.journal.held import Held
from rollway.journal.lease import EndpointTaken, Lease, LeaseLost, Past, Standing, refuse
from rollway.journal.standings import Standings, list_standings, read_standing, write_lease

__all__ = [
    "Bid",
    "EndpointTaken",
    "Held",
    "Lease",
    "LeaseLost",
    "Past",
    "Standing",
    "Standings",
    "acquire",
    "list_standings",
    "read_standing",
    "take_up",
]

_TRIES: Final = 5
"""How often to try where others keep writing; alone, one is enough, and after a lost answer two."""


@dataclass(frozen=True)
class Bid:
    """What a new rollout asks for.

    Attributes:
        rollout_id: the rollout.
        model: the model that it rolls out; of an A/B test the first challenger.
        by: who asks, as user@host.
        lasts: for how long the lease shall hold after each sign of life.
        models: all models that may take over, where there are several.
        wish: which of a registry's wishes the rollout is for; empty where none is known.
    """

    rollout_id: str
    model: str
    by: str
    lasts: timedelta
    models: tuple[str, ...] = ()
    wish: str = ""


def acquire(store: ObjectStore, endpoint: str, bid: Bid) -> Held:
    """Take an endpoint for a new rollout.

    Raises:
        EndpointTaken: a rollout is under way on it, or took it at the same moment.
        JournalError: the endpoint's object is not one that this version of Rollway can read.
        AwsError: the store cannot be reached.
    """

    def claim(standing: Standing | None) -> Lease:
        if standing is not None and standing.lease.outcome is None:
            raise refuse(endpoint, standing)
        return Lease(
            rollout_id=bid.rollout_id,
            model=bid.model,
            models=bid.models,
            wish=bid.wish,
            by=bid.by,
            since=store.server_now(),
            process=process_id(),
            token=standing.lease.token + 1 if standing else 1,
            grant=grant,
            lasts=bid.lasts,
            history=standing.lease.history if standing else (),
        )

    grant = token_hex(8)
    standing = read_standing(store, endpoint)
    if standing is not None and _is_own_bid(standing, bid):
        return Held(store, endpoint, standing)
    return _change_hands(store, endpoint, standing, claim)


def take_up(store: ObjectStore, endpoint: str, rollout_id: str, *, by: str, force: bool = False) -> Held:
    """Take over a rollout under way whose lease has run out, was let go, or whose holder gives way.

    Args:
        store: the journal's store.
        endpoint: the endpoint.
        rollout_id: the rollout.
        by: who takes over, as user@host.
        force: also when its lease still holds: the process that holds it is fenced off.

    Raises:
        EndpointTaken: its lease still holds, or somebody else was faster.
        JournalError: the rollout is not under way on this endpoint.
        AwsError: the store cannot be reached.
    """
    seen = read_standing(store, endpoint)

    def succeed(standing: Standing | None) -> Lease:
        if standing is None or standing.lease.rollout_id != rollout_id or standing.lease.outcome is not None:
            raise _not_under_way(endpoint, rollout_id, standing)
        moved_on = seen is not None and standing.lease.token != seen.lease.token
        if moved_on or not (force or standing.available):
            raise refuse(endpoint, standing)
        update = {"by": by, "process": process_id(), "token": standing.lease.token + 1, "grant": grant}
        fresh = {"handed": False, "offered": False, "writes": standing.lease.writes + 1}
        return standing.lease.model_copy(update={**update, **fresh})

    grant = token_hex(8)
    return _change_hands(store, endpoint, seen, succeed)


def _change_hands(
    store: ObjectStore, endpoint: str, standing: Standing | None, succeed: Callable[[Standing | None], Lease]
) -> Held:
    """Replace the lease that was found by its successor; ``succeed`` raises where there can be none."""
    for _ in range(_TRIES):
        lease, before = succeed(standing), Moment.now()
        try:
            return Held(store, endpoint, write_lease(store, endpoint, lease, standing), before)
        except (AlreadyExists, ObjectChanged, TransientAwsError) as error:
            standing = read_standing(store, endpoint)
            if standing is not None and standing.lease.grant == lease.grant:
                return Held(store, endpoint, standing, before)
            if isinstance(error, TransientAwsError):
                raise
    raise JournalError(
        f"the lease of endpoint {endpoint} was changed by others {_TRIES} times in a row", hint="Try again."
    )


def _is_own_bid(standing: Standing, bid: Bid) -> bool:
    """Whether this process took the endpoint for this very rollout before, without getting the answer."""
    lease = standing.lease
    own = (lease.rollout_id, lease.process) == (bid.rollout_id, process_id())
    return own and lease.outcome is None and not lease.handed


def _not_under_way(endpoint: str, rollout_id: str, standing: Standing | None) -> JournalError:
    if standing is None:
        found = "no rollout ever took it"
    elif standing.lease.rollout_id != rollout_id:
        found = f"its newest is {standing.lease.rollout_id}"
    else:
        found = f"it has ended {standing.lease.outcome}"
    return JournalError(f"rollout {rollout_id} is not under way on endpoint {endpoint}: {found}")
