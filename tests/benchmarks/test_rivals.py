"""What the rivals count as harm, and when they call it."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import hypergeom, norm

from benchmarks.rivals import RIVALS
from benchmarks.rivals.alarms import alarm, judge_by_alarms, judge_by_one_alarm
from benchmarks.rivals.calls import NEVER, Calls, call_at_end
from benchmarks.rivals.group_sequential import bounds_for
from benchmarks.rivals.mixture_sprt import log_ratio
from benchmarks.rivals.moments import Difference, accumulate, error_moments, stratified_z
from benchmarks.rivals.quantile_sequence import radius
from benchmarks.rivals.series import limits_for, quantile_ms
from benchmarks.rivals.thresholds import judge_by_argo, judge_by_argo_relative, judge_by_flagger
from policies.strata.arrays import Strata
from rollway.calibration.faults import Fault
from rollway.calibration.traffic import Scenario, TrafficPlan, draw
from rollway.calibration.worlds import IID, SHOCK

FINE, BAD = 10.0, 30.0
"""Failures of 1,000 requests: as usual, and far beyond every limit."""
STEADY = TrafficPlan.steady(5000, 50.0)


def test_the_first_sign_of_harm_ends_a_rollout() -> None:
    """A rollout is rolled back at the first sign of harm, or else promoted in the last minute, never both."""
    calls = call_at_end(np.array([[False, True, True], [False, False, False]]))
    assert calls.rollback_at.tolist() == [1, NEVER]
    assert calls.promote_at.tolist() == [NEVER, 2]


@pytest.mark.parametrize(
    ("judge", "bad_minutes", "rollback_at"),
    [
        (judge_by_argo, 4, 6),  # failureLimit 3: the fourth failure
        (judge_by_argo, 3, NEVER),
        (judge_by_argo_relative, 4, 6),
        (judge_by_flagger, 5, 8),  # threshold 5: the fifth failure
        (judge_by_flagger, 4, NEVER),
        (judge_by_one_alarm, 1, 0),
        (judge_by_alarms, 3, 4),  # minutes 0, 2 and 4 of the last five
        (judge_by_alarms, 2, NEVER),
    ],
)
def test_failed_checks_are_counted_as_documented(
    make_traces: Callable[..., Strata], judge: Callable[[Strata], Calls], bad_minutes: int, rollback_at: int
) -> None:
    """Every other minute fails its check; each controller acts at the count that its documentation says."""
    failed = [FINE] * 12
    failed[: 2 * bad_minutes : 2] = [BAD] * bad_minutes
    assert judge(make_traces(failed)).rollback_at.tolist() == [rollback_at]


def test_alarm_forgets_what_left_its_window() -> None:
    """Breaches more than N minutes apart never make M of N."""
    assert not alarm(np.array([[True, False, False, True, False, False, True]]), 2, 3).any()


@pytest.mark.parametrize("name", RIVALS)
def test_every_rival_sees_a_very_slow_candidate(make_traces: Callable[..., Strata], name: str) -> None:
    """A candidate whose every request takes six times as long and more is rolled back by all rivals."""
    slow = make_traces([FINE] * 30, bins_up=[20 + minute % 3 for minute in range(30)])
    assert RIVALS[name](slow).rollback_at[0] != NEVER


@pytest.mark.parametrize("name", RIVALS)
def test_every_rival_promotes_an_equal_candidate(make_traces: Callable[..., Strata], name: str) -> None:
    """Where both arms show exactly the same, every rival promotes in the last minute."""
    calls = RIVALS[name](make_traces([FINE] * 30))
    assert (calls.rollback_at.tolist(), calls.promote_at.tolist()) == ([NEVER], [29])


def test_limits_know_the_service() -> None:
    """Limits lie above the figures that the service's description gives: p99 208 ms, and a lognormal mixture's mean."""
    limits = limits_for()
    mean_ms = 0.97 * 50 * np.exp(0.4**2 / 2) + 0.03 * 166 * np.exp(0.5**2 / 2)
    assert limits.p99_ms / 1.25 == pytest.approx(208, abs=0.5)
    assert limits.mean_ms / 1.25 == pytest.approx(mean_ms)


def test_quantiles_are_interpolated() -> None:
    """The p99 of many simulated requests is the law's, to what interpolation within a bin of 10 % costs."""
    traces = draw(Scenario(TrafficPlan.steady(4e6, 50.0, minutes=1)), 1, 3)
    assert quantile_ms(traces, 0.99).candidate.item() == pytest.approx(limits_for().p99_ms / 1.25, rel=0.01)


def test_boundaries_are_lan_and_demets() -> None:
    """Five equal looks have the two-sided 5 % boundaries of the standard tables, whose coarser grid is good for 2e-4."""
    found = bounds_for(np.arange(1.0, 6.0))
    assert found == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=2e-4)


def test_looks_that_add_nothing_are_skipped() -> None:
    """A minute without planned information is not looked at, and the end always is."""
    found = bounds_for(np.array([1.0, 1.0, 2.0, 2.0]))
    assert np.isinf(found).tolist() == [False, True, True, False]


def test_stratified_z_is_mantel_and_haenszels() -> None:
    """The z-value is that of hypergeometric counts added up over minutes (scipy's mean and variance)."""
    traces = draw(Scenario(TrafficPlan.staged(500, minutes_each=5), SHOCK), 1, 8, histograms=False)
    moments = error_moments(traces)
    total, failed = moments.count.total[0], moments.total.total[0]
    laws = hypergeom(total.astype(int), failed.astype(int), moments.count.candidate[0].astype(int))
    expected = np.sum(moments.total.candidate[0] - laws.mean()) / np.sqrt(np.sum(laws.var()))
    assert stratified_z(moments)[0, -1] == pytest.approx(expected, rel=1e-9)


def test_mixture_ratio_is_the_average_over_its_prior() -> None:
    """The likelihood ratio is that of a normal difference, averaged over a normal prior by numerical integration."""
    difference = Difference(np.array([0.012]), np.array([0.004**2]), np.array([1.0]))

    def weighted(effect: float) -> float:
        likelihood = norm.pdf(0.012, effect, 0.004) / norm.pdf(0.012, 0.0, 0.004)
        return float(likelihood * norm.pdf(effect, 0.0, 0.005))

    average = quad(weighted, -0.05, 0.05)[0]
    assert np.exp(log_ratio(difference, 0.005)).item() == pytest.approx(average, rel=1e-6)


def test_quantile_radius_covers_the_law_of_the_iterated_logarithm() -> None:
    """The band of a quantile narrows about as fast as one over the root of the sample, and never below it."""
    wide, narrow = radius(np.array([1e4, 1e6]), 0.5, 0.05)
    assert 8 < wide / narrow < 11
    assert narrow > 2 * np.sqrt(0.25 / 1e6)


def test_repeated_z_crosses_as_armitage_found() -> None:
    """Sixty looks at a 5 % test cross in 33.5 % of equal samples (recursion of Armitage, McPherson and Rowe), within 3 errors."""
    runs = 1000
    traces = draw(Scenario(STEADY, IID), runs, 11, histograms=False)
    crossed = (np.abs(accumulate(error_moments(traces)).z) > norm.isf(0.025)).any(axis=-1).mean()
    assert crossed == pytest.approx(0.335, abs=3 * np.sqrt(0.335 * 0.665 / runs))


@pytest.mark.parametrize(
    "name",
    ["Group-sequential, pooled", "Group-sequential, stratified", "GrowthBook's sequential test", "Kayenta's judge"],
)
def test_sequential_rivals_keep_their_risk_in_calm(name: str) -> None:
    """In a world where nothing but chance differs, two metrics' tests roll back at most 5 %, within 3 errors."""
    runs = 200
    rolled_back = (RIVALS[name](draw(Scenario(STEADY, IID), runs, 12)).rollback_at != NEVER).mean()
    assert rolled_back <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)


def test_pooling_blames_a_shared_outage_on_the_candidate() -> None:
    """Staged traffic with one outage of both arms rolls back most good candidates when minutes are pooled, few when stratified."""
    traces = draw(Scenario(TrafficPlan.staged(5000), SHOCK), 100, 13)
    pooled, stratified = (
        (RIVALS[f"Group-sequential, {how}"](traces).rollback_at != NEVER).mean() for how in ("pooled", "stratified")
    )
    assert pooled > 0.6
    assert stratified < 0.2


def test_more_errors_are_found_by_the_stratified_test() -> None:
    """Errors of 2 % instead of 1 % are found in nearly every rollout at 5,000 requests a minute."""
    traces = draw(Scenario(STEADY, SHOCK, faults=(Fault(error_ratio=2.0),)), 50, 14)
    calls = RIVALS["Group-sequential, stratified"](traces)
    assert (calls.rollback_at != NEVER).mean() > 0.95
