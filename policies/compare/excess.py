"""Excess errors: an e-process against "the candidate's error rate exceeds the baseline's by no more than the margin".

The odds ratio says little where the baseline does not fail at all: any odds times zero is zero. This one works on the rates themselves.
The numerator predicts each stratum from those before it; the denominator is the best that any pair of rates within the margin can do in
that very stratum, so a stratum's own rate is free and an outage that hits both arms proves nothing. Source: universal inference,
Wasserman, Ramdas, Balakrishnan (2020), arXiv 1912.11436.
"""

from typing import Final

import numpy as np
from scipy.special import betaln, xlog1py, xlogy

from policies.compare.comparison import Floats
from policies.gates.spec import Margin

_GOLDEN: Final = (5**0.5 - 1) / 2
_STEPS: Final = 48
"""Golden-section steps: the bracket shrinks below 1e-10, far below what a likelihood can tell apart."""

Counts = tuple[Floats, Floats]
"""Errors and requests of one arm, by stratum."""


def excess_evidence(candidate: Counts, baseline: Counts, margin: Margin) -> Floats:
    """Return the log e-value after each stratum."""
    return _predict(*candidate) + _predict(*baseline) - np.cumsum(_best_within_margin(candidate, baseline, margin))


def _predict(errors: Floats, requests: Floats) -> Floats:
    """Log probability of one arm's answers so far, each predicted from those before it (Jeffreys prior)."""
    failed, answered = np.cumsum(errors), np.cumsum(requests - errors)
    evidence: Floats = betaln(0.5 + failed, 0.5 + answered).astype(np.float64)
    return evidence - float(betaln(0.5, 0.5))


def _best_within_margin(candidate: Counts, baseline: Counts, margin: Margin) -> Floats:
    """Log likelihood, per stratum, of the likeliest rates of which the candidate's is within the margin."""
    rates = [errors / requests for errors, requests in (candidate, baseline)]
    free = _log_likelihood(candidate, rates[0]) + _log_likelihood(baseline, rates[1])
    within = rates[0] <= np.maximum(rates[1] * margin.ratio, rates[1] + margin.or_absolute)
    by_ratio = _best_along(candidate, baseline, (margin.ratio, 0.0))
    by_difference = _best_along(candidate, baseline, (1.0, margin.or_absolute))
    return np.where(within, free, np.maximum(by_ratio, by_difference))


def _best_along(candidate: Counts, baseline: Counts, line: tuple[float, float]) -> Floats:
    """Maximise over the baseline's rate with the candidate's on a line: slope times it, plus an offset. Concave, so one peak."""
    slope, offset = line

    def value(rate: Floats) -> Floats:
        return _log_likelihood(baseline, rate) + _log_likelihood(candidate, slope * rate + offset)

    low, high = np.zeros_like(candidate[0]), np.full_like(candidate[0], (1 - offset) / slope)
    for _ in range(_STEPS):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        rising = value(left) < value(right)
        low, high = np.where(rising, left, low), np.where(rising, high, right)
    return np.maximum(value((low + high) / 2), value(np.zeros_like(low)))


def _log_likelihood(arm: Counts, rate: Floats) -> Floats:
    errors, requests = arm
    rate = np.clip(rate, 0.0, 1.0)
    return np.asarray(xlogy(errors, rate) + xlog1py(requests - errors, -rate), dtype=np.float64)
