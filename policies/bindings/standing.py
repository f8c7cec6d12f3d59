"""Whether a rollout that should follow may begin now, from how its endpoint stands. Decides without effects."""

import hashlib
from datetime import datetime, timedelta
from typing import Final, Literal

from policies.bindings.matching import Start
from policies.bindings.wish import is_another
from policies.brake import find_rest, is_wished_anew
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
        wish: which of a registry's wishes it was for; empty where none is known.
    """

    rollout_id: str
    model: str
    outcome: Outcome
    at: datetime
    wish: str = ""


class EndpointNow(Frozen):
    """How an endpoint stands.

    Attributes:
        serving: the models of the configuration that it runs on.
        under_way: the rollout under way on it; empty where there is none.
        model_under_way: the model that it rolls out.
        wish_under_way: which of a registry's wishes that is for; empty where none is known.
        past: the rollouts that have ended, newest first.
    """

    serving: tuple[str, ...]
    under_way: str = ""
    model_under_way: str = ""
    wish_under_way: str = ""
    past: tuple[Before, ...] = ()


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
    if endpoint.under_way and endpoint.model_under_way == start.model_name:
        return _already_under_way(start, endpoint)
    if endpoint.serving == (start.model_name,) and not endpoint.under_way:
        return Stay(why=f"{start.endpoint}: {start.model_name} is live already")
    anew = is_wished_anew(start.origin.wish, start.model_name, endpoint.past)
    last = next((each for each in endpoint.past if each.model == start.model_name), None)
    if last is not None and last.outcome is not Outcome.PROMOTED and not anew:
        told = f"its last rollout to {last.model} ended {last.outcome} at {last.at:%Y-%m-%d %H:%M} UTC"
        return Stay(why=f"{start.endpoint}: {told}; only a person tries it again: rollway run {start.endpoint}")
    if endpoint.under_way and policy.when_taken == "refuse":
        return Stay(why=f"{start.endpoint}: rollout {endpoint.under_way} is under way", kind="waiting")
    rest = find_rest(policy.brake, start.endpoint, endpoint.past, now)
    waits_for = [*(each.what for each in rest), *find_refusals(policy, now)]
    if waits_for:
        return Stay(why="; ".join(f"{start.endpoint}: {each}" for each in waits_for), kind="waiting")
    newest = endpoint.past[0].rollout_id if endpoint.past else ""
    return Go(key=_after(start.idempotency_key, endpoint.under_way or newest))


def _already_under_way(start: Start, endpoint: EndpointNow) -> Stay:
    """Leave the rollout of the same model alone; one that began for an earlier wish may be on its way back, so its end is waited for."""
    told = f"{start.endpoint}: {start.model_name} is being rolled out already, by {endpoint.under_way}"
    if is_another(start.origin.wish, endpoint.wish_under_way):
        return Stay(why=f"{told}, for an earlier wish of the registry; its end is waited for", kind="waiting")
    return Stay(why=told)


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


def _after(key: str, rollout_id: str) -> str:
    """Return the key of a start after that rollout of the endpoint.

    The same version may be wanted again after another one was: then it is another start, and only then.
    """
    return hashlib.sha256(f"{key}\n{rollout_id}".encode()).hexdigest()[:_KEY_LENGTH]
