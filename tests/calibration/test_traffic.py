"""Simulated traffic: what is drawn against the truth that it is drawn from (Monte-Carlo error: four standard errors)."""

from itertools import product

import numpy as np
import pytest
from numpy.random import default_rng
from scipy.stats import chisquare, lognorm

from policies.strata.arrays import BIN_RATIO, Floats, Histograms, Strata
from rollway.calibration.faults import NO_FAULT, Fault, Faults, Service, cold_start
from rollway.calibration.traffic import (
    BATCH_RUNS,
    LOG_RATIO,
    Expected,
    Scenario,
    TrafficPlan,
    bin_chances,
    draw,
    draw_batches,
)
from rollway.calibration.worlds import OVER, OVER_AR, SHOCK, WORLDS, World

SEED = 7
HALF = TrafficPlan.steady(200.0, 50.0, 5)
STAGED = TrafficPlan.staged(400.0, 2)
QUIET_WORLDS = [name for name, world in WORLDS.items() if world.noise is None]


def assert_mean(sample: Floats, expected: float) -> None:
    error = np.std(sample) / np.sqrt(np.size(sample))
    assert abs(np.mean(sample) - expected) <= 4 * error


def drawn_bins(strata: Strata) -> Histograms:
    assert strata.histograms is not None
    return strata.histograms


def truths(scenario: Scenario, runs: int = 20) -> tuple[Expected, Expected]:
    weather = scenario.world.draw(runs, scenario.plan.minutes, default_rng(SEED))
    return scenario.expect("candidate", weather), scenario.expect("baseline", weather)


def arrays(strata: Strata) -> list[Floats]:
    measured = [strata.invocations, *strata.errors.values(), strata.latency_count, strata.latency_sum_us]
    measured += [strata.histograms.counts] if strata.histograms else []
    return [arm for arms in measured for arm in (arms.candidate, arms.baseline)]


def assert_same(one: Strata, other: Strata) -> None:
    for ours, theirs in zip(arrays(one), arrays(other), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_plan_says_stage_and_share_of_each_minute() -> None:
    """The staged plan goes 5/25/50/95 %, each stage as long as the others."""
    assert list(STAGED.stage) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert list(STAGED.share) == [5, 5, 25, 25, 50, 50, 95, 95]
    assert STAGED.minutes == 8


@pytest.mark.parametrize("ladder", [(), ((101.0, 5),), ((-1.0, 5),), ((50.0, 0),)])
def test_an_impossible_plan_is_refused(ladder: tuple[tuple[float, int], ...]) -> None:
    """A plan without stages, with a share beyond all traffic or an empty stage is an error."""
    with pytest.raises(ValueError, match="stage"):
        TrafficPlan(100.0, ladder)


@pytest.mark.parametrize("histograms", [True, False])
def test_requests_follow_the_share(*, histograms: bool) -> None:
    """Requests of each arm are Poisson with the mean that plan and share give, with and without histograms."""
    strata = draw(Scenario(STAGED), 500, SEED, histograms=histograms)
    for minute, share in enumerate(STAGED.share):
        for arm, percent in ((strata.invocations.candidate, share), (strata.invocations.baseline, 100 - share)):
            assert_mean(arm[:, minute], 4 * percent)
            assert np.var(arm[:, minute]) == pytest.approx(4 * percent, rel=4 * np.sqrt(2 / 500))


@pytest.mark.parametrize("histograms", [True, False])
def test_errors_are_binomial(*, histograms: bool) -> None:
    """Failed requests have the mean and the variance of a binomial law over a Poisson number of requests, which is Poisson."""
    failed = draw(Scenario(HALF, faults=(Fault(error_added=0.04),)), 500, SEED, histograms=histograms).errors
    for arm, mean in ((failed["errors_5xx"].candidate, 5.0), (failed["errors_5xx"].baseline, 1.0)):
        assert_mean(arm, mean)
        assert np.var(arm) == pytest.approx(mean, rel=0.15)
    np.testing.assert_array_equal(failed["model_errors"].candidate, failed["errors_5xx"].candidate)
    assert not failed["errors_4xx"].total.any()


@pytest.mark.parametrize("histograms", [True, False])
def test_latency_sums_have_the_laws_moments(*, histograms: bool) -> None:
    """A sum of n latencies has mean n·E(X) and variance n·Var(X) by scipy's lognormal moments, with and without histograms."""
    strata = draw(Scenario(HALF), 1000, SEED, histograms=histograms)
    first, second = (
        0.97 * lognorm(0.4, scale=50e3).moment(order) + 0.03 * lognorm(0.5, scale=166e3).moment(order)
        for order in (1, 2)
    )
    count, total = strata.latency_count.baseline, strata.latency_sum_us.baseline
    standard = (total - count * first) / np.sqrt(count * (second - first**2))
    assert_mean(standard, 0.0)
    assert np.var(standard) == pytest.approx(1.0, rel=0.1)


def test_latencies_fall_into_bins_as_the_law_says() -> None:
    """Counts by bin agree with scipy's lognormal distribution (chi-square, bins with 20 or more of 100,000 requests)."""
    strata = draw(Scenario(TrafficPlan.steady(400.0, 50.0, 5)), 100, SEED)
    drawn = drawn_bins(strata)
    counts: Floats = drawn.counts.baseline.sum(axis=(0, 1))
    edges: Floats = BIN_RATIO ** (drawn.lowest + np.arange(counts.size + 1, dtype=np.float64))
    chances: Floats = np.diff(0.97 * lognorm.cdf(edges, 0.4, scale=50e3) + 0.03 * lognorm.cdf(edges, 0.5, scale=166e3))
    many = counts.sum() * chances >= 20
    expected = counts[many].sum() * chances[many] / chances[many].sum()
    assert chisquare(counts[many], expected).pvalue > 1e-4


def test_histograms_hold_every_request() -> None:
    """Every request has a latency: a minute's histogram adds up to its requests, errors never exceed them."""
    strata = draw(Scenario(STAGED, SHOCK, faults=(Fault(error_ratio=20),)), 50, SEED)
    counts = drawn_bins(strata).counts
    np.testing.assert_array_equal(counts.candidate.sum(axis=-1), strata.invocations.candidate)
    np.testing.assert_array_equal(counts.baseline.sum(axis=-1), strata.latency_count.baseline)
    assert np.all(strata.errors["errors_5xx"].candidate <= strata.invocations.candidate)


@pytest.mark.parametrize(
    ("world", "faults"),
    [*((world, NO_FAULT) for world in WORLDS.values()), (SHOCK, (cold_start(3, 4.0), Fault(spread=1.5, slow_ratio=3)))],
)
def test_the_bins_are_wide_enough(world: World, faults: Faults) -> None:
    """Less than one request in a thousand million lies beyond the ends of the histogram, over all weather, in either arm."""
    scenario = Scenario(STAGED, world, faults=faults)
    bins = scenario.bins()
    for truth in truths(scenario, 500):
        ends = LOG_RATIO * np.array([bins[0], bins[-1] + 1]) - truth.log_shift[..., np.newaxis]
        below, above = np.mean(truth.latency.cdf(ends), axis=(0, 1))
        assert below + 1 - above < 1e-9


def testbin_chances_are_the_laws_own() -> None:
    """Interpolated chances agree with the law computed at every edge, to one part in a thousand wherever a request ever falls."""
    scenario = Scenario(STAGED, OVER, faults=(Fault(latency_ratio=1.25, ramp=8),))
    bins = scenario.bins()
    edges = LOG_RATIO * np.array(bins[1:])
    for truth in truths(scenario):
        below = truth.latency.cdf(edges - truth.log_shift[..., np.newaxis])
        exact = np.diff(below, prepend=0.0, append=1.0)
        drawn = bin_chances(truth, bins)
        np.testing.assert_allclose(drawn.sum(axis=-1), 1.0)
        np.testing.assert_allclose(drawn, exact, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("world", QUIET_WORLDS)
def test_an_error_ratio_sits_exactly_at_its_margin(world: str) -> None:
    """In every minute of every world that treats the arms alike, the candidate fails exactly 1.2 times as often."""
    candidate, baseline = truths(Scenario(STAGED, WORLDS[world], faults=(Fault(error_ratio=1.2),)))
    np.testing.assert_allclose(candidate.error_rate, 1.2 * baseline.error_rate, rtol=1e-12)


@pytest.mark.parametrize("world", QUIET_WORLDS)
def test_an_added_error_rate_sits_exactly_at_its_margin(world: str) -> None:
    """In every minute of every world that treats the arms alike, the candidate fails exactly half a percentage point more often."""
    candidate, baseline = truths(Scenario(STAGED, WORLDS[world], faults=(Fault(error_added=0.005),)))
    np.testing.assert_allclose(candidate.error_rate - baseline.error_rate, 0.005, rtol=1e-9)


@pytest.mark.parametrize(("world", "whole_bins"), [*product(QUIET_WORLDS, [1, 4])])
def test_a_latency_ratio_sits_exactly_at_its_margin(world: str, whole_bins: int) -> None:
    """A candidate slower by whole bins has the baseline's chances, that many bins higher: exactly what a judge shifts back."""
    scenario = Scenario(STAGED, WORLDS[world], faults=(Fault(latency_ratio=1.1**whole_bins),))
    bins = scenario.bins()
    candidate, baseline = (bin_chances(truth, bins)[..., 1:-1] for truth in truths(scenario))
    np.testing.assert_allclose(candidate[..., whole_bins:], baseline[..., :-whole_bins], rtol=1e-6, atol=1e-12)


def test_noisy_arms_are_at_the_margin_on_average() -> None:
    """With noise of its own the candidate's error rate is 1.2 times the baseline's over many runs, though in no minute."""
    candidate, baseline = truths(Scenario(STAGED, OVER_AR, faults=(Fault(error_ratio=1.2),)), 4000)
    assert_mean(candidate.error_rate[:, 0] - 1.2 * baseline.error_rate[:, 0], 0.0)
    assert not np.any(np.isclose(candidate.error_rate, 1.2 * baseline.error_rate, rtol=1e-9))


@pytest.mark.parametrize("histograms", [True, False])
def test_a_seed_says_everything(*, histograms: bool) -> None:
    """One seed gives one result, another seed another."""
    scenario = Scenario(HALF, SHOCK)
    assert_same(draw(scenario, 3, SEED, histograms=histograms), draw(scenario, 3, SEED, histograms=histograms))
    other = draw(scenario, 3, SEED + 1, histograms=histograms)
    assert not np.array_equal(
        draw(scenario, 3, SEED, histograms=histograms).invocations.candidate, other.invocations.candidate
    )


def test_a_run_is_the_same_however_many_are_drawn() -> None:
    """Run 7 of a seed can be drawn again without the thousands after it."""
    many, few = draw(Scenario(HALF, OVER), BATCH_RUNS + 5, SEED), draw(Scenario(HALF, OVER), 8, SEED)
    for more, less in zip(arrays(many), arrays(few), strict=True):
        np.testing.assert_array_equal(more[:8], less)


def test_batches_are_the_whole_in_parts() -> None:
    """Drawing in batches gives the very runs of drawing at once, the last batch being shorter."""
    scenario = Scenario(HALF, OVER)
    batches = list(draw_batches(scenario, 2 * BATCH_RUNS + 1, SEED))
    assert [len(batch.invocations.candidate) for batch in batches] == [BATCH_RUNS, BATCH_RUNS, 1]
    joined = [np.concatenate(parts) for parts in zip(*map(arrays, batches), strict=True)]
    for parts, whole in zip(joined, arrays(draw(scenario, 2 * BATCH_RUNS + 1, SEED)), strict=True):
        np.testing.assert_array_equal(parts, whole)


def test_a_generator_goes_on() -> None:
    """A generator draws what its seed draws, and new runs when it is used again."""
    rng = default_rng(SEED)
    assert_same(draw(Scenario(HALF), 2, rng), draw(Scenario(HALF), 2, SEED))
    assert not np.array_equal(
        draw(Scenario(HALF), 2, rng).invocations.candidate, draw(Scenario(HALF), 2, SEED).invocations.candidate
    )


def test_runs_and_batches_are_independent() -> None:
    """Neither the runs of a batch nor the batches repeat each other."""
    requests = draw(Scenario(HALF, SHOCK), 3 * BATCH_RUNS, SEED, histograms=False).invocations.baseline
    assert len(np.unique(requests, axis=0)) == 3 * BATCH_RUNS


@pytest.mark.parametrize("histograms", [True, False])
def test_a_silent_arm_measures_nothing(*, histograms: bool) -> None:
    """From the minute of its silence on an arm has no requests, errors or latencies; the other arm goes on."""
    silence = (Fault(silences="candidate", onset=2),)
    strata = draw(Scenario(HALF, faults=silence), 10, SEED, histograms=histograms)
    assert all(not candidate[:, 2:].any() for candidate in arrays(strata)[::2])
    assert np.all(strata.invocations.baseline > 0)
    assert np.all(strata.invocations.candidate[:, :2] > 0)


def test_a_law_narrower_than_a_bin_can_be_drawn() -> None:
    """A service that always takes 10 ms falls into its one bin, and its latency sum is 10 ms per request, not the bin's middle."""
    constant = Service(median_ms=10.0, sigma=1e-6, slow_share=0.0)
    strata = draw(Scenario(HALF, service=constant), 2, SEED)
    drawn = drawn_bins(strata)
    bins = drawn.lowest + np.flatnonzero(drawn.counts.total.sum(axis=(0, 1)))
    assert list(bins) == [int(np.log(10e3) / LOG_RATIO)]
    np.testing.assert_allclose(strata.latency_sum_us.baseline, 10e3 * strata.latency_count.baseline)


def test_a_service_that_always_fails_stays_within_its_requests() -> None:
    """An outage of a service that fails most of the time fails all of it, no more."""
    scenario = Scenario(HALF, SHOCK, Service(error_rate=0.5))
    struck = scenario.world.draw(5, 5, default_rng(SEED))
    assert np.all(scenario.expect("baseline", struck).error_rate == 1.0)


def test_no_runs_are_refused() -> None:
    """Asking for no runs is an error, not an empty answer."""
    with pytest.raises(ValueError, match="at least 1"):
        draw(Scenario(HALF), 0, SEED)
