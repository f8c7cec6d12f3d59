"""Confidence sequences for quantiles (Howard and Ramdas, Bernoulli 28, 2022), pooled since the start, on CloudWatch's lattice.

Latency only: the method has nothing to say of failures.
"""

from typing import Final

import numpy as np

from benchmarks.rivals.calls import Calls, call_at_end
from benchmarks.rivals.moments import ALPHA
from benchmarks.rivals.series import TAIL, interpolate_quantile, require_histograms
from policies.strata.arrays import Booleans, Floats, Histograms, Strata

QUANTILES: Final = (0.5, TAIL)
"""The quantiles that are judged, each with its part of alpha."""


def judge_by_quantile_sequence(traces: Strata) -> Calls:
    """Roll back as soon as the candidate's median or p99 surely lies above the baseline's."""
    histograms = require_histograms(traces)
    return call_at_end(np.any([_is_above(histograms, quantile) for quantile in QUANTILES], axis=0))


def radius(count: Floats, quantile: float, alpha: float) -> Floats:
    """Return how far the share of values below the true quantile may stray from it, at any time: the stitched bound of their eq. 6.

    Args:
        count: values so far; the bound needs at least one.
        quantile: between 0 and 1.
        alpha: chance that it ever strays further, on either side.
    """
    width = (1.4 * np.log(np.log(2.1 * count)) + np.log(10 / alpha)) / count
    return 1.5 * np.sqrt(quantile * (1 - quantile) * width) + 0.8 * width


def _is_above(histograms: Histograms, quantile: float) -> Booleans:
    # Two metrics' worth of risk: a sequence for each arm of each quantile.
    alpha = 2 * ALPHA / (2 * len(QUANTILES))
    low = _bound(histograms.counts.candidate, histograms.lowest, quantile, -alpha)
    high = _bound(histograms.counts.baseline, histograms.lowest, quantile, alpha)
    return low > high


def _bound(counts: Floats, lowest: int, quantile: float, signed_alpha: float) -> Floats:
    """Return the upper end of the sequence, or the lower one for a negative alpha; infinite while there is none."""
    so_far = counts.cumsum(axis=-2)
    count = np.maximum(so_far.sum(axis=-1), 1.0)
    at = quantile + np.sign(signed_alpha) * radius(count, quantile, abs(signed_alpha))
    value = interpolate_quantile(so_far, lowest, np.clip(at, 0.0, 1.0))
    return np.where((at > 0) & (at < 1), value, np.sign(signed_alpha) * np.inf)
