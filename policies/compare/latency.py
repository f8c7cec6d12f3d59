"""Latency by its per-minute averages: a t-mixture e-process on the log ratio of the arms, the minute as the sampling unit.

Minutes vary for reasons of their own, also between the arms, so their scatter is estimated from the minutes themselves
(DerSimonian-Laird), and so is their autocorrelation. Source of the mixture: Lindon, Ham, Tingley, Bojinov (2022), arXiv 2210.08589; the
corrections are heuristics whose error rates are established by simulation.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from policies.compare.comparison import Comparison, Floats, e_value
from policies.gates.spec import Margin

LEAST_STRATA: Final = 5
_PRIOR_CORRELATION: Final = 0.2
_PRIOR_WEIGHT: Final = 10
_MOST_CORRELATION: Final = 0.95
_MIXTURE: Final = 5.0
_LEAST_ERROR: Final = 1e-6
"""Strata that agree to the last digit leave no scatter to estimate an error from; their effect is evidence all the same."""


@dataclass(frozen=True)
class _Effect:
    """The mean log ratio over a run of strata: its estimate, standard error and effective sample size."""

    estimate: float
    error: float
    size: float


def compare_latency(pairs: pd.DataFrame, margin: Margin) -> Comparison:
    """Compare mean latencies.

    Args:
        pairs: per minute ``latency_sum_us_*`` and ``latency_count_*`` of both arms, counts above zero.
        margin: the tolerated ratio.
    """
    counts = {arm: pairs[f"latency_count_{arm}"].to_numpy(float) for arm in ("candidate", "baseline")}
    means = {arm: pairs[f"latency_sum_us_{arm}"].to_numpy(float) / count for arm, count in counts.items()}
    log_ratios = np.log(means["candidate"] / means["baseline"])
    information = counts["candidate"] * counts["baseline"] / (counts["candidate"] + counts["baseline"])
    looks = [_summarise(log_ratios[:end], information[:end]) for end in range(LEAST_STRATA, len(log_ratios) + 1)]
    if not looks:
        return Comparison(worse=1.0, not_worse=1.0, strata=len(pairs))
    null = float(np.log(margin.ratio))
    worse = max(_log_e_value(look, null, direction=1) for look in looks)
    return Comparison(
        worse=e_value(worse), not_worse=e_value(_log_e_value(looks[-1], null, direction=-1)), strata=len(pairs)
    )


def _summarise(log_ratios: Floats, information: Floats) -> _Effect:
    count = len(log_ratios)
    fixed = float(np.average(log_ratios, weights=information))
    heterogeneity = float(information @ (log_ratios - fixed) ** 2)
    total = information.sum()
    between = max(0.0, (heterogeneity - (count - 1)) / (total - (information**2).sum() / total))
    weights = information / (1 + between * information)
    estimate = float(np.average(log_ratios, weights=weights))
    residuals = np.sqrt(weights) * (log_ratios - estimate)
    inflation = _inflation(residuals)
    spread = float((weights**2 @ (log_ratios - estimate) ** 2) * count / (count - 1))
    return _Effect(estimate, float(np.sqrt(spread * inflation)) / float(weights.sum()), count / inflation)


def _inflation(residuals: Floats) -> float:
    """How much less independent strata there are than strata, by their lag-1 autocorrelation shrunk towards a prior."""
    count = len(residuals)
    energy = float(residuals @ residuals)
    observed = float(residuals[1:] @ residuals[:-1]) / energy if energy > 0 else 0.0
    corrected = observed + (1 + 3 * observed) / count
    shrunk = (corrected * count + _PRIOR_CORRELATION * _PRIOR_WEIGHT) / (count + _PRIOR_WEIGHT)
    correlation = float(np.clip(shrunk, 0.0, _MOST_CORRELATION))
    return (1 + correlation) / (1 - correlation)


def _log_e_value(effect: _Effect, null: float, direction: int) -> float:
    """Log e-value of "the effect lies beyond the null in this direction"; 0 says nothing either way."""
    freedom = effect.size - 1
    if freedom <= 0:
        return 0.0
    t = direction * (effect.estimate - null) / max(effect.error, _LEAST_ERROR)
    if t <= 0:
        return 0.0
    shrink = _MIXTURE / (_MIXTURE + effect.size)
    gain = np.log1p(t**2 / freedom) - np.log1p(shrink * t**2 / freedom)
    return float(np.log(2) + 0.5 * np.log(shrink) + 0.5 * (freedom + 1) * gain)
