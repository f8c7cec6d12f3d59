"""How verbs name things that several of them show."""

from datetime import datetime, timedelta
from pathlib import Path

from policies.spec import Policy
from policies.values import format_duration


def name_policy(given: str, policy: Policy) -> str:
    """Return the policy's name with its digest: ``canary@3f9c2e1``."""
    return f"{Path(given).stem}@{policy.digest}"


def shortest_course(policy: Policy) -> timedelta:
    """Return how long bakes and watch take with the time that their metrics need to settle: the least that a rollout takes."""
    bakes = [policy.warm_up + stage.bake for stage in policy.stages] + ([policy.watch] if policy.watch else [])
    return sum((bake + policy.metrics.settle for bake in bakes), timedelta(0))


def count(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 problem``, ``2 problems``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def ago(moment: datetime, now: datetime) -> str:
    """Write a moment with how long ago it was: ``14:02:11 UTC, 5m3s ago``."""
    passed = timedelta(seconds=max(0, round((now - moment).total_seconds())))
    day = "" if moment.date() == now.date() else f"{moment:%Y-%m-%d} "
    return f"{day}{moment:%H:%M:%S} UTC, {format_duration(passed)} ago"
