"""Excess errors: an e-process against "the candidate's error rate exceeds the baseline's by no more than the margin".

The odds ratio says little where the baseline does not fail at all: any odds times zero is zero. This one works on the rates themselves.
The numerator predicts each stratum from those before it; the denominator is the best that any pair of rates within the margin can do in
that very stratum, so a stratum's own rate is free and an outage that hits both arms proves nothing. Source: universal inference,
Wasserman, Ramdas, Balakrishnan (2020), arXiv 1912.11436.
"""

from typing import Protocol

import numpy as np
from scipy.special import betaln, xlog1py, xlogy

from policies.strata.arrays import Arms, Floats

Counts = tuple[Floats, Floats]
"""Errors and requests of one arm, by stratum."""


class RateMargin(Protocol):
    """How much higher than the baseline's the candidate's error rate may be; the wider one counts."""

    @property
    def ratio(self) -> float:
        """Tolerated multiple."""
        ...

    @property
    def or_absolute(self) -> float:
        """Tolerated difference, as a fraction; 0 for none."""
        ...


def excess_evidence(failures: Arms, requests: Arms, margin: RateMargin) -> Floats:
    """Return the log e-value after each stratum, shape (..., strata)."""
    candidate, baseline = (failures.candidate, requests.candidate), (failures.baseline, requests.baseline)
    return (
        _predict(*candidate)
        + _predict(*baseline)
        - np.cumsum(_best_within_margin(candidate, baseline, margin), axis=-1)
    )


def _predict(errors: Floats, requests: Floats) -> Floats:
    """Log probability of one arm's answers so far, each predicted from those before it (Jeffreys prior)."""
    failed, answered = np.cumsum(errors, axis=-1), np.cumsum(requests - errors, axis=-1)
    evidence: Floats = betaln(0.5 + failed, 0.5 + answered).astype(np.float64)
    return evidence - float(betaln(0.5, 0.5))


def _best_within_margin(candidate: Counts, baseline: Counts, margin: RateMargin) -> Floats:
    """Log likelihood, per stratum, of the likeliest rates of which the candidate's is within the margin."""
    rates = [errors / np.maximum(requests, 1) for errors, requests in (candidate, baseline)]
    free = _log_likelihood(candidate, rates[0]) + _log_likelihood(baseline, rates[1])
    within = rates[0] <= np.maximum(rates[1] * margin.ratio, rates[1] + margin.or_absolute)
    by_ratio = _best_at_ratio(candidate, baseline, margin.ratio)
    by_difference = _best_at_difference(candidate, baseline, margin.or_absolute)
    return np.where(within, free, np.maximum(by_ratio, by_difference))


def _best_at_ratio(candidate: Counts, baseline: Counts, ratio: float) -> Floats:
    """Maximise with the candidate's rate a multiple of the baseline's: the score equation is quadratic (Farrington, Manning 1990)."""
    (failed, drawn), (others, rest) = candidate, baseline
    linear = ratio * (drawn + others) + rest + failed
    constant = failed + others
    root = np.sqrt(np.maximum(linear**2 - 4 * ratio * (drawn + rest) * constant, 0.0))
    rate = 2 * constant / np.maximum(linear + root, 1)
    return _log_likelihood(baseline, rate) + _log_likelihood(candidate, ratio * rate)


def _best_at_difference(candidate: Counts, baseline: Counts, difference: float) -> Floats:
    """Maximise with the candidate's rate the baseline's plus a difference: the score equation is cubic (Miettinen, Nurminen 1985)."""
    (failed, drawn), (others, rest) = candidate, baseline
    size = np.maximum(drawn + rest, 1)
    square = ((drawn + 2 * rest) * difference - size - failed - others) / (3 * size)
    linear = ((rest * difference - size - 2 * others) * difference + failed + others) / (3 * size)
    constant = others * difference * (1 - difference) / size
    half = square**3 - 1.5 * linear * square + constant / 2
    radius = np.where(half < 0, -1.0, 1.0) * np.sqrt(np.maximum(square**2 - linear, 1e-300))
    angle = (np.pi + np.arccos(np.clip(half / radius**3, -1.0, 1.0))) / 3
    rate = np.clip(2 * radius * np.cos(angle) - square, 0.0, 1 - difference)

    def value(rate: Floats) -> Floats:
        return _log_likelihood(baseline, rate) + _log_likelihood(candidate, rate + difference)

    return np.maximum(
        value(rate), value(np.zeros_like(rate))
    )  # without failures of the baseline, the peak may lie at the edge


def _log_likelihood(arm: Counts, rate: Floats) -> Floats:
    errors, requests = arm
    rate = np.clip(rate, 0.0, 1.0)
    return np.asarray(xlogy(errors, rate) + xlog1py(requests - errors, -rate), dtype=np.float64)
