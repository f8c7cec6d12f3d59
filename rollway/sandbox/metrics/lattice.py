"""Shrinks many distinct values to few, so that old minutes and snapshots stay small.

Values are joined when they fall between the same two steps of a logarithmic lattice, ``1.1 ** (j / 10)``, and are
then represented by their mean. So counts and sums stay exact (to rounding), any quantile moves by less than 1 %, and
a percentile rank whose boundaries are powers of 1.1 stays exact, because those are steps of the lattice too.
CloudWatch's own agent joins values on ``1.1 ** k``.
"""

from array import array
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rollway.sandbox.metrics.distribution import Floats

COMPACT_ENTRIES: Final = 256
_STEP: Final = np.log(1.1) / 10
_BEYOND_ANY_STEP: Final = 1e5  # the smallest double is step -78,114
_EDGE: Final = 1e-9  # a value that is a step of the lattice, give or take rounding, belongs below it


def compact(
    seconds: NDArray[Any], values: Floats, counts: Floats
) -> tuple["array[int]", "array[float]", "array[float]"]:
    """Join values on the lattice.

    The lowest and the highest value stay as they are. A joined entry keeps the latest of its seconds, so that it is
    never visible too early; detail below a minute is lost.
    """
    order = np.argsort(values, kind="stable")
    seconds, values, counts = seconds[order], values[order], counts[order]
    cells = _cells(values)
    cells[0] -= 1
    cells[-1] += 1
    starts = np.concatenate(([0], np.flatnonzero(cells[1:] != cells[:-1]) + 1))
    sizes = np.add.reduceat(counts, starts)
    means = np.add.reduceat(values * counts, starts) / sizes
    means = np.clip(means, np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts))
    latest = np.maximum.reduceat(seconds, starts)
    return array("B", latest.tolist()), array("d", means.tolist()), array("d", sizes.tolist())


def _cells(values: Floats) -> Floats:
    """Number the lattice's cells in the order of the values: negative ones mirror positive ones, zero stands alone."""
    magnitudes = np.abs(np.where(values == 0, 1.0, values))
    steps = np.ceil(np.log(magnitudes) / _STEP - _EDGE)
    return np.sign(values) * (steps + _BEYOND_ANY_STEP)
