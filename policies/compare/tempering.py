"""Tempering: how much more the arms differ from minute to minute than chance explains.

Real arms have noise of their own: a garbage collection, a noisy neighbour, a hot shard. Cumulative log evidence divided by this factor
stays honest where the exact test takes such noise for an effect. A heuristic, not a theorem; its error rates are established by simulation.

Neighbouring blocks of strata are compared with one another, so a lasting difference between the arms is not mistaken for noise, and the
onset of one only once; blocks are 1, 3 and 8 strata long, so that noise with a memory is seen as well.
"""

from typing import Final

import numpy as np

from policies.strata.arrays import Floats, Integers

_BLOCKS: Final = (1, 3, 8)
_PRIOR_WEIGHT: Final = 2.0
"""How many differences the prior is worth."""


def temper(score: Floats, information: Floats, variance: float) -> Floats:
    """Return the factor at each look, at least 1.

    Args:
        score: observed minus expected, by stratum, shape (..., strata).
        information: its variance when chance alone is at work.
        variance: variance between the arms' own noises that is assumed until the data speak, on the scale of score / information.
    """
    seen = np.maximum(np.cumsum(information > 0, axis=-1), 1)
    prior = 1 + variance * np.cumsum(information, axis=-1) / seen
    return np.maximum.reduce([np.ones_like(prior), *(_disperse(score, information, size, prior) for size in _BLOCKS)])


def _disperse(score: Floats, information: Floats, size: int, prior: Floats) -> Floats:
    """Return the mean squared difference between neighbouring blocks, in units of what chance explains, shrunk to the prior."""
    blocks = score.shape[-1] // size
    ends: Integers = np.arange(blocks, dtype=np.int64) * size + size - 1
    u, v = (
        values[..., : blocks * size].reshape(*values.shape[:-1], blocks, size).sum(axis=-1)
        for values in (score, information)
    )
    product, total = v[..., 1:] * v[..., :-1], v[..., 1:] + v[..., :-1]
    both = product > 0
    squares, known = np.zeros_like(score), np.zeros_like(score)
    difference = u[..., 1:] * v[..., :-1] - u[..., :-1] * v[..., 1:]
    squares[..., ends[1:]] = np.divide(difference**2, product * total, out=np.zeros_like(product), where=both)
    known[..., ends[1:]] = both
    return (_PRIOR_WEIGHT * prior + np.cumsum(squares, axis=-1)) / (_PRIOR_WEIGHT + np.cumsum(known, axis=-1))
