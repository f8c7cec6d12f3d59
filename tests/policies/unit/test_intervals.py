"""Estimates and their confidence sequences: they hold the estimate, rule out what the data rule out, and cover the truth."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import nchypergeom_fisher

from policies.compare.intervals import (
    UNKNOWN,
    Interval,
    find_quantile_us,
    odds_interval,
    quantile_interval,
    ratio_interval,
)
from policies.strata.arrays import BIN_RATIO, Arms, Histograms
from rollway.calibration.faults import Fault, Service
from rollway.calibration.traffic import Scenario, TrafficPlan, draw

RISK = 0.05
RUNS = 60
PLAN = TrafficPlan(500.0, ((25.0, 10), (50.0, 10)))
NONE = np.zeros(5)
SOME = np.full(5, 100.0)


def arms(candidate: object, baseline: object) -> Arms:
    return Arms(np.asarray(candidate, dtype=float), np.asarray(baseline, dtype=float))


def run_of(pair: Arms, run: int) -> Arms:
    return Arms(pair.candidate[run], pair.baseline[run])


def covers(interval: Interval, truth: float) -> bool:
    low, high = interval.low, interval.high
    low, high = (-np.inf if low is None else low), (np.inf if high is None else high)
    assert low <= interval.estimate <= high
    return low <= truth <= high


def test_the_odds_ratio_is_the_conditional_maximum_likelihood_estimate():
    """Over strata of different rates, to the grid's interpolation (oracle: Fisher's noncentral law of scipy, maximised by scipy)."""
    failures, requests = arms([9, 14, 30], [12, 20, 33]), arms([200, 300, 400], [600, 700, 500])

    def loss(log_odds: float) -> float:
        laws = zip(failures.candidate, failures.total, requests.candidate, requests.total, strict=True)
        return -sum(
            nchypergeom_fisher.logpmf(x, total, failed, drawn, np.exp(log_odds)) for x, failed, drawn, total in laws
        )

    wanted = np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)
    assert odds_interval(failures, requests, 1.0, RISK).estimate == pytest.approx(wanted, rel=1e-3)


def test_tempering_widens_the_odds_interval():
    """Arms that differ by noise of their own say less about the odds, and the estimate stays."""
    failures, requests = arms([50, 60], [40, 30]), arms([2000, 2000], [2000, 2000])
    plain, tempered = (odds_interval(failures, requests, factor, RISK) for factor in (1.0, 3.0))
    assert plain.estimate == pytest.approx(tempered.estimate)
    assert tempered.low < plain.low < plain.estimate < plain.high < tempered.high


@pytest.mark.parametrize("ratio", [1.0, 1.5, 3.0])
def test_the_true_odds_ratio_is_covered(ratio):
    """At the last of twenty looks no more than 5 % of the seeded intervals miss the truth (a sequence covers at all looks together)."""
    service = Service(error_rate=0.02)
    strata = draw(Scenario(PLAN, service=service, faults=(Fault(error_ratio=ratio),)), RUNS, 11, histograms=False)
    truth = ratio * 0.98 / (1 - ratio * 0.02)
    covered = [
        covers(odds_interval(run_of(strata.errors["errors_5xx"], i), run_of(strata.invocations, i), 1.0, RISK), truth)
        for i in range(RUNS)
    ]
    assert np.mean(covered) >= 0.95


@pytest.mark.parametrize("bins", [0, 3, 7])
def test_the_true_ratio_of_quantiles_and_averages_is_covered(bins):
    """A candidate slower by whole bins: intervals of p90 and of the mean hold that ratio in 95 % of the seeded runs."""
    truth = BIN_RATIO**bins
    strata = draw(Scenario(PLAN, faults=(Fault(latency_ratio=truth),)), RUNS, 12)
    assert strata.histograms is not None
    found: list[tuple[bool, bool]] = []
    for i in range(RUNS):
        counts = run_of(strata.histograms.counts, i)
        number = run_of(strata.latency_count, i)
        sums = run_of(strata.latency_sum_us, i)
        means = Arms(sums.candidate / number.candidate, sums.baseline / number.baseline)
        by_quantile = quantile_interval(Histograms(strata.histograms.lowest, counts), 0.9, 1.0, RISK)
        found.append((covers(by_quantile, truth), covers(ratio_interval(means, number, RISK), truth)))
    assert (np.mean(found, axis=0) >= 0.95).all()


def test_intervals_get_narrower():
    """Ten times the requests rule out more at either end."""
    failures, requests = arms([5, 6], [5, 6]), arms([500, 500], [500, 500])
    few = odds_interval(failures, requests, 1.0, RISK)
    many = odds_interval(
        arms(failures.candidate * 10, failures.baseline * 10),
        arms(requests.candidate * 10, requests.baseline * 10),
        1.0,
        RISK,
    )
    assert few.low < many.low < 1 < many.high < few.high


@pytest.mark.parametrize(
    "interval",
    [
        odds_interval(arms(NONE, NONE), arms(SOME, SOME), 1.0, RISK),
        ratio_interval(arms(NONE * np.nan, SOME), arms(NONE, SOME), RISK),
        quantile_interval(Histograms(100, arms(np.zeros((5, 3)), np.ones((5, 3)))), 0.9, 1.0, RISK),
    ],
    ids=["no errors", "no average", "no latency"],
)
def test_nothing_known_is_told_as_unknown(interval):
    """Where an arm says nothing there is no estimate and both ends are open."""
    assert interval == UNKNOWN


@pytest.mark.parametrize(("failed", "ends"), [((40, 0), (True, False)), ((0, 40), (False, True))])
def test_an_arm_without_errors_leaves_an_end_open(failed, ends):
    """If only one arm fails the odds ratio may be any multiple, so that end is open and no estimate is told."""
    interval = odds_interval(arms([failed[0]], [failed[1]]), arms([500], [500]), 1.0, RISK)
    assert interval.estimate is None
    assert (interval.low is not None, interval.high is not None) == ends


def test_a_quantile_is_interpolated_within_its_bin():
    """Half of the requests lie below the middle of a bin that holds them all (by hand), and none gives no number."""
    counts = np.array([[0.0, 4.0, 0.0], [0.0, 6.0, 0.0]])
    assert find_quantile_us(100, counts, 0.5) == pytest.approx(BIN_RATIO**101.5)
    assert np.isnan(find_quantile_us(100, np.zeros((2, 3)), 0.5))
