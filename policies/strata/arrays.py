"""Strata as arrays: the last axis is time (the last but one where a histogram follows), and any axes before it are free.

A single rollout has no further axis; a simulation puts its runs in front, so that one call judges thousands of rollouts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool_]

BIN_RATIO: Final = 1.1
"""CloudWatch's histogram lattice: bin k holds latencies in (1.1^k, 1.1^(k+1)] microseconds."""


@dataclass(frozen=True)
class Arms:
    """One measurement of both arms.

    Attributes:
        candidate: the candidate's, shape (..., strata), or (..., strata, bins) for a histogram.
        baseline: the baseline's, same shape.
    """

    candidate: Floats
    baseline: Floats

    @property
    def total(self) -> Floats:
        """Both arms together."""
        return self.candidate + self.baseline


@dataclass(frozen=True)
class Histograms:
    """Latency histograms of both arms on CloudWatch's lattice.

    Attributes:
        lowest: index k of the first bin.
        counts: requests by bin, shape (..., strata, bins).
    """

    lowest: int
    counts: Arms


@dataclass(frozen=True)
class Answers:
    """What became of the copies of requests that a shadow got, by what data capture kept.

    Attributes:
        expected: requests whose two answers should be there to compare, shape (..., strata).
        paired: requests whose two answers were compared.
        agreeing: those of them whose answers agree.
    """

    expected: Floats
    paired: Floats
    agreeing: Floats


@dataclass(frozen=True)
class Strata:
    """Everything measured of both arms, one stratum per (stage, minute). A stratum in which an arm was silent has zeros there.

    Attributes:
        stage: index of the stage, shape (strata,).
        share: percent of traffic that the candidate was given, shape (strata,).
        invocations: requests.
        errors: failed requests by metric: ``errors_4xx``, ``errors_5xx``, ``model_errors``.
        latency_count: requests with a latency.
        latency_sum_us: sum of the latencies, microseconds.
        histograms: latency histograms; None where there are none.
        averages: further metrics with only a per-minute average, by name; NaN where an arm has no value.
        answers: how a shadow's answers compare with the baseline's; None where that was not read.
        periods: how many periods each stratum stands for; None for one each.
    """

    stage: Integers
    share: Floats
    invocations: Arms
    errors: Mapping[str, Arms]
    latency_count: Arms
    latency_sum_us: Arms
    histograms: Histograms | None = None
    averages: Mapping[str, Arms] = field(default_factory=dict[str, Arms])
    answers: Answers | None = None
    periods: Floats | None = None
