"""The storm brake: one bad model must not become many rollbacks, nor the same one twice by itself."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from policies.attempts import Earlier, Fate, find_last_attempt
from policies.bindings.wish import is_another
from policies.errors import Problem
from policies.lifecycle import Outcome
from policies.observation import Halt
from policies.spec import BrakeSpec
from policies.values import format_duration

_REMEDY: Final = "start it by hand once you know why it will go better"
_NOT_JUDGED: Final = frozenset({Outcome.ABORTED, Outcome.INCONCLUSIVE})
"""Ends that say nothing against the model: it was stopped, or could not be measured."""


def is_wished_anew(wish: str, model: str, past: Sequence[Earlier]) -> bool:
    """Whether a registry asks for a model anew whose last rollout was for an earlier wish and stopped before it was judged.

    What was judged and taken back stays with a person, however often a registry asks for it.

    Args:
        wish: what the registry asks for now; empty where a person asks.
        model: the model that would take over.
        past: earlier rollouts of the endpoint, newest first.
    """
    last = find_last_attempt(model, past)
    stopped = last is not None and last.fate is Fate.AS_THE_ROLLOUT and last.outcome in _NOT_JUDGED
    return last is not None and stopped and is_another(wish, last.wish)


def find_brakes(
    spec: BrakeSpec, endpoint: str, model: str, past: Sequence[Earlier], now: datetime
) -> Iterator[Problem]:
    """Yield why nothing but a person may start this rollout now.

    Args:
        spec: the policy's brake.
        endpoint: the endpoint.
        model: the model that would take over.
        past: earlier rollouts of the endpoint, newest first.
        now: the present moment.
    """
    last = find_last_attempt(model, past)
    if last is not None and last.fate is not Fate.PROMOTED:
        yield Problem(f"endpoint {endpoint}", f"{last}; it is not retried by itself", _REMEDY)
    yield from find_rest(spec, endpoint, past, now)


def find_rest(spec: BrakeSpec, endpoint: str, past: Sequence[Earlier], now: datetime) -> Iterator[Problem]:
    """Yield why the endpoint is left alone for a while, whatever the model: its last rollouts were not promoted.

    Args:
        spec: the policy's brake.
        endpoint: the endpoint.
        past: earlier rollouts of the endpoint, newest first.
        now: the present moment.
    """
    failures = list(takewhile(lambda each: each.outcome is not Outcome.PROMOTED, past))
    if failures:
        length = back_off(spec, len(failures))
        if now < failures[0].at + length:
            left = format_duration(failures[0].at + length - now)
            what = f"{len(failures)} rollouts in a row were not promoted; it is left alone for {left} more"
            yield Problem(f"endpoint {endpoint}", what, _REMEDY)


def back_off(spec: BrakeSpec, failures: int) -> timedelta:
    """Return how long an endpoint is left alone after so many rollouts in a row that were not promoted."""
    doublings = min(failures - 1, 64)  # in seconds, since a timedelta would overflow long before
    seconds = spec.back_off.total_seconds() * 2.0**doublings
    return timedelta(seconds=min(seconds, spec.back_off_at_most.total_seconds()))


def find_incident(spec: BrakeSpec, failures: Iterable[tuple[datetime, str]], now: datetime) -> Halt | None:
    """Return the halt that recent failures of gates call for, if enough endpoints failed at about the same time.

    Args:
        spec: the policy's brake.
        failures: when a gate failed, and on which endpoint.
        now: the present moment.
    """
    recent = sorted({endpoint for at, endpoint in failures if now - at <= spec.within})
    if len(recent) < spec.failures:
        return None
    told = f"gates failed on {len(recent)} endpoints within {format_duration(spec.within)}: {', '.join(recent)}"
    return Halt(since=now, reason=told, by="Rollway's storm brake", endpoints=tuple(recent))
