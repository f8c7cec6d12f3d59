"""E-CMH: a stratified conditional e-process on error counts.

Given how many requests each arm answered in a stratum and how many failed in both together, the candidate's failures follow a noncentral
hypergeometric law that depends on the odds ratio alone. Source: Lindon and Malek (2022), arXiv 2011.03567, conditioned on the actual
size of each arm. Odds say little of a service without errors, so an absolute margin is tested on the rates themselves, too: see
``excess`` for one direction, and a plain sequential likelihood ratio for the other.
"""

from typing import Final

import numpy as np

from policies.compare.comparison import Comparison, Scores, Steps, compose
from policies.compare.environment import find_calm
from policies.compare.excess import RateMargin, excess_evidence
from policies.compare.hypergeometric import cumulant
from policies.compare.memory import FORGETFUL, Forgetful
from policies.compare.mixture import average, since_stage
from policies.strata.arrays import Arms, Booleans, Floats, Integers

ALTERNATIVES: Final = np.log([1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0])
BOTH_WAYS: Final = np.concatenate([ALTERNATIVES, -ALTERNATIVES])
SEVERE_ODDS: Final = float(np.log(3.0))
_BEYOND_TOLERATED: Final = float(np.log(1.5))
"""The severe lane lies at least this far, in log odds, beyond the tolerated margin."""
_PARTS_OF_MARGIN: Final = (0.1, 1 / 3)
_LEAST_HISTORY: Final = 100
"""Requests of the baseline before its error rate can turn a margin of rates into one of odds; a guessed rate can prove anything."""
NOISE_VARIANCE: Final = 0.2
"""Assumed variance of the log odds between arms until the data speak: rates that vary by 30 % from minute to minute in each arm."""


def compare_counts(
    failures: Arms, requests: Arms, margin: RateMargin, stage: Integers, memory: Forgetful = FORGETFUL
) -> Comparison:
    """Compare error rates.

    Args:
        failures: failed requests by stratum, shape (..., strata).
        requests: all requests.
        margin: the tolerated ratio, or the tolerated absolute difference where that is wider.
        stage: index of each stratum's stage, shape (strata,).
        memory: of earlier looks.
    """
    # CloudWatch may count an error before its request: one such minute must not blind the gate for the whole rollout.
    failures = Arms(
        *(
            np.minimum(f, n)
            for f, n in ((failures.candidate, requests.candidate), (failures.baseline, requests.baseline))
        )
    )
    calm = find_calm(failures.total, requests.total, stage)
    tolerated, known = _tolerated_log_odds(failures, requests, calm, margin)
    severe = np.maximum(SEVERE_ODDS, tolerated + _BEYOND_TOLERATED)
    worse, better = np.split(odds_steps(failures, requests, np.stack([severe, tolerated]), BOTH_WAYS, memory), 2)
    steps = Steps(
        severe=np.where(known, worse[:, 0], 0.0),
        tolerated=np.where(known, worse[:, 1], 0.0),
        better=np.where(known & calm, better[:, 1], 0.0),
    )
    score, information = log_odds_score(failures, requests)
    score, information = (
        np.where(known & calm, values, 0.0) for values in (score - tolerated * information, information)
    )
    by_odds = compose(steps, Scores(score, information, NOISE_VARIANCE), stage, memory)
    if not margin.or_absolute:
        return by_odds
    excess = excess_evidence(failures, requests, margin)
    both = (
        requests.baseline > 0
    )  # what the candidate does by itself says nothing while there is no baseline to compare with
    below = _below_absolute_margin(failures.candidate * both, requests.candidate * both, margin.or_absolute, stage)
    return _average_in(by_odds, excess, below)


def _average_in(by_odds: Comparison, worse: Floats, not_worse: Floats) -> Comparison:
    """Average in what the rates themselves say of an absolute margin."""
    return Comparison(
        average(np.stack([by_odds.worse, worse / by_odds.tempering])),
        average(np.stack([by_odds.not_worse, not_worse / by_odds.tempering])),
        by_odds.tempering,
    )


def odds_steps(failures: Arms, requests: Arms, null: Floats, tilts: Floats, memory: Forgetful = FORGETFUL) -> Floats:
    """Return log increments against "the log odds ratio is at most (tilts below 0: at least) ``null``".

    Args:
        failures: failed requests by stratum, shape (..., strata).
        requests: all requests.
        null: log odds ratios; axes before those of the counts are free, for several lanes at once.
        tilts: the alternatives, as distances from the null.
        memory: of earlier looks.

    Returns:
        Shape (tilts, ..., strata).
    """
    shape = np.broadcast_shapes(null.shape, failures.candidate.shape)
    tilts = tilts.reshape(-1, *[1] * len(shape))
    tried = np.concatenate([np.zeros_like(tilts[:1]), tilts])

    def work(failed: Floats, others: Floats, drawn: Floats, rest: Floats, null: Floats) -> Floats:
        cumulants = cumulant(null + tried, Arms(drawn, rest), Arms(failed, others))
        return failed * tilts - (cumulants[1:] - cumulants[0])

    counts = (failures.candidate, failures.baseline, requests.candidate, requests.baseline)
    return memory.recall("odds", work, *counts, np.broadcast_to(null, shape))


def log_odds_score(failures: Arms, requests: Arms) -> tuple[Floats, Floats]:
    """Return the candidate's failures beyond its share, and their variance when failures ignore the arm (Mantel-Haenszel)."""
    size, failed = np.maximum(requests.total, 1), failures.total
    score = failures.candidate - requests.candidate * failed / size
    chance = requests.candidate * requests.baseline * failed * (size - failed) / (size**2 * np.maximum(size - 1, 1))
    return score, chance


def _tolerated_log_odds(failures: Arms, requests: Arms, calm: Booleans, margin: RateMargin) -> tuple[Floats, Booleans]:
    """Return the log odds ratio that the margin tolerates in each stratum, and where enough is known to say so.

    A margin speaks of rates, the test of odds; the rate that turns one into the other is the baseline's in the calm strata *before*, so
    that it is settled before the stratum is looked at. Until enough came before, a ratio is turned by the rate of both arms together, which
    carries no arm's name; a difference is not.
    """
    before = _before(np.where(calm, requests.baseline, 0.0))
    past = (_before(np.where(calm, failures.baseline, 0.0)) + 0.5) / (before + 1.0)
    rate = np.where(before >= _LEAST_HISTORY, past, (failures.total + 0.5) / (requests.total + 1.0))
    tolerated = np.minimum(np.maximum(rate * margin.ratio, rate + margin.or_absolute), 0.999)
    log_odds = np.maximum(np.log(tolerated / (1 - tolerated)) - np.log(rate / (1 - rate)), 0.0)
    return log_odds, (before >= _LEAST_HISTORY) | (margin.or_absolute == 0)


def _before(counts: Floats) -> Floats:
    """Sum up the strata before each."""
    return np.cumsum(counts, axis=-1) - counts


def _below_absolute_margin(failures: Floats, requests: Floats, margin: float, stage: Integers) -> Floats:
    """Log e-process against "the candidate's rate is at least the margin", which any rate that exceeds the baseline's by it is.

    A mixture of sequential likelihood ratios with a rate of (next to) zero and rates at parts of the margin.
    """
    answered = requests - failures
    steps = [
        failures * np.log(part) + answered * (np.log1p(-part * margin) - np.log1p(-margin))
        for part in (1e-9, *_PARTS_OF_MARGIN)
    ]
    return average(since_stage(np.stack(steps), stage))
