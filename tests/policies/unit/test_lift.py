"""How small an effect an A/B test is said to show."""

from datetime import timedelta

import numpy as np
import pytest
from scipy import stats

from policies.forecasting.lift import Level, detectable_effect, measure_level
from policies.gates.spec import Superiority

HOUR = timedelta(hours=1)


def gate(looks: str) -> Superiority:
    return Superiority.model_validate({"metric": "m", "namespace": "n", "better_by": "0%", "looks": looks})


def test_the_level_is_that_of_the_values():
    """From hourly sums of a 0/1 metric: values a minute, mean and the variance p (1 - p) of one value, whatever the time of day does."""
    rng = np.random.default_rng(1)
    rate = 0.1 + 0.02 * np.sin(np.arange(168) / 24 * 2 * np.pi)
    level = measure_level(rng.binomial(6000, rate).astype(float), np.full(168, 6000.0), 168 * HOUR)
    assert level is not None
    assert (level.per_minute, level.mean) == (100, pytest.approx(0.1, rel=0.01))
    assert level.variance == pytest.approx(0.09, rel=0.25)
    assert measure_level(np.ones(3), np.ones(3), 3 * HOUR) is None


def test_one_look_shows_what_the_textbook_says():
    """The least effect of one look is that of the two-sample normal test at 80 % power (scipy's normal quantiles)."""
    found = detectable_effect(gate("once"), Level(100, 0.1, 0.09), (50, 50), 24 * HOUR, HOUR)
    each = 100 * 60 * 24 / 2
    expected = (stats.norm.isf(0.05) + stats.norm.ppf(0.8)) * np.sqrt(2 * 0.09 / each) / 0.1
    assert found == pytest.approx(expected)


def test_many_looks_cost_something_and_time_buys_it_back():
    """Looking all the time shows larger effects only, and more time shows smaller ones."""
    level = Level(100, 0.1, 0.09)
    once, many, longer = (
        detectable_effect(gate(looks), level, (30, 40), length, HOUR)
        for looks, length in (("once", 24 * HOUR), ("any", 24 * HOUR), ("any", 96 * HOUR))
    )
    assert longer < many
    assert once < many < 2 * once
