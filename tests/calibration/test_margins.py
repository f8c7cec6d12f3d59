"""Candidates exactly on a margin: where the simulated truth puts them, against closed forms and scipy's lognormal law."""

import numpy as np
import pytest
from scipy.stats import lognorm

from policies.gates.spec import CountComparison, LatencyComparison, Margin
from rollway.calibration.faults import SERVICE, Behaviour, Service, behave
from rollway.calibration.margins import Margined, at_margin, log_quantile, slow_ratio

WHOLE = LatencyComparison(metric="latency", no_worse_than=Margin(ratio=1.21))
TAIL = LatencyComparison(metric="latency", quantile=0.95, no_worse_than=Margin(ratio=1.331))
MEDIAN = LatencyComparison(metric="latency", quantile=0.5, no_worse_than=Margin(ratio=20.0))


def candidate(*gates: Margined, service: Service = SERVICE) -> Behaviour:
    return behave(service, at_margin(gates, service), np.array([50.0]), "candidate")


def test_quantiles_are_those_of_the_lognormal_law() -> None:
    """A service without slow requests has the quantiles that scipy gives its lognormal law."""
    plain = Service(slow_share=0.0).latency(1)
    assert np.exp(log_quantile(plain, 0.95)) == pytest.approx(lognorm(0.40, scale=50e3).ppf(0.95), rel=1e-6)


@pytest.mark.parametrize(("rate", "tolerated"), [(0.01, 0.015), (0.05, 0.06), (0.0, 0.005)])
def test_errors_are_put_on_the_wider_margin(rate: float, tolerated: float) -> None:
    """With a ratio of 1.2 or half a point, the candidate fails by whichever is more: 1.5 of 1 %, 6 of 5 %, 0.5 of none."""
    margin = Margin.model_validate({"ratio": 1.2, "or_absolute": "0.5%"})
    gate = CountComparison(metric="errors_5xx", no_worse_than=margin)
    found = candidate(gate, service=Service(error_rate=rate))
    assert rate * found.error_ratio[0] + found.error_added[0] == pytest.approx(tolerated)


def test_whole_latency_moves_by_its_ratio() -> None:
    """On the margin of the whole distribution every quantile is the baseline's times the ratio."""
    for quantile in (0.1, 0.5, 0.99):
        moved = log_quantile(candidate(WHOLE).latency, quantile) - log_quantile(SERVICE.latency(1), quantile)
        assert moved == pytest.approx(np.log(1.21), abs=1e-6)


def test_a_quantile_alone_is_reached_by_slow_requests() -> None:
    """On the margin of one quantile that quantile is exactly there, and the median has hardly moved."""
    law, own = candidate(TAIL).latency, SERVICE.latency(1)
    assert log_quantile(law, 0.95) - log_quantile(own, 0.95) == pytest.approx(np.log(1.331), abs=1e-6)
    assert log_quantile(law, 0.5) - log_quantile(own, 0.5) < np.log(1.05)


def test_both_at_once_are_both_exactly_there() -> None:
    """With the whole distribution on its margin, the tail is brought to its wider one by what is missing."""
    law, own = candidate(WHOLE, TAIL).latency, SERVICE.latency(1)
    assert log_quantile(law, 0.95) - log_quantile(own, 0.95) == pytest.approx(np.log(1.331), abs=1e-6)


def test_what_slow_requests_cannot_reach_moves_everything() -> None:
    """A median twenty times as high is beyond any number of slow requests: the whole distribution is moved."""
    assert slow_ratio(SERVICE, 0.5, 20.0) is None
    moved = log_quantile(candidate(MEDIAN).latency, 0.5) - log_quantile(SERVICE.latency(1), 0.5)
    assert moved == pytest.approx(np.log(20.0), abs=1e-6)
