"""Kayenta's judge (NetflixACAJudge): Mann and Whitney's test on per-minute values, with a tolerance around the estimated shift.

A metric is High when the lower end of the 98 % confidence interval of its shift exceeds a quarter of the estimated shift; any High metric
fails the canary here. The judge is asked again every minute about everything since the start. Its filter of outliers, which is off unless
a metric's configuration asks for it, is left out.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm

from benchmarks.rivals.calls import Calls, call_at_end
from benchmarks.rivals.series import error_rate, mean_latency_ms
from policies.strata.arrays import Arms, Booleans, Floats, Integers, Strata

CONFIDENCE: Final = 0.98
TOLERANCE: Final = 0.25
LEAST_MINUTES: Final = 5
"""Minutes of data before the judge is first asked."""


@dataclass(frozen=True)
class Shift:
    """By how much the candidate's values are higher; arrays have the shape (runs,).

    Attributes:
        low: lower end of the confidence interval.
        high: its upper end.
        estimate: Hodges and Lehmann's estimate.
    """

    low: Floats
    high: Floats
    estimate: Floats


def judge_by_kayenta(traces: Strata) -> Calls:
    """Roll back as soon as error rate or mean latency is High."""
    return call_at_end(find_high(error_rate(traces)) | find_high(mean_latency_ms(traces)))


def find_high(values: Arms) -> Booleans:
    """Tell where a metric is High, given its values in all minutes so far, shape (runs, minutes)."""
    high = np.zeros(values.candidate.shape, dtype=bool)
    for run, (candidate, baseline) in enumerate(zip(values.candidate, values.baseline, strict=True)):
        if np.isnan(candidate).any() or np.isnan(baseline).any():
            high[run] = [_is_high(candidate[:end], baseline[:end]) for end in range(1, candidate.size + 1)]
    whole = ~(np.isnan(values.candidate) | np.isnan(values.baseline)).any(axis=-1)
    for end in range(LEAST_MINUTES, values.candidate.shape[-1] + 1):
        shift = estimate_shift(values.candidate[whole, :end], values.baseline[whole, :end])
        high[whole, end - 1] = shift.low > TOLERANCE * np.abs(shift.estimate)
    return high


def _is_high(candidate: Floats, baseline: Floats) -> bool:
    """Judge a rollout in which an arm was silent at times: those minutes have no values."""
    heard, there = candidate[~np.isnan(candidate)], baseline[~np.isnan(baseline)]
    if min(heard.size, there.size) < LEAST_MINUTES:
        return False
    shift = estimate_shift(heard, there)
    return bool(shift.low > TOLERANCE * np.abs(shift.estimate))


def estimate_shift(candidate: Floats, baseline: Floats, confidence: float = CONFIDENCE) -> Shift:
    """Estimate a shift and its confidence interval from Mann and Whitney's statistic, by the normal approximation.

    Kayenta searches for the shifts at which the statistic, with continuity correction, meets its normal quantile. The statistic only
    changes where two values differ by the shift, so what the search finds is a difference of that rank, to the search's own tolerance;
    beyond all differences it is the extreme one. Ties within an arm lower the variance, as there.

    Args:
        candidate: values, shape (..., minutes).
        baseline: values, shape (..., other minutes).
        confidence: of the interval.
    """
    pairs = candidate.shape[-1] * baseline.shape[-1]
    spread = np.sqrt(pairs / 12 * _rank_variance(candidate, baseline))
    least_above = pairs / 2 + 0.5 + norm.isf((1 - confidence) / 2) * spread
    rank = np.clip(np.floor(pairs - least_above), 0, pairs - 1).astype(np.int64)
    differences = (candidate[..., :, np.newaxis] - baseline[..., np.newaxis, :]).reshape(*candidate.shape[:-1], pairs)
    differences.sort(axis=-1)
    return Shift(
        low=_pick(differences, rank),
        high=_pick(differences, pairs - 1 - rank),
        estimate=(differences[..., (pairs - 1) // 2] + differences[..., pairs // 2]) / 2,
    )


def _rank_variance(candidate: Floats, baseline: Floats) -> Floats:
    """Return the statistic's variance as a multiple of pairs / 12: one more than all values, less what ties within an arm take away."""
    count = candidate.shape[-1] + baseline.shape[-1]
    tied = sum(
        ((values[..., :, np.newaxis] == values[..., np.newaxis, :]).sum(axis=-1) ** 2 - 1).sum(axis=-1)
        for values in (candidate, baseline)
    )
    return np.asarray(count + 1 - tied / (count * (count - 1.0)))


def _pick(ordered: Floats, rank: Integers) -> Floats:
    return np.take_along_axis(ordered, rank[..., np.newaxis], axis=-1)[..., 0]
