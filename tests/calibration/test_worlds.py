"""Simulated worlds: what they do to both arms, against the moments that define them (Monte-Carlo error: four standard errors)."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.random import default_rng

from policies.strata.arrays import Floats
from rollway.calibration.worlds import DRIFT, IID, OVER, OVER_AR, SHOCK, WORLDS, ArmNoise, Outage, World

RUNS = 4000
SEED = 20


def assert_mean(sample: Floats, expected: float) -> None:
    error = np.std(sample) / np.sqrt(np.size(sample))
    assert abs(np.mean(sample) - expected) <= 4 * error


def test_a_still_world_changes_nothing() -> None:
    """In the still world only chance differs, and all runs share one row of weather."""
    weather = IID.draw(RUNS, 5, default_rng(SEED))
    assert weather.volume.shape == (1, 5)
    assert np.all(weather.volume == 1)
    assert np.all(weather.shared_errors == 1)
    assert np.all(weather.own_errors.total == 2)
    assert np.all(weather.log_latency.total == 0)


def test_volume_has_the_mean_of_its_spikes() -> None:
    """Waves and bursts leave mean volume alone; spikes add chance × (ratio - 1) = 8 %."""
    weather = DRIFT.draw(RUNS, 1, default_rng(SEED))
    assert_mean(weather.volume, 1.08)


def test_bursts_leave_mean_volume_alone() -> None:
    """However wild the bursts are from minute to minute, volume is 1 on average."""
    assert_mean(World(burst_sd=0.5).draw(RUNS, 10, default_rng(SEED)).volume, 1.0)


def test_the_wave_swings_as_far_as_it_says() -> None:
    """Without bursts and spikes, volume moves between -35 % and +35 %."""
    volume = World(volume_swing=0.35).draw(100, 90, default_rng(SEED)).volume
    assert volume.min() == pytest.approx(0.65, abs=1e-3)
    assert volume.max() == pytest.approx(1.35, abs=1e-3)


def test_latency_rises_with_load() -> None:
    """Log latency follows log volume with the slope that the world says."""
    weather = World(burst_sd=0.2, latency_load=0.1).draw(10, 10, default_rng(SEED))
    np.testing.assert_allclose(weather.log_latency.candidate, 0.1 * np.log(weather.volume))


@pytest.mark.parametrize("world", [DRIFT, SHOCK])
def test_drift_and_shock_strike_both_arms_alike(world: World) -> None:
    """Without noise of their own, the arms have one and the same weather."""
    weather = world.draw(50, 60, default_rng(SEED))
    np.testing.assert_array_equal(weather.log_latency.candidate, weather.log_latency.baseline)
    np.testing.assert_array_equal(weather.own_errors.candidate, weather.own_errors.baseline)
    assert np.std(weather.log_latency.candidate) > 0.05


def test_an_outage_strikes_each_run_once() -> None:
    """Each run has one outage of six successive minutes with ten times the errors and twice the latency, anywhere in the run."""
    weather = World(outage=Outage()).draw(RUNS, 20, default_rng(SEED))
    struck = weather.shared_errors == 10
    assert set(np.unique(weather.shared_errors)) == {1, 10}
    assert np.all(struck.sum(axis=1) == 6)
    assert np.all(np.diff(struck.astype(int), axis=1, prepend=0, append=0).clip(0).sum(axis=1) == 1)
    assert set(struck.argmax(axis=1)) == set(range(15))
    np.testing.assert_allclose(weather.log_latency.baseline, np.where(struck, np.log(2), 0))


def test_an_outage_longer_than_the_plan_fills_it() -> None:
    """A plan of three minutes is struck from end to end."""
    weather = World(outage=Outage(minutes=6)).draw(10, 3, default_rng(SEED))
    assert np.all(weather.shared_errors == 10)


@pytest.mark.parametrize(("world", "cv", "sd"), [(OVER, 0.5, 0.05), (OVER_AR, 0.3, 0.03)])
def test_arm_noise_has_the_size_it_says(world: World, cv: float, sd: float) -> None:
    """An arm's own error rates have mean 1 and the given variation, log latencies the given deviation; also in the first minute."""
    weather = world.draw(RUNS, 2, default_rng(SEED))
    errors = weather.own_errors.candidate[:, 0]
    assert_mean(errors, 1.0)
    assert np.std(errors) == pytest.approx(cv, rel=0.1)
    apart = (weather.log_latency.candidate - weather.log_latency.baseline)[:, 0]
    assert_mean(apart, 0.0)
    assert np.std(apart) == pytest.approx(np.sqrt(2) * sd, rel=4 / np.sqrt(2 * RUNS))


def test_arm_noise_is_each_arms_own() -> None:
    """One arm's noise says nothing of the other's, nor an arm's errors of its latency."""
    weather = World(noise=ArmNoise(0.5, 0.05)).draw(RUNS, 1, default_rng(SEED))
    noises = [weather.own_errors.candidate, weather.own_errors.baseline]
    noises += [weather.log_latency.candidate, weather.log_latency.baseline]
    correlations = np.corrcoef(np.column_stack(noises), rowvar=False)
    assert np.max(np.abs(correlations - np.eye(4))) <= 4 / np.sqrt(RUNS)


@pytest.mark.parametrize("memory", [0.0, 0.8])
def test_arm_noise_lasts_as_long_as_it_says(memory: float) -> None:
    """Noise one and three minutes apart correlates as in an autoregression: by memory and by memory cubed, with one deviation."""
    noise = World(noise=ArmNoise(0.0, 1.0, memory)).draw(RUNS, 4, default_rng(SEED)).log_latency.candidate
    correlations = np.atleast_2d(np.corrcoef(noise, rowvar=False))
    assert correlations[0, 1] == pytest.approx(memory, abs=4 / np.sqrt(RUNS))
    assert correlations[0, 3] == pytest.approx(memory**3, abs=4 / np.sqrt(RUNS))
    np.testing.assert_allclose(np.std(noise, axis=0), 1, rtol=4 / np.sqrt(2 * RUNS))


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())
def test_latency_stays_in_the_range_that_histograms_are_made_for(world: World) -> None:
    """A minute outside the promised range is rarer than one in ten thousand."""
    low, high = world.log_latency_range()
    shift = world.draw(RUNS, 60, default_rng(SEED)).log_latency
    outside = [np.mean((arm < low - 1e-12) | (arm > high + 1e-12)) for arm in (shift.candidate, shift.baseline)]
    assert max(outside) < 1e-4


@pytest.mark.parametrize(("field", "value"), [("volume_swing", 1.0), ("spike_chance", 1.5), ("period_minutes", 0.0)])
def test_an_impossible_world_is_refused(field: str, value: float) -> None:
    """Volume that would fall to zero, a chance above one, or a wave without length cannot be drawn."""
    with pytest.raises(ValueError, match=f"{field} {value}"):
        replace(IID, **{field: value})


def test_noise_that_never_settles_is_refused() -> None:
    """An autoregression with a memory of one has no steady size."""
    with pytest.raises(ValueError, match="memory"):
        ArmNoise(0.1, 0.1, 1.0)
