"""Kayenta's judge, against the values of its own test suite (MannWhitneySuite, which takes them from R's wilcox.test)."""

from collections.abc import Mapping

import numpy as np
import pytest

from benchmarks.rivals.kayenta import estimate_shift, find_high
from policies.strata.arrays import Arms, Floats

ROOT_TOLERANCE = 1.2e-4
"""Both R and Kayenta search for the ends to 1e-4; ours are the values at which the statistic really changes."""

# The suite's "tie out with R": 90 values an arm, as how often each occurs; order means nothing to ranks.
CONTROL = {
    1.5: 2, 2.0: 16, 2.5: 18, 3.0: 16, 3.5: 10, 4.0: 8, 4.5: 4, 5.0: 6, 5.5: 2, 6.0: 5, 8.0: 1, 15.5: 1, 54.5: 1
}  # fmt: skip
EXPERIMENT = {
    1.5: 9, 2.0: 16, 2.5: 22, 3.0: 17, 3.5: 9, 4.0: 5, 4.5: 1, 5.0: 3, 5.5: 1, 6.0: 2, 6.5: 2, 7.0: 1, 7.5: 1, 16.5: 1
}  # fmt: skip
# The same suite's larger one, at confidence .98.
LARGE_CONTROL = {
    0.0: 1, 0.5: 7, 1.0: 32, 1.5: 70, 2.0: 33, 2.5: 22, 3.0: 6, 3.5: 2, 4.0: 3, 4.5: 1, 5.5: 1, 7.0: 1, 7.5: 1
}  # fmt: skip
LARGE_EXPERIMENT = {
    0.5: 20, 1.0: 41, 1.5: 67, 2.0: 37, 2.5: 3, 3.0: 2, 3.5: 3, 4.0: 1, 5.0: 1, 5.5: 3, 8.5: 1, 19.0: 1
}  # fmt: skip


def _spell(counts: Mapping[float, int]) -> Floats:
    return np.repeat(list(counts), list(counts.values()))


def test_separated_values_give_the_suites_interval() -> None:
    """Where no two values overlap, the interval ends at the extreme differences and the estimate is the middle one."""
    shift = estimate_shift(np.array([10.0, 20.0, 30.0, 40.0]), np.array([1.0, 2.0, 3.0, 4.0]), confidence=0.95)
    assert (shift.low, shift.high, shift.estimate) == (6.0, 39.0, 22.5)


@pytest.mark.parametrize(
    ("experiment", "control", "confidence", "expected"),
    [
        (EXPERIMENT, CONTROL, 0.95, (-0.5000025, -3.486e-5, -0.49994)),
        (LARGE_EXPERIMENT, LARGE_CONTROL, 0.98, (-0.4999173, -6.9127e-6, -3.4504e-5)),
    ],
)
def test_ties_out_with_r(
    experiment: Mapping[float, int], control: Mapping[float, int], confidence: float, expected: tuple[float, ...]
) -> None:
    """Heavily tied values give R's interval and estimate, to the tolerance of its search."""
    shift = estimate_shift(_spell(experiment), _spell(control), confidence)
    assert [shift.low, shift.high, shift.estimate] == pytest.approx(expected, abs=ROOT_TOLERANCE)


def test_high_needs_more_than_the_tolerance() -> None:
    """A metric is High once the interval's lower end is beyond a quarter of the shift, and not for equal values."""
    noise = np.random.default_rng(5).normal(0.0, 1.0, (2, 30))
    assert find_high(Arms(noise[:1] + 10, noise[1:]))[0, -1]
    assert not find_high(Arms(noise[:1], noise[1:])).any()


def test_silent_minutes_are_left_out() -> None:
    """A minute in which an arm had no requests changes nothing for the minutes that have values."""
    noise = np.random.default_rng(5).normal(0.0, 1.0, (2, 30))
    gap = np.full((2, 3), np.nan)
    candidate, baseline = np.concatenate([gap, noise], axis=1)[:, np.newaxis]
    with_gap = find_high(Arms(candidate + 10, baseline))
    assert not with_gap[0, :7].any()
    assert np.array_equal(with_gap[0, 8:], find_high(Arms(noise[:1] + 10, noise[1:]))[0, 5:])
