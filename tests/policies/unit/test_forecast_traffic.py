"""The traffic that forecasts are made for, and the typical course that is made of it."""

import numpy as np
import pytest

from policies.forecasting.traffic import Traffic, from_histogram, lognormal
from policies.forecasting.typical import NO_FAULT, Course, Fault, typical_strata


@pytest.mark.parametrize(("quantile", "expected_ms"), [(0.5, 50), (0.99, 200)])
def test_the_lognormal_law_has_the_quantiles_asked_for(quantile, expected_ms):
    """A latency given by p50 and p99 has those, to CloudWatch's bin of 10 %."""
    assert lognormal(50, 200).quantile_ms(quantile) == pytest.approx(expected_ms, rel=0.05)


def test_a_histogram_keeps_its_bins():
    """A measured distribution has the measured shares, also across bins that nobody fell into."""
    latency = from_histogram({100: 30, 103: 10})

    assert latency.lowest == 100
    assert latency.chances.tolist() == [0.75, 0, 0, 0.25]


def test_slower_latencies_move_by_whole_and_parts_of_bins():
    """One bin up is exact, half a bin is split between two: the mean of the logarithm moves by the ratio."""
    latency = from_histogram({100: 1})

    assert latency.scaled(1.1).tolist() == pytest.approx([0, 1, 0])
    assert latency.scaled(1.1**0.5).tolist() == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Traffic(0), "0 requests a minute"),
        (lambda: Traffic(100, {"errors_5xx": 1.0}), "less than 100 %"),
        (lambda: lognormal(200, 50), "p99 above p50"),
        (lambda: from_histogram({}), "no latencies"),
    ],
)
def test_impossible_traffic_is_refused(make, told):
    """Traffic that cannot be has a sentence that says why."""
    with pytest.raises(ValueError, match=told):
        make()


def test_a_typical_course_adds_up_to_what_is_expected():
    """Whole counts, and over an hour as many requests and failures an arm as the rates say, to within a few."""
    strata = typical_strata(Traffic(1000), Course(share=20, strata=60, minutes_each=1), [NO_FAULT])

    candidate, failed = strata.invocations.candidate[0], strata.errors["errors_5xx"].candidate[0]
    assert candidate.sum() == pytest.approx(12_000, abs=20)
    assert strata.invocations.baseline.sum() == pytest.approx(48_000, abs=20)
    assert failed.sum() == pytest.approx(120, abs=10)
    assert np.array_equal(failed, np.round(failed))


def test_typical_failures_scatter_as_chance_does():
    """The failures of a minute vary by about their mean, as a Poisson count does, and the arms do not move together."""
    errors = typical_strata(Traffic(1000), Course(50, 120, 1), [NO_FAULT]).errors["errors_5xx"]
    candidate, baseline = errors.candidate[0], errors.baseline[0]

    assert candidate.var() / candidate.mean() == pytest.approx(1, abs=0.2)
    assert abs(np.corrcoef(candidate, baseline)[0, 1]) < 0.1


def test_faults_are_the_candidates_alone():
    """A fault raises the candidate's errors and latencies, each in a rollout of its own, and leaves the baseline as it is."""
    faults = [NO_FAULT, Fault("errors", error_ratio=3.0), Fault("slow", latency_ratio=2.0)]
    strata = typical_strata(Traffic(1000), Course(50, 60, 1), faults)

    failed = strata.errors["model_errors"]
    assert failed.candidate.sum(axis=-1) / failed.candidate[0].sum() == pytest.approx([1, 3, 1], rel=0.1)
    means = strata.latency_sum_us.candidate.sum(axis=-1) / strata.latency_count.candidate.sum(axis=-1)
    assert means / means[0] == pytest.approx([1, 1, 2], rel=0.02)
    assert np.ptp(failed.baseline.sum(axis=-1)) == 0
    assert np.ptp(strata.latency_sum_us.baseline.sum(axis=-1)) == 0
