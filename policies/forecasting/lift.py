"""How small an effect an A/B test can show in the time that it has, at the values that the baseline publishes now."""

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from scipy import stats

from policies.gates.spec import Superiority
from policies.strata.arrays import Floats

POWER: Final = 0.8
"""How often a test shall show the effect that is there."""
LEAST_PERIODS: Final = 10
_MIXTURE: Final = 5.0  # as in policies.compare.random_effects
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Level:
    """What a metric is like now.

    Attributes:
        per_minute: how many values come in, of all traffic.
        mean: their mean.
        variance: variance of one value.
    """

    per_minute: float
    mean: float
    variance: float


def measure_level(totals: Floats, counts: Floats, span: timedelta) -> Level | None:
    """Return the level from sums and counts by period, in order; None where there is too little to tell.

    The variance is that of each period against the mean of its neighbours, so the time of day is not taken for scatter.
    """
    if len(counts) < LEAST_PERIODS or totals.sum() <= 0:
        return None
    means = totals / counts
    bends = means[:-2] - 2 * means[1:-1] + means[2:]
    variance = float((bends**2 / (1 / counts[:-2] + 4 / counts[1:-1] + 1 / counts[2:])).mean())
    return Level(float(counts.sum()) / (span / _MINUTE), float(totals.sum() / counts.sum()), variance)


def detectable_effect(
    gate: Superiority, level: Level, shares: tuple[float, float], length: timedelta, period: timedelta
) -> float:
    """Return the least relative effect that the test shows in four of five cases.

    Args:
        gate: the gate, with the risk of one challenger.
        level: what the metric is like now.
        shares: percent of the traffic of a challenger and of the baseline.
        length: how long the test has.
        period: length of a period.

    Looked at once, the bound is that of a one-sided normal test; looked at again and again, it is where the t-mixture of
    ``policies.compare.random_effects`` crosses for many periods: ``z² = 2 ln(1 / (2 risk)) + ln(1 + periods / 5)``.
    """
    values = level.per_minute * (length / _MINUTE)
    error = math.sqrt(level.variance * sum(100 / (share * values) for share in shares)) / level.mean
    bound = float(stats.norm.isf(gate.risk))
    if gate.looks == "any":
        bound = math.sqrt(2 * math.log(1 / (2 * gate.risk)) + math.log1p(length / period / _MIXTURE))
    return gate.better_by + (bound + float(stats.norm.ppf(POWER))) * error
