"""Samples: grouping loses nothing, and what is unknown is refused."""

import numpy as np
import pytest

from policies.compare.fixed.sample import Sample, Unanswerable

VALUES = np.random.default_rng(1).integers(0, 6, 40).astype(float)


def test_grouping_equal_values_loses_nothing() -> None:
    """Size, mean, variance and values are those of the requests themselves (oracle: numpy)."""
    sample = Sample.of_values(VALUES)
    assert (sample.size, sample.mean) == (40, pytest.approx(VALUES.mean()))
    assert sample.variance == pytest.approx(VALUES.var(ddof=1))
    np.testing.assert_array_equal(sample.expand(), np.sort(VALUES))


def test_a_histogram_is_the_sample_that_it_was_made_of() -> None:
    """Values with counts, in any order and with empty bins, give the same sample as single requests."""
    bins = np.arange(9)[::-1]
    sample = Sample.of_values(bins, [np.sum(value == VALUES) for value in bins])
    np.testing.assert_array_equal(sample.expand(), np.sort(VALUES))


def test_counting_below_a_limit_includes_it_only_on_demand() -> None:
    """Ties with the limit are counted when asked for (oracle: direct comparison)."""
    sample, limits = Sample.of_values(VALUES), np.array([-1.0, 2.0, 2.5, 9.0])
    np.testing.assert_array_equal(sample.count_below(limits), [(limit > VALUES).sum() for limit in limits])
    np.testing.assert_array_equal(
        sample.count_below(limits, inclusive=True), [(limit >= VALUES).sum() for limit in limits]
    )


@pytest.mark.parametrize("values", [[1.0, np.nan], [1.0, np.inf]])
def test_missing_values_are_never_left_out_silently(values: list[float]) -> None:
    """A NaN or an infinite value makes the sample unanswerable, with their number."""
    with pytest.raises(Unanswerable, match="1 of 2 values are missing"):
        Sample.of_values(values)


@pytest.mark.parametrize("count", [-1, 0.5, np.nan])
def test_a_count_is_a_whole_number(count: float) -> None:
    """A negative, fractional or missing count is refused."""
    with pytest.raises(Unanswerable, match="count is missing, negative or not whole"):
        Sample.of_values([1.0, 2.0], [3, count])


def test_there_are_no_more_events_than_trials() -> None:
    """A rate beyond 100 % is refused."""
    with pytest.raises(Unanswerable, match="5 events in 4 trials"):
        Sample.of_events(5, 4)
