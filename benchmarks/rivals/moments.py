"""Counts, sums and sums of squares of what both arms measured, and the differences that sequential tests watch."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.rivals.series import ERRORS, require_histograms
from policies.strata.arrays import BIN_RATIO, Arms, Booleans, Floats, Strata

ALPHA: Final = 0.05
"""Chance of a false claim of each metric's two-sided test. Harm is one side of it, so two metrics together risk 5 % again."""


@dataclass(frozen=True)
class Moments:
    """What a test needs to know of one metric; every array has the shape (runs, minutes).

    Attributes:
        count: requests.
        total: sum of the values.
        squares: sum of their squares.
    """

    count: Arms
    total: Arms
    squares: Arms


@dataclass(frozen=True)
class Difference:
    """How much higher the candidate's mean is, with everything pooled since the start.

    Attributes:
        size: candidate minus baseline; NaN where an arm has no requests.
        variance: of that difference; NaN until both arms have shown different values.
        count: requests of both arms.
    """

    size: Floats
    variance: Floats
    count: Floats

    @property
    def z(self) -> Floats:
        """The difference in standard errors."""
        return self.size / np.sqrt(self.variance)


def error_moments(traces: Strata) -> Moments:
    """Return the moments of failures, each request 0 or 1."""
    failed = traces.errors[ERRORS]
    return Moments(traces.invocations, failed, failed)


def latency_moments(traces: Strata) -> Moments:
    """Return the moments of latency in milliseconds; squares by the geometric middles of the histogram's bins."""
    histograms, total = require_histograms(traces), traces.latency_sum_us
    bins = np.arange(histograms.counts.candidate.shape[-1], dtype=np.float64)
    squared_ms: Floats = (BIN_RATIO ** (histograms.lowest + bins + 0.5) / 1e3) ** 2
    return Moments(
        traces.latency_count,
        Arms(total.candidate / 1e3, total.baseline / 1e3),
        Arms(histograms.counts.candidate @ squared_ms, histograms.counts.baseline @ squared_ms),
    )


def both_moments(traces: Strata) -> tuple[Moments, Moments]:
    """Return the moments of failures and of latency."""
    return error_moments(traces), latency_moments(traces)


def accumulate(moments: Moments) -> Difference:
    """Pool all minutes so far, and compare the arms' means."""
    sizes, variances = zip(*(_mean(moments, arm) for arm in ("candidate", "baseline")), strict=True)
    return Difference(
        size=sizes[0] - sizes[1],
        variance=variances[0] + variances[1],
        count=moments.count.total.cumsum(axis=-1),
    )


def stratified_z(moments: Moments) -> Floats:
    """Return the Mantel-Haenszel z-value: the candidate's sum against its expected share of each minute's, added up over minutes.

    For failures the variance is that of the hypergeometric distribution (Mantel and Haenszel 1959); for any values it is that of a sum
    drawn without replacement.
    """
    count, total = moments.count.total, moments.total.total
    usable = (count > 1) & (moments.count.candidate > 0) & (moments.count.baseline > 0)
    safe = np.where(usable, count, 2.0)
    score = moments.total.candidate - moments.count.candidate * total / safe
    variance = (
        moments.count.candidate
        * moments.count.baseline
        * (safe * moments.squares.total - total**2)
        / (safe**2 * (safe - 1))
    )
    scores = np.where(usable, score, 0.0).cumsum(axis=-1)
    variances = np.where(usable, variance, 0.0).cumsum(axis=-1)
    return np.divide(scores, np.sqrt(variances), out=np.full(scores.shape, np.nan), where=variances > 0)


def _mean(moments: Moments, arm: str) -> tuple[Floats, Floats]:
    """Return an arm's mean so far and the variance of that mean."""
    count, total, squares = (
        getattr(each, arm).cumsum(axis=-1) for each in (moments.count, moments.total, moments.squares)
    )
    seen: Booleans = count > 0
    safe = np.where(seen, count, 1.0)
    mean = np.where(seen, total / safe, np.nan)
    variance = (squares / safe - mean**2) / safe
    return mean, np.where(variance > 0, variance, np.nan)
