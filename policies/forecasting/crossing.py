"""When the judge would make up its mind: the very judge of a rollout, asked about typical traffic.

Long courses are looked at in longer strata, so that a forecast of days takes no longer than one of hours.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final

import numpy as np

from policies.forecasting.traffic import Traffic
from policies.forecasting.typical import NO_FAULT, Course, Fault, typical_strata
from policies.gates.spec import AverageComparison
from policies.gates.weighing import Weighed, compared_gates, weigh
from policies.spec import Policy
from policies.strata.arrays import Booleans

_STRATA: Final = 120
"""Strata in one course; a longer one has longer strata."""
_COARSER: Final = 4


def pass_times(policy: Policy, traffic: Traffic, share: float, most_minutes: float) -> dict[str, float | None]:
    """Return after how many minutes each comparison passes a candidate equal to its baseline; None for not within the time looked at."""
    found: dict[str, float | None] = dict.fromkeys(compared_gates(policy))
    for minutes_each, weighed in _courses(policy, traffic, share, [NO_FAULT], most_minutes):
        for name, passes in weighed.passes.items():
            if found[name] is None:
                found[name] = _first(passes[0], minutes_each)
        if None not in found.values():
            break
    return found


def fail_times(
    policy: Policy, traffic: Traffic, share: float, faults: Sequence[Fault], most_minutes: float
) -> list[float | None]:
    """Return after how many minutes each fault is found, by all comparisons together; None for not within the time looked at."""
    enough = np.log(1 / policy.risk.false_rollback)
    found: list[float | None] = [None] * len(faults)
    for minutes_each, weighed in _courses(policy, traffic, share, faults, most_minutes):
        crossed = weighed.joint >= enough
        found = [
            _first(row, minutes_each) if before is None else before for before, row in zip(found, crossed, strict=True)
        ]
        if None not in found:
            break
    return found


def _courses(
    policy: Policy, traffic: Traffic, share: float, faults: Sequence[Fault], most_minutes: float
) -> Iterator[tuple[float, Weighed]]:
    """Yield courses, each longer than the one before, with the minutes of their strata."""
    period = policy.metrics.period.total_seconds() / 60
    averages = [gate.metric for gate in compared_gates(policy).values() if isinstance(gate, AverageComparison)]
    minutes_each, reached = period, 0.0
    while reached < most_minutes:
        strata = min(_STRATA, ceil(most_minutes / minutes_each))
        yield (
            minutes_each,
            weigh(policy, typical_strata(traffic, Course(share, strata, minutes_each), faults, averages)),
        )
        reached = strata * minutes_each
        minutes_each *= _COARSER


def _first(values: Booleans, minutes_each: float) -> float | None:
    return (int(values.argmax()) + 1) * minutes_each if values.any() else None
