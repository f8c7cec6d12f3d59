"""Whether a rollout that should follow may begin now, from how its endpoint stands. Decides without effects."""

import hashlib
from datetime import datetime, timedelta
from typing import Final, Literal

from policies.attempts import Fate, Tried, find_last_attempt
from policies.bindings.matching import Start
from policies.bindings.wish import is_another
from policies.brake import find_rest, is_wished_anew
from policies.fleet.deciding import FleetOutcome
from policies.fleet.renewing import RENEWABLE
from policies.lifecycle import Outcome
from policies.spec import Policy
from policies.values import Frozen, format_duration
from policies.windows.starting import find_refusals

FIRST_PAUSE: Final = timedelta(minutes=15)
LONGEST_PAUSE: Final = timedelta(days=1)
_KEY_LENGTH: Final = 32


class Before(Frozen):
    """An earlier rollout of an endpoint.

    Attributes:
        rollout_id: the rollout.
        model: the model that was to take over.
        outcome: how it ended.
        at: when.
        tried: every model that it was for, and what became of each; empty where only ``model`` is on record.
        wish: which of a registry's wishes it was for; empty where none is known.
    """

    rollout_id: str
    model: str
    outcome: Outcome
    at: datetime
    tried: tuple[Tried, ...] = ()
    wish: str = ""


class EndpointNow(Frozen):
    """How an endpoint stands.

    Attributes:
        serving: the models of the configuration that it runs on.
        under_way: the rollout under way on it; empty where there is none.
        model_under_way: the model that it rolls out.
        models_under_way: all models that may take over by it, where there are several.
        wish_under_way: which of a registry's wishes that is for; empty where none is known.
        past: the rollouts that have ended, newest first.
        complete: whether those are all, and no older ones have been forgotten.
    """

    serving: tuple[str, ...]
    under_way: str = ""
    model_under_way: str = ""
    models_under_way: tuple[str, ...] = ()
    wish_under_way: str = ""
    past: tuple[Before, ...] = ()
    complete: bool = True


class FleetNow(Frozen):
    """How a fleet stands.

    Attributes:
        fleet_id: the fleet.
        begun: whether its record exists.
        outcome: how it ended; None while it goes on, or where it never began.
        reason: why it ended so.
        writes: how often its record was written; grows, so it tells one end of the fleet from the next.
        lapsed: endpoints that got its model and serve something else since.
        in_the_way: what else is under way on its endpoints, as sentences for a person.
    """

    fleet_id: str
    begun: bool = False
    outcome: FleetOutcome | None = None
    reason: str = ""
    writes: int = 0
    lapsed: tuple[str, ...] = ()
    in_the_way: tuple[str, ...] = ()


class Go(Frozen):
    """It may begin.

    Attributes:
        key: names this attempt, so that two who come to it at the same time begin it once.
    """

    key: str


class Stay(Frozen):
    """Nothing is to be begun.

    Attributes:
        why: as a sentence for a person.
        kind: ``settled``: there is nothing to do. ``waiting``: what is in the way passes. ``unknown``: it could not be found out.
    """

    why: str
    kind: Literal["settled", "waiting", "unknown"] = "settled"


def decide_start(start: Start, endpoint: EndpointNow, policy: Policy, now: datetime) -> Go | Stay:
    """Decide whether a rollout may begin.

    Args:
        start: the rollout that should follow.
        endpoint: how its endpoint stands.
        policy: how it would go; says what happens where another rollout is under way, and how long an endpoint rests after a failure.
        now: the present moment.
    """
    if endpoint.under_way and start.model_name in {endpoint.model_under_way, *endpoint.models_under_way}:
        return _already_under_way(start, endpoint)
    if endpoint.serving == (start.model_name,) and not endpoint.under_way:
        return Stay(why=f"{start.endpoint}: {start.model_name} is live already")
    last = find_last_attempt(start.model_name, endpoint.past)
    anew = is_wished_anew(start.origin.wish, start.model_name, endpoint.past)
    if last is not None and last.fate is not Fate.PROMOTED and not anew:
        return Stay(why=f"{start.endpoint}: {last}; only a person tries it again: rollway run {start.endpoint}")
    if endpoint.under_way and policy.when_taken == "refuse":
        return Stay(why=f"{start.endpoint}: rollout {endpoint.under_way} is under way", kind="waiting")
    rest = find_rest(policy.brake, start.endpoint, endpoint.past, now)
    waits_for = [*(each.what for each in rest), *find_refusals(policy, now)]
    if waits_for:
        return Stay(why="; ".join(f"{start.endpoint}: {each}" for each in waits_for), kind="waiting")
    return Go(key=_after(start.idempotency_key, _last_before(start, endpoint)))


def _already_under_way(start: Start, endpoint: EndpointNow) -> Stay:
    """Leave the rollout of the same model alone; one that began for an earlier wish may be on its way back, so its end is waited for."""
    told = f"{start.endpoint}: {start.model_name} is being rolled out already, by {endpoint.under_way}"
    if is_another(start.origin.wish, endpoint.wish_under_way):
        return Stay(why=f"{told}, for an earlier wish of the registry; its end is waited for", kind="waiting")
    return Stay(why=told)


def decide_fleet_start(start: Start, fleet: FleetNow) -> Go | Stay:
    """Decide whether a fleet may begin: for the first time, or anew where it ended well and is not so any more."""
    if fleet.begun and fleet.outcome is None:
        return Stay(why=f"fleet {fleet.fleet_id} is under way")
    if fleet.outcome is not None and fleet.outcome not in RENEWABLE:
        told = f"fleet {fleet.fleet_id} has ended {fleet.outcome}: {fleet.reason}"
        return Stay(why=f"{told}; only a person tries it again: give the fleet file another name")
    if fleet.begun and not fleet.lapsed:
        return Stay(
            why=f"fleet {fleet.fleet_id} has ended {fleet.outcome}, and what it changed serves still: {fleet.reason}"
        )
    if fleet.in_the_way:
        return Stay(why=f"{start.place}: {'; '.join(fleet.in_the_way)}", kind="waiting")
    return Go(key=_after(start.idempotency_key, f"write {fleet.writes}") if fleet.begun else start.idempotency_key)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many flow runs that ended before their rollout began: they need time, or a person.

    The pause doubles, from a quarter of an hour to a day.
    """
    doublings = min(attempts - 1, 16)
    return min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)


def explain_pause(run: str, ended_at: datetime, attempts: int, now: datetime) -> str:
    """Say why nothing is begun, when a flow run ended before its rollout began a short while ago; nothing when that is long ago."""
    left = ended_at + pause_after(attempts) - now
    if left <= timedelta(0):
        return ""
    return f"flow run {run} ended before its rollout began; tried again in {format_duration(left)}"


def _last_before(start: Start, endpoint: EndpointNow) -> str:
    """Return what a start comes after: the last rollout to the same model. A run that has not begun yet keeps its key while others end.

    Where the last one may be forgotten the wish stands for it, and where no wish is known the endpoint's newest rollout does.
    """
    if not start.origin.wish:
        return endpoint.under_way or (endpoint.past[0].rollout_id if endpoint.past else "")
    last = next((each.rollout_id for each in endpoint.past if each.model == start.model_name), "")
    return last or ("" if endpoint.complete else start.origin.wish)


def _after(key: str, rollout_id: str) -> str:
    """Return the key of a start after that rollout of the endpoint.

    The same version may be wanted again after another one was: then it is another start, and only then.
    """
    return hashlib.sha256(f"{key}\n{rollout_id}".encode()).hexdigest()[:_KEY_LENGTH]
