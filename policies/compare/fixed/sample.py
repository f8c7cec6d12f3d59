"""One variant's measurements of one metric: distinct values and how often each was seen.

Requests, histograms and counts of events all come down to this, so each test is written once. Grouping equal values loses nothing.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from policies.strata.arrays import Floats, Integers


class Unanswerable(ValueError):
    """The measurements cannot answer the question. The message is the reason, ready to be shown; no number stands in for an answer."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A sample as a histogram without loss.

    Attributes:
        values: the distinct values, ascending.
        counts: how many requests had each value, all positive.
    """

    values: Floats
    counts: Integers

    @classmethod
    def of_values(cls, values: ArrayLike, counts: ArrayLike | None = None) -> Self:
        """Group measured values.

        Args:
            values: one value per request, or per group of equal ones.
            counts: the size of each group; without it, each value is one request.

        Raises:
            Unanswerable: when a value is missing or infinite, or a count is no whole number from 0 up.
        """
        measured = np.asarray(values, dtype=np.float64)
        sizes = np.ones_like(measured) if counts is None else np.asarray(counts, dtype=np.float64)
        if bad := int(np.sum(~np.isfinite(measured))):
            raise Unanswerable(
                f"{bad} of {measured.size} values are missing or not finite; find out why, or leave them out on purpose"
            )
        if not np.all(np.isfinite(sizes) & (sizes >= 0) & (sizes == np.round(sizes))):
            raise Unanswerable("a count is missing, negative or not whole; it says how many requests had the value")
        distinct, group = np.unique(measured[sizes > 0], return_inverse=True)
        return cls(distinct, np.bincount(group, sizes[sizes > 0], distinct.size).astype(np.int64))

    @classmethod
    def of_events(cls, events: float, trials: float) -> Self:
        """Take a count of events among trials as ones among zeros.

        Raises:
            Unanswerable: when there are more events than trials, or either is no whole number from 0 up.
        """
        if events > trials:
            raise Unanswerable(f"{events:g} events in {trials:g} trials; there can be no more events than trials")
        return cls.of_values([0.0, 1.0], [trials - events, events])

    @cached_property
    def size(self) -> int:
        """Requests."""
        return int(self.counts.sum())

    @cached_property
    def mean(self) -> float:
        """The mean of all requests."""
        return float(self.values @ self.counts) / self.size

    @cached_property
    def variance(self) -> float:
        """The unbiased variance of one request; nought when all values are equal."""
        if self.is_constant:
            return 0.0
        return float((self.values - self.mean) ** 2 @ self.counts) / (self.size - 1)

    @property
    def is_constant(self) -> bool:
        """Whether all values are equal."""
        return self.values.size == 1

    def expand(self) -> Floats:
        """Return one value per request, ascending."""
        return np.repeat(self.values, self.counts)

    def count_below(self, limits: Floats, *, inclusive: bool = False) -> Integers:
        """Count the requests below each limit, or up to and including it."""
        cumulative = np.concatenate([[0], np.cumsum(self.counts)])
        return cumulative[np.searchsorted(self.values, limits, side="right" if inclusive else "left")]


def require(control: Sample, treatment: Sample, *, least: int) -> None:
    """Refuse samples that are too small for a test.

    Raises:
        Unanswerable: when either has fewer requests than the test needs.
    """
    for role, sample in (("control", control), ("treatment", treatment)):
        if sample.size < least:
            raise Unanswerable(f"too few requests in the {role}: {sample.size}, and this test needs at least {least}")


def require_level(level: float) -> None:
    """Refuse a confidence level outside (0, 1).

    Raises:
        ValueError: when it is.
    """
    if not 0 < level < 1 or math.isnan(level):
        raise ValueError(f"the confidence level is {level}; write a fraction between 0 and 1, for example 0.95")
