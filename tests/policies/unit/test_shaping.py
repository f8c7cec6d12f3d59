"""Shaping: which minutes count, and that no request is counted twice or lost on the way."""

import numpy as np
import pytest

from policies.strata.arrays import Arms, Histograms, Strata
from policies.strata.shaping import LEAST_EXPECTED, keep_first, shape
from rollway.calibration.traffic import Scenario, TrafficPlan, draw

NO_WARM_UP = np.zeros(40, dtype=bool)


def sparse(requests_per_minute: float = 2, share: float = 50) -> Strata:
    plan = TrafficPlan(requests_per_minute, ((share, 25), (share + 10, 15)))
    return draw(Scenario(plan), 3, 7)


def test_dense_minutes_stay_as_they_are():
    """With enough requests every minute is a stratum of its own."""
    strata = sparse(requests_per_minute=500)
    shaped = shape(strata, NO_WARM_UP)
    assert (shaped.invocations.total == strata.invocations.total).all()
    assert shaped.periods is not None
    assert (shaped.periods == 1).all()


def test_sparse_minutes_are_summed_within_their_stage():
    """Sums stand where enough can be expected of the smaller arm; a stage keeps what it measured, but for an unfinished rest."""
    strata = sparse()
    shaped = shape(strata, NO_WARM_UP)
    assert shaped.periods is not None
    filled = shaped.periods > 0
    smaller = np.minimum(strata.share, 100 - strata.share) / 100
    assert (shaped.invocations.total * smaller)[filled].min() >= LEAST_EXPECTED
    for stage in (0, 1):
        part = strata.stage == stage
        before = np.cumsum(strata.invocations.total[:, part], axis=1)
        after = np.cumsum(shaped.invocations.total[:, part], axis=1)
        there = filled[:, part]
        assert (after[there] == before[there]).all()
        assert (shaped.periods[:, part].sum(axis=1) <= part.sum()).all()


def test_histograms_are_merged_like_counts():
    """A merged stratum's histogram holds the merged requests."""
    shaped = shape(sparse(), NO_WARM_UP)
    assert shaped.histograms is not None
    assert (shaped.histograms.counts.candidate.sum(axis=-1) == shaped.latency_count.candidate).all()


def test_warm_up_counts_for_nothing():
    """Its minutes keep their place and hold zeros, averages hold nothing."""
    ones = Arms(np.ones(4) * 50, np.ones(4) * 50)
    strata = Strata(
        stage=np.zeros(4, dtype=int), share=np.full(4, 50.0), invocations=ones, errors={"errors_5xx": ones},
        latency_count=ones, latency_sum_us=ones, histograms=Histograms(3, Arms(np.ones((4, 2)), np.ones((4, 2)))), averages={"x": ones},
    )  # fmt: skip
    shaped = shape(strata, np.array([True, True, False, False]))
    assert shaped.invocations.candidate.tolist() == [0, 0, 50, 50]
    assert shaped.histograms is not None
    assert shaped.histograms.counts.baseline.sum(axis=1).tolist() == [0, 0, 2, 2]
    assert np.isnan(shaped.averages["x"].candidate).tolist() == [True, True, False, False]


@pytest.mark.parametrize("count", [1, 7, 24, 26, 39])
def test_the_past_does_not_change_when_more_comes(count):
    """Shaping the first minutes gives the first minutes of shaping all: the rule looks at the past alone."""
    strata = sparse()
    alone = Strata(
        stage=strata.stage[:count], share=strata.share[:count],
        invocations=Arms(strata.invocations.candidate[:, :count], strata.invocations.baseline[:, :count]), errors={},
        latency_count=Arms(strata.latency_count.candidate[:, :count], strata.latency_count.baseline[:, :count]),
        latency_sum_us=Arms(strata.latency_sum_us.candidate[:, :count], strata.latency_sum_us.baseline[:, :count]),
    )  # fmt: skip
    whole, part = shape(strata, NO_WARM_UP), shape(alone, NO_WARM_UP[:count])
    assert (whole.invocations.candidate[:, :count] == part.invocations.candidate).all()


def test_the_first_strata_can_be_kept():
    """Every array is cut alike."""
    strata = draw(Scenario(TrafficPlan.steady(500, 50, 12)), 1, 1)
    single = Strata(
        stage=strata.stage, share=strata.share, invocations=Arms(strata.invocations.candidate[0], strata.invocations.baseline[0]),
        errors={}, latency_count=Arms(strata.latency_count.candidate[0], strata.latency_count.baseline[0]),
        latency_sum_us=Arms(strata.latency_sum_us.candidate[0], strata.latency_sum_us.baseline[0]),
    )  # fmt: skip
    kept = keep_first(shape(single, np.zeros(12, dtype=bool)), 5)
    assert kept.periods is not None
    assert {len(kept.stage), len(kept.share), len(kept.invocations.candidate), len(kept.periods)} == {5}
