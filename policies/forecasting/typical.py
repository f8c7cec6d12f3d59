"""A typical course of the traffic: counts as chance would scatter them, in an order that leaves nothing to chance.

Nothing is drawn. Latencies come as evenly as whole numbers can; failures go through the quantiles of their Poisson law in steps of an
irrational number, which visits all of them equally often (Weyl's equidistribution), since a judge that allows for scatter has to see some.
Real traffic is not as even, so what the judge makes of this is a typical time, not a sure one; see ``crossing``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import pdtrik

from policies.forecasting.traffic import Traffic
from policies.strata.arrays import BIN_RATIO, Arms, Floats, Histograms, Strata
from policies.strata.columns import ERROR_COLUMNS
from policies.strata.shaping import shape

_GOLDEN: Final = (5**0.5 - 1) / 2
_CANDIDATE: Final = 0.0
_BASELINE: Final = (1 - 3**-0.5) / 2
"""Where each arm begins: two uniform values this far apart, modulo 1, are uncorrelated (1 - 6d(1 - d) = 0)."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class Fault:
    """One way in which a candidate is worse, from its first request on.

    Attributes:
        name: in a few words.
        error_ratio: what every error rate is multiplied by.
        error_added: what is then added to it; 0.01 is one percentage point.
        latency_ratio: what every latency is multiplied by, at least 1.
    """

    name: str
    error_ratio: float = 1.0
    error_added: float = 0.0
    latency_ratio: float = 1.0


NO_FAULT: Final = Fault("none")
"""The candidate is as good as the baseline."""


@dataclass(frozen=True)
class Course:
    """How long and how finely traffic is looked at.

    Attributes:
        share: the candidate's, in percent.
        strata: how many.
        minutes_each: length of a stratum.
    """

    share: float
    strata: int
    minutes_each: float


def typical_strata(traffic: Traffic, course: Course, faults: Sequence[Fault], averages: Sequence[str] = ()) -> Strata:
    """Return typical strata of one stage for each fault, shape (faults, strata), sparse ones merged as the judge does.

    Args:
        traffic: what comes in.
        course: for how long, and how it is split.
        faults: one rollout for each.
        averages: further metrics of which only averages are known: steady, and as much higher as the fault's latencies.
    """
    candidate = _arm(traffic, course, course.share, faults, _CANDIDATE)
    baseline = _arm(traffic, course, 100 - course.share, [NO_FAULT] * len(faults), _BASELINE)
    bins = Arms(*_align(candidate.bins, baseline.bins))
    numbers = traffic.latency.lowest + np.arange(bins.candidate.shape[-1], dtype=np.float64)
    middles = np.power(BIN_RATIO, numbers + 0.5)
    answered = Arms(candidate.requests, baseline.requests)
    ratios = np.array([[fault.latency_ratio] for fault in faults])
    level = Arms(*np.broadcast_arrays(ratios, np.ones((1, course.strata))))
    strata = Strata(
        stage=np.zeros(course.strata, dtype=np.int64),
        share=np.full(course.strata, course.share),
        invocations=answered,
        errors={name: Arms(candidate.failed[name], baseline.failed[name]) for name in ERROR_COLUMNS},
        latency_count=answered,
        latency_sum_us=Arms(bins.candidate @ middles, bins.baseline @ middles),
        histograms=Histograms(traffic.latency.lowest, bins),
        averages=dict.fromkeys(averages, level),
    )
    return shape(strata, np.zeros(course.strata, dtype=bool))


@dataclass(frozen=True)
class _Arm:
    """One arm by fault: ``bins`` has the shape (faults, strata, bins), ``failed`` by metric (faults, strata)."""

    bins: Floats
    failed: dict[str, Floats]

    @property
    def requests(self) -> Floats:
        return self.bins.sum(axis=-1)


def _arm(traffic: Traffic, course: Course, percent: float, faults: Sequence[Fault], begin: float) -> _Arm:
    """Spread one arm's percentage of the traffic over strata and bins."""
    requests = traffic.requests_per_minute * course.minutes_each * percent / 100
    chances = np.stack(_align(*(traffic.latency.scaled(fault.latency_ratio) for fault in faults)))
    bins = _spread(requests * chances, course.strata, begin)
    answered = bins.sum(axis=-1)
    failed = {
        metric: np.minimum(answered, _scatter(answered * _error_rates(traffic, metric, faults)[:, None], begin))
        for metric in ERROR_COLUMNS
    }
    return _Arm(bins, failed)


def _error_rates(traffic: Traffic, metric: str, faults: Sequence[Fault]) -> Floats:
    rate = traffic.error_rates.get(metric, 0.0)
    return np.array([min(1.0, rate * fault.error_ratio + fault.error_added) for fault in faults])


def _spread(expected: Floats, strata: int, begin: float) -> Floats:
    """Spread what a stratum is expected to hold, shape (faults, bins), over strata as whole numbers, shape (faults, strata, bins)."""
    phase = _visit(expected.shape[-1], begin)
    until = np.arange(strata + 1)[:, None] * expected[:, None, :]
    return np.diff(np.floor(until + phase), axis=1)


def _scatter(expected: Floats, begin: float) -> Floats:
    """Return for each stratum, the last axis, a quantile of the Poisson law with its expectation."""
    level = _visit(expected.shape[-1], begin)
    return np.maximum(0.0, np.ceil(np.nan_to_num(pdtrik(level, expected)) - _ROUNDING))


def _visit(count: int, begin: float) -> Floats:
    """Return values in [0, 1), each the golden ratio's step, modulo 1, after the one before."""
    return np.modf(np.arange(1, count + 1) * _GOLDEN + begin)[0]


def _align(*values: Floats) -> list[Floats]:
    """Give arrays the same last axis, with zeros for the bins that one lacks."""
    most = max(each.shape[-1] for each in values)
    return [np.pad(each, [(0, 0)] * (each.ndim - 1) + [(0, most - each.shape[-1])]) for each in values]
