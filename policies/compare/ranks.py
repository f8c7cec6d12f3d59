"""E-rank: an e-process on whole latency histograms, by rank scores within each stratum.

The arms of a stratum are ranked together. The pooled histogram carries no arm's name, so scores may be read off the very stratum that they
judge; given the pooled histogram, which of its requests were the candidate's is a lottery when the arms do not differ. Scores of several
shapes are mixed: normal scores see a shift, Savage's a longer tail, steps at high ranks a fault that only the slowest requests feel.
All rise with latency, so a candidate that is nowhere slower has an expected e-value of at most one (up to O(1/N): see the tests, which
go through every assignment of a dozen requests).
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from scipy.special import ndtri

from policies.strata.arrays import Arms, Floats

_NORMAL: Final = (0.1, 0.2, 0.4, 0.8, 1.6)
_SAVAGE: Final = (0.1, 0.2, 0.4, 0.8)
_STEPS: Final = {0.9: (0.4, 0.7, 1.1), 0.95: (0.4, 0.7, 1.1)}
RANK_WEIGHTS: Final = np.repeat([0.6 / 5, 0.2 / 4, 0.2 / 6], [len(_NORMAL), len(_SAVAGE), 6])
"""Weights of the alternatives: most for shifts, which are the commonest fault, the rest for tails."""


def shift(counts: Arms, bins: int) -> Arms:
    """Move the candidate's histogram down by whole bins: what is left to find is by how much it is slower than that."""
    empty = np.zeros((*counts.candidate.shape[:-1], abs(bins)))
    first, second = (counts.candidate, empty), (empty, counts.baseline)
    if bins < 0:
        first, second = first[::-1], second[::-1]
    return Arms(np.concatenate(first, axis=-1), np.concatenate(second, axis=-1))


def swap(arms: Arms) -> Arms:
    """Exchange the roles of the arms: evidence that the candidate is faster is evidence that the baseline is slower."""
    return Arms(arms.baseline, arms.candidate)


def rank_steps(counts: Arms) -> Floats:
    """Return log increments, shape (alternatives, ..., strata), for "the candidate is slower".

    Args:
        counts: histograms of both arms, shape (..., strata, bins).
    """
    pooled = counts.total
    size = pooled.sum(axis=-1, keepdims=True)
    share = counts.candidate.sum(axis=-1, keepdims=True) / np.maximum(size, 1)
    steps: list[Floats] = []
    for scores, tilts in _scores(pooled, size):
        centred = scores - (pooled * scores).sum(axis=-1, keepdims=True) / np.maximum(size, 1)
        score = (centred * counts.candidate).sum(axis=-1)
        spread = (share * (1 - share))[..., 0] * (pooled * centred**2).sum(axis=-1) / np.maximum(size[..., 0] - 1, 1)
        for tilt in tilts:
            expected = (pooled * np.log1p(share * np.expm1(tilt * centred))).sum(axis=-1)
            steps.append(tilt * score - expected - 0.5 * tilt**2 * spread)
    return np.stack(steps)


def rank_score(counts: Arms) -> Floats:
    """Return the normal-score statistic of each stratum and its variance when the arms do not differ, shape (2, ..., strata)."""
    pooled = counts.total
    size = pooled.sum(axis=-1, keepdims=True)
    share = (counts.candidate.sum(axis=-1, keepdims=True) / np.maximum(size, 1))[..., 0]
    scores, _ = next(_scores(pooled, size))
    centred = scores - (pooled * scores).sum(axis=-1, keepdims=True) / np.maximum(size, 1)
    squares = (pooled * centred**2).sum(axis=-1) * size[..., 0] / np.maximum(size[..., 0] - 1, 1)
    return np.stack([(centred * counts.candidate).sum(axis=-1), share * (1 - share) * squares])


def _scores(pooled: Floats, size: Floats) -> Iterator[tuple[Floats, tuple[float, ...]]]:
    """Yield scores by bin and the tilts that they are tried with."""
    below = np.cumsum(pooled, axis=-1) - pooled
    rank = np.clip((below + pooled / 2) / np.maximum(size, 1), 1e-9, 1 - 1e-9)
    yield ndtri(rank), _NORMAL
    yield -np.log1p(-rank), _SAVAGE
    for quantile, tilts in _STEPS.items():
        yield (below >= quantile * size).astype(np.float64), tilts
