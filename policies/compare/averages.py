"""Series of which only a per-minute average is known: one number an arm and stratum.

Also the estimate of a latency ratio, which needs no histogram.
"""

from typing import Final

import numpy as np

from policies.compare.comparison import Comparison
from policies.compare.random_effects import Effects, summarise
from policies.strata.arrays import Arms, Floats, Integers

_SPREAD: Final = 0.5
"""Assumed coefficient of variation of single requests; it only decides how strata are weighed against one another."""


def compare_averages(means: Arms, requests: Arms, ratio: float, stage: Integers) -> Comparison:
    """Compare averages.

    Args:
        means: the averages by stratum, above 0; NaN where an arm has none.
        requests: how many requests each average stands for.
        ratio: tolerated ratio of candidate to baseline.
        stage: index of each stratum's stage.
    """
    score, information = log_ratio_score(means, requests)
    null = float(np.log(ratio))
    worse = summarise(score, information).evidence(null, direction=1)
    by_stage = [
        summarise(score[..., part], information[..., part]).evidence(null, direction=-1)
        for part in (stage == index for index in np.unique(stage))
    ]
    return Comparison(worse, np.concatenate(by_stage, axis=-1), np.ones_like(worse))


def estimate_ratio(means: Arms, requests: Arms) -> Effects:
    """Return the mean log ratio of candidate to baseline at each look."""
    return summarise(*log_ratio_score(means, requests))


def log_ratio_score(means: Arms, requests: Arms) -> tuple[Floats, Floats]:
    """Return log ratio times information, and information, by stratum; zero where an arm has no value."""
    known = (means.candidate > 0) & (means.baseline > 0)
    ratio = np.divide(means.candidate, means.baseline, out=np.ones_like(means.candidate), where=known)
    pairs = requests.candidate * requests.baseline / np.maximum(requests.total, 1)
    information = np.where(known, pairs / _SPREAD**2, 0.0)
    return np.log(ratio) * information, information
