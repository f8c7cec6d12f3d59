"""SageMaker's deployment guardrails around one update: what SageMaker is asked to do by itself, and the alarms that it heeds.

An update in flight cannot be stopped by any request. Its only brakes are its alarms, so one of them is ours: it goes off at our word.
Another one goes off when nobody of ours has been heard for a lease, so that a rollout without a process goes back by itself.
"""

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final, Literal

from policies.gates.spec import Threshold
from policies.guardrail_ladders import choose_kind
from policies.spec import Policy, StageSpec
from policies.values import Frozen

MOST_ALARMS: Final = 10
_LONGEST_S: Final = 28_800
_SHORTEST_S: Final = 600
_MINUTE: Final = timedelta(minutes=1)
_SHORT_PERIOD: Final = timedelta(seconds=10)
_WHOLE: Final = 100

NAMESPACE: Final = "Rollway"
"""CloudWatch namespace of our own two metrics."""


class Alarm(Frozen):
    """A CloudWatch alarm that takes the update back.

    Attributes:
        name: its name.
        namespace: namespace of its metric.
        metric: CloudWatch's name of the metric.
        statistic: CloudWatch's statistic.
        dimensions: the exact dimensions.
        period_s: length of a period in seconds.
        of: how many of the newest periods are looked at ...
        breaches: ... and how many beyond the limit make an alarm.
        at_most: upper limit; None for none.
        at_least: lower limit; None for none.
        silence: what a period without data counts as.
    """

    name: str
    namespace: str
    metric: str
    statistic: str
    dimensions: dict[str, str]
    period_s: int
    of: int
    breaches: int
    at_most: float | None = None
    at_least: float | None = None
    silence: Literal["breaching", "notBreaching"] = "notBreaching"


class Guard(Frozen):
    """The guardrails of one update.

    Attributes:
        deployment: SageMaker's DeploymentConfig.
        abort: the alarm that goes off at our word.
        pulse: the alarm that goes off when nobody of ours is heard any more; None when the policy wants no dead-man's switch.
        limits: an alarm for each fixed limit of the policy that CloudWatch can watch.
        takes: how long the update takes at least, once the new fleet is up.
    """

    deployment: dict[str, Any]
    abort: Alarm
    pulse: Alarm | None
    limits: tuple[Alarm, ...]
    takes: timedelta

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """All alarms that the rollout makes, and removes in the end."""
        return (self.abort, *((self.pulse,) if self.pulse else ()), *self.limits)


def make_guard(policy: Policy, rollout_id: str, endpoint: str, variant: str, config: str) -> Guard:
    """Return the guardrails for an update of a variant to a configuration."""
    waits = [wait_of(policy, stage) for stage in policy.stages]
    abort = _own_alarm(policy, rollout_id, "abort")
    pulse = _own_alarm(policy, rollout_id, "pulse") if policy.dead_mans_switch.mode == "required" else None
    limits = tuple(_limit_alarms(policy, rollout_id, {"EndpointName": endpoint, "VariantName": variant}, config))
    names = [*(alarm.name for alarm in (abort, pulse, *limits) if alarm), *policy.deployment_guardrails.alarms]
    return Guard(
        deployment=_deployment(policy, waits, names),
        abort=abort,
        pulse=pulse,
        limits=limits,
        takes=sum(waits, timedelta(0)),
    )


def wait_of(policy: Policy, stage: StageSpec) -> timedelta:
    """Return how long SageMaker waits at a step: the bake as our metrics show it, and the time that a brake needs after it."""
    shown = stage.bake + policy.metrics.period + policy.metrics.settle
    return policy.warm_up + shown + policy.deployment_guardrails.brake


def _deployment(policy: Policy, waits: list[timedelta], alarms: list[str]) -> dict[str, Any]:
    rollback = {"Alarms": [{"AlarmName": name} for name in alarms]}
    needed = sum(waits, timedelta(0)) + policy.timeouts.update
    timeout = min(_LONGEST_S, max(_SHORTEST_S, _seconds(needed)))
    kind = choose_kind([stage.share for stage in policy.stages], rolling=policy.deployment_guardrails.rolling)
    step = {"Type": "CAPACITY_PERCENT", "Value": round(policy.stages[0].share)}
    if kind == "ROLLING":
        rolling = {
            "MaximumBatchSize": step,
            "WaitIntervalInSeconds": _seconds(waits[0]),
            "MaximumExecutionTimeoutInSeconds": timeout,
        }
        return {"RollingUpdatePolicy": rolling, "AutoRollbackConfiguration": rollback}
    routing: dict[str, Any] = {"Type": kind, "WaitIntervalInSeconds": _seconds(waits[0])}
    if kind != "ALL_AT_ONCE":
        routing["CanarySize" if kind == "CANARY" else "LinearStepSize"] = step
    blue_green = {
        "TrafficRoutingConfiguration": routing,
        "TerminationWaitInSeconds": _seconds(waits[-1]),
        "MaximumExecutionTimeoutInSeconds": timeout,
    }
    return {"BlueGreenUpdatePolicy": blue_green, "AutoRollbackConfiguration": rollback}


def _own_alarm(policy: Policy, rollout_id: str, what: Literal["abort", "pulse"]) -> Alarm:
    """Return one of our own two alarms. The pulse is 0 and its silence the alarm; the abort is silent until it is 1."""
    period = _period(policy)
    periods = 1 if what == "abort" else max(2, math.ceil(policy.lease / period))
    return Alarm(
        name=f"rollway-{rollout_id}-{what}",
        namespace=NAMESPACE,
        metric=what.capitalize(),
        statistic="Maximum",
        dimensions={"Rollout": rollout_id},
        period_s=_seconds(period),
        of=periods,
        breaches=periods,
        at_most=0.0,
        silence="notBreaching" if what == "abort" else "breaching",
    )


def _limit_alarms(policy: Policy, rollout_id: str, variant: dict[str, str], config: str) -> Iterator[Alarm]:
    """Yield the alarms that watch the new fleet alone: SageMaker names the configuration among the dimensions of its metrics.

    An alarm knows fewer statistics than CloudWatch's metrics do; the others are left to the judge, whose brake is the abort alarm.
    """
    for name, gate in alarmed_limits(policy).items():
        yield Alarm(
            name=f"rollway-{rollout_id}-{name}",
            namespace=gate.namespace,
            metric=gate.metric,
            statistic=gate.statistic,
            dimensions=gate.dimensions or variant | {"EndpointConfigName": config},
            period_s=_seconds(_period(policy)),
            of=gate.of,
            breaches=gate.breaches,
            at_most=gate.at_most,
            at_least=gate.at_least,
        )


def alarmed_limits(policy: Policy) -> dict[str, Threshold]:
    """Return the fixed limits of a policy, for the candidate, that an alarm can watch."""
    gates = policy.gates | policy.guardrails
    return {
        name: gate
        for name, gate in gates.items()
        if isinstance(gate, Threshold) and gate.arm == "candidate" and _is_alarmable(gate.statistic)
    }


def _is_alarmable(statistic: str) -> bool:
    return statistic in {"Average", "Sum", "Minimum", "Maximum", "SampleCount"} or statistic.startswith("p")


def _period(policy: Policy) -> timedelta:
    """Return the shortest period of an alarm that goes with the policy's metrics; CloudWatch's shortest is 10 seconds."""
    return _MINUTE if policy.metrics.period >= _MINUTE else max(_SHORT_PERIOD, policy.metrics.period)


def _seconds(length: timedelta) -> int:
    return math.ceil(length.total_seconds())
