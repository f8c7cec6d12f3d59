"""Mixtures of e-processes. An average of e-processes is one again, whatever they have to do with one another.

All values are logarithms; the last axis is time.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from policies.strata.arrays import Floats, Integers

RESTART_EVERY: Final = 5
"""Strata between two restarts."""

FROM_THE_START: Final = 0.5
"""Weight of the process that counts everything from the start; the restarts share the rest."""


def average(log_e_values: Floats, weights: Sequence[float] | Floats | None = None) -> Floats:
    """Average e-processes along the first axis; ``weights`` sum to at most 1 and are equal by default."""
    count = len(log_e_values)
    shares = np.full(count, 1 / count) if weights is None else np.asarray(weights)
    logs = np.log(shares).reshape(-1, *[1] * (log_e_values.ndim - 1))
    return np.logaddexp.reduce(log_e_values + logs, axis=0)


def restart(steps: Floats, tempering: Floats | None = None, weights: Floats | None = None) -> Floats:
    """Accumulate an e-process from its start and from every fifth stratum on, and average.

    A fault that sets in late is then found as if the rollout had just begun, for the price of a constant factor. The process from the
    start has weight one half, the j-th restart ``1 / (2 j (j + 1))``: together one, however long the rollout lasts.

    Args:
        steps: log increments by stratum, shape (alternatives, ..., strata).
        tempering: what cumulative increments are divided by at each look, shape (..., strata); 1 by default.
        weights: of the alternatives; equal by default.
    """
    divisor = np.ones(steps.shape[1:]) if tempering is None else tempering
    total = np.cumsum(steps, axis=-1)
    shares = np.full(len(steps), 1 / len(steps)) if weights is None else weights
    logs = np.log(shares).reshape(-1, *[1] * (steps.ndim - 1))
    mixed = np.logaddexp.reduce(total / divisor + logs, axis=0) + np.log(FROM_THE_START)
    for number, start in enumerate(range(RESTART_EVERY, steps.shape[-1], RESTART_EVERY), 1):
        weight = (1 - FROM_THE_START) / (number * (number + 1))
        paths = (total[..., start:] - total[..., start - 1 : start]) / divisor[..., start:] + logs
        mixed[..., start:] = np.logaddexp(mixed[..., start:], np.logaddexp.reduce(paths, axis=0) + np.log(weight))
    begun: Integers = np.arange(steps.shape[-1], dtype=np.int64) // RESTART_EVERY
    waiting = np.log((1 - FROM_THE_START) / (begun + 1))  # the weight of all restarts to come
    return np.logaddexp(mixed, waiting)


def since_stage(steps: Floats, stage: Integers) -> Floats:
    """Accumulate increments anew in every stage, shape as given."""
    total = np.cumsum(steps, axis=-1)
    first = np.searchsorted(stage, stage, side="left")
    before = np.where(first > 0, total[..., np.maximum(first - 1, 0)], 0.0)
    return total - before


def split_stages(stage: Integers) -> list[slice]:
    """Return where each stage lies."""
    bounds = [0, *(np.flatnonzero(np.diff(stage)) + 1).tolist(), len(stage)]
    return [slice(first, end) for first, end in pairwise(bounds)]
