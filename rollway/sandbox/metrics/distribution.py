"""The distribution of one metric's values within one period, sorted and ready for any statistic.

It holds every distinct value with its count. Statistic sets add to the count, the sum and the extremes only, and make
the distribution unfit for percentiles and their kin, as in CloudWatch. It knows nothing of time, names or notation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

_ROUNDING: Final = 1e-12  # relative slack, so that 0.999 * 1000 data points are 999 and not a hair more


class StatisticSet(NamedTuple):
    """Data that were aggregated before they were put: only these four numbers are left of them."""

    samples: float
    total: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Distribution:
    """Values in ascending order, each once, with how often each occurred.

    A data point's *rank* is its place in ascending order, from 1 to ``count``. Ranks may be fractional: a boundary
    inside a data point takes the part of it that lies below.

    Attributes:
        values: distinct values, ascending.
        counts: how often each value occurred; CloudWatch takes fractional counts too.
        sets: the statistic sets of the same period.
    """

    values: Floats
    counts: Floats
    sets: tuple[StatisticSet, ...] = ()

    @cached_property
    def count(self) -> float:
        """How many data points there are."""
        return float(self.counts.sum()) + sum(each.samples for each in self.sets)

    @cached_property
    def total(self) -> float:
        """The sum of all data points."""
        return float(self.values @ self.counts) + sum(each.total for each in self.sets)

    @cached_property
    def minimum(self) -> float:
        """The lowest data point; only meaningful when ``count`` is not 0."""
        return min([*self.values[:1].tolist(), *(each.low for each in self.sets)])

    @cached_property
    def maximum(self) -> float:
        """The highest data point; only meaningful when ``count`` is not 0."""
        return max([*self.values[-1:].tolist(), *(each.high for each in self.sets)])

    @cached_property
    def ranked(self) -> bool:
        """Whether percentiles and their kin exist: CloudWatch wants raw data points only, and none of them negative."""
        return bool(self.values.size) and not self.sets and bool(self.values[0] >= 0)

    @cached_property
    def _ranks(self) -> Floats:
        return np.concatenate(([0.0], np.cumsum(self.counts)))

    @cached_property
    def _sums(self) -> Floats:
        return np.concatenate(([0.0], np.cumsum(self.values * self.counts)))

    def rank_of(self, value: float) -> float:
        """Return how many data points are at most ``value``."""
        return float(self._ranks[np.searchsorted(self.values, value, side="right")])

    def sum_to(self, rank: float) -> float:
        """Return the sum of the ``rank`` lowest data points."""
        return float(np.interp(rank, self._ranks, self._sums))

    def value_at(self, rank: float) -> float:
        """Return the lowest value that at least ``rank`` data points do not exceed (nearest rank)."""
        place = int(np.searchsorted(self._ranks[1:], rank * (1 - _ROUNDING), side="left"))
        return float(self.values[min(place, self.values.size - 1)])

    def value_above(self, rank: float) -> float:
        """Return the lowest value of which some part lies above ``rank``."""
        place = int(np.searchsorted(self._ranks[1:], rank * (1 + _ROUNDING), side="right"))
        return float(self.values[min(place, self.values.size - 1)])


def distribution_of(values: Floats, counts: Floats, sets: Sequence[StatisticSet] = ()) -> Distribution:
    """Return the distribution of values in any order, with repetitions."""
    order = np.argsort(values, kind="stable")  # stable is a merge of runs: fast on data that are partly sorted
    ordered, weights = values[order], counts[order]
    if ordered.size > 1:
        starts = np.concatenate(([0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1))
        if starts.size < ordered.size:
            ordered, weights = ordered[starts], np.add.reduceat(weights, starts)
    return Distribution(ordered, weights, tuple(sets))


NOTHING: Final = Distribution(np.empty(0), np.empty(0))


def merge(parts: Sequence[Distribution]) -> Distribution:
    """Return the distribution of the data points of several distributions together."""
    if len(parts) == 1:
        return parts[0]
    values = np.concatenate([NOTHING.values, *(part.values for part in parts)])
    counts = np.concatenate([NOTHING.counts, *(part.counts for part in parts)])
    return distribution_of(values, counts, [each for part in parts for each in part.sets])
