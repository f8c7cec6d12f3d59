"""The environment: what both arms suffer together is told from what the candidate does."""

import numpy as np

from policies.compare.environment import find_calm, find_steady

STAGE = np.zeros(20, dtype=int)


def test_an_outage_is_not_calm_and_passes():
    """Ten times the errors for three minutes stand out; the minutes before and after do not, and the outage never becomes the norm."""
    failures = np.full(20, 10.0)
    failures[8:11] = 100
    calm = find_calm(failures, np.full(20, 1000.0), STAGE)
    assert np.flatnonzero(~calm).tolist() == [8, 9, 10]


def test_chance_is_calm():
    """Twice the expected errors on a few requests are no outage."""
    assert find_calm(np.tile([1.0, 2.0], 10), np.full(20, 100.0), STAGE).all()


def test_nothing_is_known_before_there_is_a_past():
    """The first minutes are calm by definition, whatever they show."""
    assert find_calm(np.array([90.0]), np.array([100.0]), STAGE[:1]).all()


def test_a_slow_minute_is_not_steady():
    """A mean latency half as long again as before stands out; a fifth more does not."""
    counts = np.full(6, 100.0)
    sums = counts * np.array([50, 50, 60, 90, 50, 50])
    assert find_steady(sums, counts).tolist() == [True, True, True, False, True, True]
