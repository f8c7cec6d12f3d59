"""Estimates with confidence sequences: what is not ruled out, however often one has looked.

Each is the set of values that an e-process does not reject. Evidence is tempered as in the comparisons.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.compare.averages import estimate_ratio
from policies.compare.counts import BOTH_WAYS, odds_steps
from policies.compare.latency import stack_exceedances
from policies.compare.memory import FORGETFUL, Forgetful
from policies.compare.mixture import average
from policies.strata.arrays import BIN_RATIO, Arms, Booleans, Floats, Histograms, Integers

_LOG_ODDS: Final = np.linspace(-4.0, 4.0, 65)
_MOST_BINS: Final = 32


@dataclass(frozen=True)
class Interval:
    """An estimated ratio of candidate to baseline; an open end is None.

    Attributes:
        estimate: the likeliest ratio; None where nothing is known.
        low: least ratio that is not ruled out.
        high: greatest.
    """

    estimate: float | None
    low: float | None
    high: float | None


UNKNOWN: Final = Interval(None, None, None)


def odds_interval(
    failures: Arms, requests: Arms, tempering: float, risk: float, memory: Forgetful = FORGETFUL
) -> Interval:
    """Estimate the odds ratio of failing from all strata, by their conditional likelihood on a grid of odds ratios."""
    if not failures.total.any():
        return UNKNOWN
    by_stratum = odds_steps(failures, requests, np.zeros(1), _LOG_ODDS, memory.about("interval"))
    curve = by_stratum.sum(axis=-1) / tempering
    kept = np.flatnonzero(average(curve) - curve < np.log(1 / risk))
    best = int(np.argmax(curve))
    estimate = (
        None if best in {0, len(curve) - 1} else float(np.exp(_LOG_ODDS[best] + _peak(curve[best - 1 : best + 2])))
    )
    return Interval(estimate, *_ends(_LOG_ODDS, kept))


def ratio_interval(means: Arms, requests: Arms, risk: float) -> Interval:
    """Estimate the ratio of averages, the minute as the sampling unit."""
    effects = estimate_ratio(means, requests)
    estimate = float(effects.estimate[-1])
    if not np.isfinite(estimate):
        return UNKNOWN
    low, high = (float(end[-1]) for end in effects.interval(risk))
    return Interval(*(float(np.exp(value)) if np.isfinite(value) else None for value in (estimate, low, high)))


def quantile_interval(
    histograms: Histograms, quantile: float, tempering: float, risk: float, memory: Forgetful = FORGETFUL
) -> Interval:
    """Estimate the ratio of a quantile, by the shifts in bins that make the arms alike beyond it."""
    counts = histograms.counts
    answered = Arms(counts.candidate.sum(axis=-1), counts.baseline.sum(axis=-1))
    if not (answered.candidate.any() and answered.baseline.any()):
        return UNKNOWN
    bins = _quantile_bin(counts.candidate, quantile) - _quantile_bin(counts.baseline, quantile)

    def are_ruled_out(shifts: Integers) -> Booleans:
        asked = tuple(shifts.tolist())
        beyond = stack_exceedances(counts, asked, quantile)
        steps = odds_steps(beyond, answered, np.zeros(1), BOTH_WAYS, memory.about(("interval", asked)))
        return average(steps.sum(axis=-1) / tempering) >= np.log(1 / risk)

    ends = _first_ruled_out(are_ruled_out, round(bins))
    return Interval(float(BIN_RATIO**bins), *(None if end is None else float(BIN_RATIO**end) for end in ends))


def _first_ruled_out(are_ruled_out: Callable[[Integers], Booleans], start: int) -> list[int | None]:
    """Return the first shift that is ruled out, walking down and up from the estimate; None when none within reach is. By bisection."""
    direction = np.array([-1, 1])
    near, far = np.zeros(2, dtype=np.int64), np.full(2, _MOST_BINS)
    reached = are_ruled_out(start + direction * far)
    while (far - near > 1).any():
        middle = (near + far) // 2
        out = are_ruled_out(start + direction * middle)
        near, far = np.where(out, near, middle), np.where(out, middle, far)
    return [int(end) if found else None for end, found in zip(start + direction * far, reached, strict=True)]


def find_quantile_us(lowest: int, counts: Floats, quantile: float) -> float:
    """Return a quantile of all strata together, in microseconds; NaN without requests."""
    return float(BIN_RATIO ** (lowest + _quantile_bin(counts, quantile))) if counts.any() else float("nan")


def _quantile_bin(counts: Floats, quantile: float) -> float:
    """Return the quantile of all strata together, as a (fractional) index of a bin's edge."""
    cumulative: Floats = np.concatenate([np.zeros(1), np.cumsum(counts.sum(axis=0))])
    edges = np.arange(float(len(cumulative)))
    return float(np.interp(quantile * float(cumulative[-1]), cumulative, edges))


def _peak(around: Floats) -> float:
    """Return where a parabola through three neighbouring points of the grid peaks, as a distance from the middle one."""
    before, at, after = around
    curvature = before - 2 * at + after
    step = float(_LOG_ODDS[1] - _LOG_ODDS[0])
    return step * 0.5 * float(before - after) / float(curvature) if curvature < 0 else 0.0


def _ends(grid: Floats, kept: Integers) -> tuple[float | None, float | None]:
    """Return the grid's points just outside those kept; None where the grid ends first."""
    low, high = int(kept[0]) - 1, int(kept[-1]) + 1
    return (
        float(np.exp(grid[low])) if low >= 0 else None,
        float(np.exp(grid[high])) if high < len(grid) else None,
    )
