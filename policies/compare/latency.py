"""Latency by whole histograms (E-rank), and one of its quantiles by the requests beyond it (E-hist).

A margin is a whole number of histogram bins: the candidate's histogram is moved down by it, and what is left must not be slower (or, for
the other direction, must be faster). Between two bins the margin is rounded so that neither a rollback nor a promotion gets easier.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np

from policies.compare.comparison import Comparison, Scores, Steps, compose
from policies.compare.counts import BOTH_WAYS, log_odds_score, odds_steps
from policies.compare.memory import FORGETFUL, Forgetful
from policies.compare.ranks import RANK_WEIGHTS, rank_score, rank_steps, shift, swap
from policies.strata.arrays import BIN_RATIO, Arms, Floats, Histograms, Integers

SEVERE_RATIO: Final = 1.4
_BEYOND_TOLERATED: Final = 1.2
"""The severe lane tests this ratio, or this multiple of the tolerated one where that is more."""
_RANK_VARIANCE: Final = 0.01
_TAIL_VARIANCE: Final = 0.02
"""Assumed variances between arms until the data speak: latencies that vary by 5 % from minute to minute in each arm."""


def compare_latency(histograms: Histograms, ratio: float, stage: Integers, memory: Forgetful = FORGETFUL) -> Comparison:
    """Compare whole latency distributions.

    Args:
        histograms: latency histograms by stratum.
        ratio: tolerated ratio of latencies, above 1.
        stage: index of each stratum's stage.
        memory: of earlier looks.
    """
    severe, wide, narrow = _margins(ratio)

    def recall(work: Callable[[Arms], Floats], bins: int) -> Floats:
        counts = histograms.counts
        return memory.recall((work, bins), partial(_shifted, work, bins), counts.candidate, counts.baseline, time=-2)

    steps = Steps(
        severe=recall(rank_steps, severe),
        tolerated=recall(rank_steps, wide),
        better=recall(_faster_steps, narrow),
        weights=RANK_WEIGHTS,
    )
    score, information = recall(rank_score, narrow)
    return compose(steps, Scores(score, information, _RANK_VARIANCE), stage, memory)


def _shifted(work: Callable[[Arms], Floats], bins: int, candidate: Floats, baseline: Floats) -> Floats:
    return work(shift(Arms(candidate, baseline), bins))


def _faster_steps(counts: Arms) -> Floats:
    return rank_steps(swap(counts))


def compare_quantile(
    histograms: Histograms, quantile: float, ratio: float, stage: Integers, memory: Forgetful = FORGETFUL
) -> Comparison:
    """Compare one quantile: the same, by how many requests of each arm lie beyond that quantile of both arms together."""
    margins = _margins(ratio)
    beyond = stack_exceedances(histograms.counts, margins, quantile)
    answered = Arms(*(arm.sum(axis=-1) for arm in (histograms.counts.candidate, histograms.counts.baseline)))
    worse, better = np.split(odds_steps(beyond, answered, np.zeros(1), BOTH_WAYS, memory), 2)
    steps = Steps(severe=worse[:, 0], tolerated=worse[:, 1], better=better[:, 2])
    narrow = Arms(beyond.candidate[2], beyond.baseline[2])
    return compose(steps, Scores(*log_odds_score(narrow, answered), _TAIL_VARIANCE), stage, memory)


def exceedances(counts: Arms, bins: int, quantile: float) -> Arms:
    """Count the requests at or beyond the quantile of everything so far, the candidate's histogram moved down by ``bins``.

    The quantile is that of both arms together up to and with the stratum: a threshold that carries no arm's name.
    """
    moved = shift(counts, bins)
    seen = np.cumsum(moved.total, axis=-2)
    below = np.cumsum(seen, axis=-1) - seen
    beyond = below >= quantile * seen.sum(axis=-1, keepdims=True)
    return Arms((moved.candidate * beyond).sum(axis=-1), (moved.baseline * beyond).sum(axis=-1))


def stack_exceedances(counts: Arms, shifts: Sequence[int], quantile: float) -> Arms:
    """Count them for several shifts, shape (shifts, ..., strata)."""
    beyond = [exceedances(counts, bins, quantile) for bins in shifts]
    return Arms(np.stack([arms.candidate for arms in beyond]), np.stack([arms.baseline for arms in beyond]))


def tolerated_bins(ratio: float) -> tuple[int, int]:
    """Return the margin in bins: rounded up, against a rollback, and down, against a promotion."""
    exact = np.log(ratio) / np.log(BIN_RATIO)
    return int(np.ceil(exact - 1e-9)), int(np.floor(exact + 1e-9))


def _margins(ratio: float) -> tuple[int, int, int]:
    wide, narrow = tolerated_bins(ratio)
    severe, _ = tolerated_bins(max(SEVERE_RATIO, ratio * _BEYOND_TOLERATED))
    return severe, wide, narrow
