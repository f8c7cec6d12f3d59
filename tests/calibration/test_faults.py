"""The simulated service and its faults: exact truths, without chance."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import lognorm

from policies.observation import Arm
from policies.strata.arrays import Floats
from rollway.calibration.faults import NO_FAULT, SERVICE, Behaviour, Fault, LatencyLaw, Service, behave, cold_start

STEADY = np.full(10, 50.0)
STAGED = np.repeat([5.0, 25.0, 50.0, 95.0], 3)


def candidate(*faults: Fault, share: Floats = STEADY) -> Behaviour:
    return behave(SERVICE, faults, share, "candidate")


def quantile_us(law: LatencyLaw, minute: int, probability: float) -> float:
    """The latency of a probability, read off the law's own distribution on a fine grid."""
    grid: Floats = np.arange(4.0, 19.0, 1e-4, dtype=np.float64)
    below = law.cdf(grid[np.newaxis, :])[minute]
    return float(np.exp(np.interp(probability, below, grid)))


def test_latency_is_the_mixture_of_two_lognormal_laws() -> None:
    """The law of latency agrees with scipy's lognormal distributions, mixed 97 to 3."""
    us = np.geomspace(1e3, 1e7, 50)
    oracle = 0.97 * lognorm.cdf(us, 0.40, scale=50e3) + 0.03 * lognorm.cdf(us, 0.50, scale=166e3)
    np.testing.assert_allclose(SERVICE.latency(1).cdf(np.log(us)[np.newaxis])[0], oracle, rtol=1e-9)


@pytest.mark.parametrize("order", [1, 2])
def test_moments_are_those_of_the_mixture(order: int) -> None:
    """Mean and mean square agree with scipy's lognormal moments."""
    oracle = 0.97 * lognorm(0.40, scale=50e3).moment(order) + 0.03 * lognorm(0.50, scale=166e3).moment(order)
    np.testing.assert_allclose(SERVICE.latency(3).moment(order), oracle)


def test_the_range_of_a_law_leaves_out_what_it_says() -> None:
    """No more than the given probability lies beyond either end, and not a hundred times less."""
    law = SERVICE.latency(1)
    low, high = law.log_range(1e-6)
    below, above = law.cdf(np.array([[low, high]]))[0]
    assert 1e-8 <= below <= 1e-6
    assert 1e-8 <= 1 - above <= 1e-6


def test_no_fault_is_the_service_itself() -> None:
    """A candidate without faults is the baseline, number by number."""
    same, baseline = candidate(*NO_FAULT), behave(SERVICE, NO_FAULT, STEADY, "baseline")
    assert np.all(same.error_ratio == 1)
    assert np.all(same.error_added == 0)
    assert np.all(same.heard)
    assert np.array_equal(same.latency.log_medians, baseline.latency.log_medians)
    assert np.array_equal(same.latency.sigmas, baseline.latency.sigmas)


def test_the_baseline_has_none_of_the_candidates_faults() -> None:
    """However faulty the candidate, the baseline stays the service itself."""
    fault = Fault(error_ratio=3, error_added=0.1, latency_ratio=2, spread=2, slow_ratio=2)
    baseline = behave(SERVICE, (fault,), STEADY, "baseline")
    assert np.all(baseline.error_ratio == 1)
    assert np.all(baseline.error_added == 0)
    assert np.array_equal(baseline.latency.log_medians, SERVICE.latency(10).log_medians)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.99])
def test_a_latency_ratio_moves_every_quantile(probability: float) -> None:
    """Latency × 1.1 is × 1.1 at the fast end, in the middle and in the tail."""
    slower = quantile_us(candidate(Fault(latency_ratio=1.1)).latency, 0, probability)
    assert slower / quantile_us(SERVICE.latency(1), 0, probability) == pytest.approx(1.1, rel=1e-6)


def test_spread_widens_about_the_same_median() -> None:
    """A wider candidate has the very median of the baseline, and log quantiles 1.5 times as far from it."""
    wide, plain = candidate(Fault(spread=1.5)).latency, SERVICE.latency(1)
    middle = quantile_us(plain, 0, 0.5)
    assert quantile_us(wide, 0, 0.5) == pytest.approx(middle, rel=1e-6)
    assert np.log(quantile_us(wide, 0, 0.95) / middle) == pytest.approx(
        1.5 * np.log(quantile_us(plain, 0, 0.95) / middle), rel=1e-5
    )


def test_the_tail_fault_is_nearly_invisible_at_the_median() -> None:
    """Twice the slow requests move the median by under 2 % and p99 by 25 to 35 %: the fault that only the tail shows."""
    tail, plain = candidate(Fault(slow_ratio=2)).latency, SERVICE.latency(1)
    assert np.all(tail.slow_share == 0.06)
    assert 1.0 < quantile_us(tail, 0, 0.5) / quantile_us(plain, 0, 0.5) < 1.02
    assert 1.25 < quantile_us(tail, 0, 0.99) / quantile_us(plain, 0, 0.99) < 1.35


def test_a_ramp_grows_linearly_and_stays() -> None:
    """A ramp of four minutes from minute 2 on reaches an eighth, three eighths … of its size in the middle of its minutes."""
    ratio = candidate(Fault(error_ratio=3, onset=2, ramp=4)).error_ratio
    np.testing.assert_allclose(ratio, 1 + 2 * np.array([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1, 1, 1]))


def test_a_fault_comes_and_goes() -> None:
    """A fault shows from its onset on until the first minute without it."""
    assert list(candidate(Fault(error_added=0.01, onset=3, until=6)).error_added * 100) == [0] * 3 + [1] * 3 + [0] * 4


def test_a_fault_of_load_shows_from_its_share_on() -> None:
    """What breaks under load shows only in the stages that give the candidate that load."""
    ratio = np.exp(candidate(Fault(latency_ratio=2, from_share=50), share=STAGED).latency.log_medians[0]) / 50e3
    np.testing.assert_allclose(ratio, [1] * 6 + [2] * 6)


def test_a_cold_start_is_over_after_its_minutes() -> None:
    """A cold candidate is slow at first and then as fast as the baseline."""
    medians = np.exp(candidate(cold_start(2, latency_ratio=3)).latency.log_medians[0])
    np.testing.assert_allclose(medians, [150e3] * 2 + [50e3] * 8)


@pytest.mark.parametrize(("silent", "other"), [("candidate", "baseline"), ("baseline", "candidate")])
def test_silence_strikes_one_arm(silent: Arm, other: Arm) -> None:
    """The arm that falls silent gets no requests from then on, the other one all of its own."""
    faults = (Fault(silences=silent, onset=4),)
    assert list(behave(SERVICE, faults, STEADY, silent).heard) == [True] * 4 + [False] * 6
    assert behave(SERVICE, faults, STEADY, other).heard.all()


def test_faults_compose() -> None:
    """Several faults multiply their ratios and add what they add."""
    both = candidate(Fault(error_ratio=2, error_added=0.01), Fault(error_ratio=3, error_added=0.02, latency_ratio=1.5))
    np.testing.assert_allclose(both.error_ratio, 6)
    np.testing.assert_allclose(both.error_added, 0.03)
    np.testing.assert_allclose(np.exp(both.latency.log_medians[0]), 75e3)


def test_a_service_without_slow_requests_has_its_own_median() -> None:
    """The median of a plain lognormal law is the one that was given."""
    assert replace(SERVICE, slow_share=0.0).log_median() == pytest.approx(np.log(50e3))


def test_what_cannot_be_is_refused() -> None:
    """A chance above one, a negative median and a ratio of zero latency are errors at once, not strange numbers later."""
    with pytest.raises(ValueError, match="error_rate"):
        Service(error_rate=1.2)
    with pytest.raises(ValueError, match="medians"):
        Service(median_ms=-1)
    with pytest.raises(ValueError, match="latency_ratio"):
        Fault(latency_ratio=0)
