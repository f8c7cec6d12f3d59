"""Deployment guardrails: how an UpdateEndpoint with a DeploymentConfig moves the traffic from the old fleet to the new one.

Pure values. AWS documents the policies and their limits; how much traffic a part of the new fleet gets is not documented, and is the
simulator's choice: as much as its part of the capacity.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rollway.sandbox.errors import invalid
from rollway.sandbox.sagemaker.constraints import items, section

_WHOLE = 100


@dataclass(frozen=True)
class Step:
    """One step of a guarded deployment.

    Attributes:
        share: how much of the traffic the new fleet has, from 0 to 1.
        wait: how long it bakes there.
        waits_for: the setting that says so.
    """

    share: float
    wait: timedelta
    waits_for: str


@dataclass(frozen=True)
class Progress:
    """Where a guarded deployment stands.

    Attributes:
        step: the step under way.
        since: since when.
        until: until when.
    """

    step: Step
    since: datetime
    until: datetime


def plan_steps(settings: Mapping[str, Any] | None, instances: int) -> tuple[Step, ...]:
    """Return the steps that a DeploymentConfig asks for; none without one."""
    if not settings:
        return ()
    if rolling := settings.get("RollingUpdatePolicy"):
        wait = timedelta(seconds=rolling["WaitIntervalInSeconds"])
        shares = _rising(_part(rolling["MaximumBatchSize"], instances))
        return tuple(Step(share, wait, "WaitIntervalInSeconds") for share in (*shares, 1.0))
    policy = settings.get("BlueGreenUpdatePolicy")
    if not policy:
        return ()
    routing = policy["TrafficRoutingConfiguration"]
    wait = timedelta(seconds=routing["WaitIntervalInSeconds"])
    last = Step(1.0, timedelta(seconds=policy.get("TerminationWaitInSeconds") or 0), "TerminationWaitInSeconds")
    shares = _before_the_last(routing, instances)
    return (*(Step(share, wait, "WaitIntervalInSeconds") for share in shares), last)


def check_settings(settings: Mapping[str, Any] | None, before: Sequence[str], after: Sequence[str]) -> None:
    """Turn down what AWS documents as impossible; the wording is not AWS's.

    Raises:
        Refusal: ``ValidationException``.
    """
    if not settings:
        return
    both = {"BlueGreenUpdatePolicy", "RollingUpdatePolicy"} <= settings.keys()
    if both:
        raise invalid("DeploymentConfig: give either BlueGreenUpdatePolicy or RollingUpdatePolicy.")
    if sorted(before) != sorted(after):
        raise invalid("Your new endpoint configuration must have the same variant names as the old one.")
    if "RollingUpdatePolicy" in settings and len(after) > 1:
        raise invalid("RollingUpdatePolicy is not supported for endpoints with several variants.")
    limit, needed = timeout_of(settings), sum((step.wait for step in plan_steps(settings, 1)), timedelta(0))
    if limit is not None and limit <= needed:
        raise invalid(
            f"MaximumExecutionTimeoutInSeconds {limit.total_seconds():g} is not longer than all waits together."
        )


def timeout_of(settings: Mapping[str, Any]) -> timedelta | None:
    """Return how long the deployment may take."""
    policy = section(settings, "BlueGreenUpdatePolicy") or section(settings, "RollingUpdatePolicy")
    seconds = policy.get("MaximumExecutionTimeoutInSeconds")
    return timedelta(seconds=seconds) if seconds else None


def alarms_of(settings: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the names of the alarms that take the deployment back."""
    return tuple(alarm["AlarmName"] for alarm in items(section(settings or {}, "AutoRollbackConfiguration"), "Alarms"))


def find_progress(steps: Sequence[Step], activated: datetime, now: datetime) -> Progress | None:
    """Return the step under way, or None once all are over."""
    since = activated
    for step in steps:
        if now < since + step.wait:
            return Progress(step, since, since + step.wait)
        since += step.wait
    return None


def _before_the_last(routing: Mapping[str, Any], instances: int) -> tuple[float, ...]:
    match routing["Type"]:
        case "CANARY":
            return (_part(routing["CanarySize"], instances),)
        case "LINEAR":
            return _rising(_part(routing["LinearStepSize"], instances))
        case _:
            return ()


def _rising(part: float) -> tuple[float, ...]:
    """Return the multiples of a part that are less than everything."""
    return tuple(part * number for number in range(1, math.ceil(1 / part - 1e-9)))


def _part(size: Mapping[str, Any], instances: int) -> float:
    count = size["Value"] if size["Type"] == "INSTANCE_COUNT" else math.ceil(instances * size["Value"] / _WHOLE)
    return min(1.0, count / max(instances, 1))
