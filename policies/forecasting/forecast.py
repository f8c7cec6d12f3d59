"""The forecast of a policy: which gates can decide in time at which stage, and which faults each stage can find."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from policies.forecasting.crossing import fail_times
from policies.forecasting.timing import MEDIAN, MINUTE, WHOLE, Need, between_arms, find_needs
from policies.forecasting.traffic import Traffic
from policies.forecasting.typical import Fault
from policies.spec import Policy

FAULTS: Final = (
    Fault("errors × 2", error_ratio=2.0),
    Fault("errors + 1 point", error_added=0.01),
    Fault("latency + 25 %", latency_ratio=1.25),
    Fault("latency × 2", latency_ratio=2.0),
)
"""Faults worth naming."""
_ADDED_ERRORS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)
_RATIOS: Final = (1.1, 1.15, 1.2, 1.25, 1.3, 1.4, 1.5, 1.75, 2.0, 3.0, 5.0)


@dataclass(frozen=True)
class GateForecast:
    """What is to be expected of one gate at one stage, when the candidate is equal to the baseline.

    Attributes:
        gate: its name.
        required: whether the stage waits for it.
        need: how long it needs.
        available: how long it has: the bake and its extension, but no longer than the deadline.
    """

    gate: str
    required: bool
    need: Need
    available: timedelta

    @property
    def in_time(self) -> bool:
        """Whether nine in ten rollouts pass it in time."""
        return self.need.likely is not None and self.need.likely <= self.available

    @property
    def hopeless(self) -> bool:
        """Whether not even half of them do."""
        return self.need.typical is None or self.need.typical > self.available


@dataclass(frozen=True)
class StageForecast:
    """What is to be expected of one stage by itself, nothing from earlier stages counted.

    Attributes:
        number: 1 for the first.
        share: the candidate's share, in percent.
        begins: how long after the first stage's begin it begins, with every stage before it as long as its slowest gate typically takes.
        bake: its bake.
        patience: its bake and the longest extension.
        gates: by the policy's order.
        faults: after how long each fault of ``FAULTS`` is typically found; None for not before the stage is over.
        least_added_errors: the least rise of the error rate, as a fraction, that is typically found within the bake; None for not even the
            greatest tried.
        least_latency_ratio: the least ratio of latencies, likewise.
    """

    number: int
    share: float
    begins: timedelta
    bake: timedelta
    patience: timedelta
    gates: tuple[GateForecast, ...]
    faults: Mapping[str, timedelta | None]
    least_added_errors: float | None
    least_latency_ratio: float | None


@dataclass(frozen=True)
class Forecast:
    """The forecast of a policy.

    Attributes:
        policy: the policy.
        traffic: what it was forecast for.
        stages: by stage.
    """

    policy: Policy
    traffic: Traffic
    stages: tuple[StageForecast, ...]

    @property
    def doubts(self) -> tuple[tuple[StageForecast, GateForecast], ...]:
        """The gates that a stage waits for and that may well not have decided in time."""
        return tuple(
            (stage, gate) for stage in self.stages for gate in stage.gates if gate.required and not gate.in_time
        )


def forecast(policy: Policy, traffic: Traffic) -> Forecast:
    """Forecast a policy at some traffic. Deterministic; takes a fraction of a second."""
    needs = [find_needs(policy, *between_arms(policy, traffic, spec)) for spec in policy.stages]
    return Forecast(
        policy=policy,
        traffic=traffic,
        stages=tuple(_forecast_stage(policy, traffic, index, needs) for index in range(len(policy.stages))),
    )


def required_gates(policy: Policy, stage: int) -> frozenset[str]:
    """Return the gates and guardrails that a stage waits for."""
    return frozenset({*policy.gates_at(stage), *policy.guardrails})


def allowance(policy: Policy, bake: timedelta) -> timedelta:
    """Return how long a stage waits for its gates: the bake, and its extension where too few requests extend it."""
    return bake + (policy.extend_at_most if policy.inconclusive.few_requests == "extend" else timedelta(0))


def _forecast_stage(policy: Policy, traffic: Traffic, index: int, needs: Sequence[Mapping[str, Need]]) -> StageForecast:
    spec, required = policy.stages[index], required_gates(policy, index)
    lengths = [_typical_length(policy, before, needs[before]) for before in range(index)]
    begins = sum(lengths, timedelta(0))
    until_deadline = policy.deadline - begins - policy.warm_up - policy.metrics.settle
    patience = allowance(policy, spec.bake)
    available = max(timedelta(0), min(patience, until_deadline))
    find = partial(_find, policy, *between_arms(policy, traffic, spec))
    return StageForecast(
        number=index + 1,
        share=spec.share,
        begins=begins,
        bake=spec.bake,
        patience=patience,
        gates=tuple(GateForecast(name, name in required, need, available) for name, need in needs[index].items()),
        faults=dict(zip((fault.name for fault in FAULTS), find(FAULTS, available), strict=True)),
        least_added_errors=_least(_ADDED_ERRORS, find([Fault("", error_added=x) for x in _ADDED_ERRORS], spec.bake)),
        least_latency_ratio=_least(_RATIOS, find([Fault("", latency_ratio=x) for x in _RATIOS], spec.bake)),
    )


def _typical_length(policy: Policy, stage: int, needs: Mapping[str, Need]) -> timedelta:
    """Return how long a stage typically lasts; one that never ends by itself lasts as long as it may."""
    spec = policy.stages[stage]
    longest = allowance(policy, spec.bake)
    slowest = max(needs[name].typical or longest for name in required_gates(policy, stage))
    return policy.warm_up + max(spec.bake, min(slowest, longest)) + policy.metrics.settle


def _find(
    policy: Policy, traffic: Traffic, share: float, faults: Sequence[Fault], within: timedelta
) -> list[timedelta | None]:
    """Return after how long each fault is typically found; None for not within that time."""
    if share >= WHOLE or not within:
        return [None] * len(faults)
    times = fail_times(policy, traffic, share, faults, within / MINUTE)
    typical = [None if time is None else MEDIAN * time * MINUTE for time in times]
    return [time if time is not None and time <= within else None for time in typical]


def _least(sizes: Sequence[float], found: Sequence[timedelta | None]) -> float | None:
    return next((size for size, time in zip(sizes, found, strict=True) if time is not None), None)
