"""Proportions with their error, and medians of what a faulty candidate cost."""

import numpy as np
import pytest

from rollway.calibration.outcomes import Outcomes
from rollway.calibration.rates import Proportion, count_rates

NEVER = np.inf


def outcomes(rollback_at: list[float], promote_at: list[list[float]]) -> Outcomes:
    served = np.arange(1.0, len(rollback_at) + 1) * 100
    return Outcomes(np.array(rollback_at), np.array(promote_at), served, served / 10)


@pytest.mark.parametrize(
    ("hits", "runs", "low", "high"), [(0, 100, 0.0, 0.03622), (5, 100, 0.01643, 0.11283), (10, 10, 0.69150, 1.0)]
)
def test_intervals_are_clopper_and_pearsons(hits: int, runs: int, low: float, high: float) -> None:
    """The interval solves the binomial tails: beyond either end so many hits or so few have a probability of 2.5 %."""
    assert Proportion(hits, runs).interval == pytest.approx((low, high), abs=1e-5)


def test_outcomes_are_counted_over_all_batches() -> None:
    """Shares and medians are those of all runs together; a stage counts even if an earlier one never passed."""
    first = outcomes([3.0, NEVER], [[NEVER, NEVER], [2.0, 9.0]])
    second = outcomes([5.0, NEVER, 4.0], [[NEVER, NEVER], [NEVER, 8.0], [1.0, NEVER]])
    rates = count_rates([first, second])
    assert rates.rolled_back == Proportion(3, 5)
    assert rates.passed == (Proportion(2, 5), Proportion(2, 5))
    assert rates.all_passed == Proportion(1, 5)
    assert (rates.median_strata, rates.median_served, rates.median_failed) == (5.0, 300.0, 30.0)


def test_there_is_no_median_when_most_are_never_taken_back() -> None:
    """Medians that would have to speak for rollouts that were never taken back are not told."""
    rates = count_rates([outcomes([3.0, NEVER, NEVER], [[NEVER], [NEVER], [NEVER]])])
    assert (rates.median_strata, rates.median_served, rates.median_failed) == (None, None, None)
