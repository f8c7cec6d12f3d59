"""Which rollout an endpoint is taken by: one object per endpoint, changed by compare-and-set.

A second rollout on the same endpoint is refused and told who holds it and since when.
"""

from datetime import datetime

from pydantic import ValidationError

from policies.errors import AlreadyExists, JournalError
from policies.lifecycle import Outcome
from policies.values import Frozen
from rollway.aws.errors import ObjectChanged
from rollway.aws.objects import ObjectStore


class Claim(Frozen):
    """The newest rollout of an endpoint.

    Attributes:
        rollout_id: the rollout.
        by: who started it.
        since: when.
        outcome: how it ended; None while it is under way.
    """

    rollout_id: str
    by: str
    since: datetime
    outcome: Outcome | None = None


def read_claim(store: ObjectStore, endpoint: str) -> Claim | None:
    """Return the newest claim on an endpoint, or None when no rollout ever took it.

    Raises:
        JournalError: the object is not one of Rollway's.
    """
    stored = store.read(_key(endpoint))
    return None if stored is None else _parse(endpoint, stored.body)


def claim_endpoint(store: ObjectStore, endpoint: str, claim: Claim) -> None:
    """Take an endpoint for a rollout.

    Raises:
        JournalError: another rollout is under way on it, or took it at the same moment.
    """
    stored = store.read(_key(endpoint))
    held = None if stored is None else _parse(endpoint, stored.body)
    if held is not None and held.outcome is None:
        raise _taken(endpoint, held)
    try:
        if stored is None:
            store.create(_key(endpoint), claim.model_dump_json(indent=2))
        else:
            store.replace(_key(endpoint), claim.model_dump_json(indent=2), stored.etag)
    except (AlreadyExists, ObjectChanged) as error:
        winner = read_claim(store, endpoint)
        raise (_taken(endpoint, winner) if winner else JournalError(str(error))) from error


def release_endpoint(store: ObjectStore, endpoint: str, rollout_id: str, outcome: Outcome) -> None:
    """Note how a rollout ended, so that the endpoint is free for the next. Harmless when repeated.

    Raises:
        JournalError: the endpoint is not this rollout's to release.
    """
    stored = store.read(_key(endpoint))
    held = None if stored is None else _parse(endpoint, stored.body)
    if stored is None or held is None or held.rollout_id != rollout_id:
        holder = held.rollout_id if held else "no rollout"
        raise JournalError(f"endpoint {endpoint} is held by {holder}, not by {rollout_id}, which has ended {outcome}")
    released = held.model_copy(update={"outcome": outcome})
    store.replace(_key(endpoint), released.model_dump_json(indent=2), stored.etag)


def _key(endpoint: str) -> str:
    return f"endpoints/{endpoint}.json"


def _parse(endpoint: str, body: str) -> Claim:
    try:
        return Claim.model_validate_json(body)
    except ValidationError as error:
        raise JournalError(
            f"the journal's object {_key(endpoint)} is not one that Rollway wrote",
            hint="Look at it; if it is foreign, give the journal a prefix of its own.",
        ) from error


def _taken(endpoint: str, held: Claim) -> JournalError:
    return JournalError(
        f"endpoint {endpoint} is taken by rollout {held.rollout_id}, started by {held.by} at {held.since:%Y-%m-%d %H:%M:%S} UTC",
        hint=f"Watch it: rollway status {endpoint}. End it: rollway abort {endpoint}, or rollway rollback {endpoint} if its process died.",
    )
