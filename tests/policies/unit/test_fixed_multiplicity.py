"""Several comparisons at once, against the closed test and scipy."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from policies.compare.fixed.multiplicity import adjust_holm, compare_means_with_control
from policies.compare.fixed.sample import Sample, Unanswerable

RNG = np.random.default_rng(11)


@pytest.mark.parametrize(
    "p_values", [[0.01, 0.04, 0.03, 0.005], [0.5, 0.02, 0.02], [0.9], [1.0, 0.001, 0.3, 0.3, 0.012]]
)
def test_holm_is_the_closed_bonferroni_test(p_values: list[float]) -> None:
    """Each adjusted p-value is the largest Bonferroni p-value of any set that holds it (oracle: all subsets)."""
    numbers = range(len(p_values))
    subsets = [subset for size in range(1, len(p_values) + 1) for subset in combinations(numbers, size)]
    closed = [max(min(1.0, len(s) * min(p_values[i] for i in s)) for s in subsets if number in s) for number in numbers]
    np.testing.assert_allclose(adjust_holm(p_values), closed)


def test_holm_refuses_what_is_no_probability() -> None:
    """A NaN among the p-values is no p-value of anything."""
    with pytest.raises(ValueError, match="nan"):
        adjust_holm([0.1, float("nan")])


def test_dunnett_with_one_treatment_is_students_test() -> None:
    """Without a second treatment nothing is adjusted (oracle: scipy's t-test with pooled variance)."""
    control, treatment = RNG.normal(0, 1, 30), RNG.normal(0.5, 1, 25)
    found = compare_means_with_control(Sample.of_values(control), {"b": Sample.of_values(treatment)})["b"]
    oracle = stats.ttest_ind(treatment, control)
    interval = oracle.confidence_interval(0.95)
    assert (found.statistic, found.p_value) == pytest.approx((oracle.statistic, oracle.pvalue), abs=1e-4)
    assert (found.interval.low, found.interval.high) == pytest.approx((interval.low, interval.high), abs=2e-3)


def test_dunnett_is_between_no_and_bonferronis_adjustment() -> None:
    """With three treatments each p-value lies between the pooled t-test's and three times it (oracle: Bonferroni's inequality)."""
    arms = [RNG.normal(shift, 1, 40) for shift in (0, 0.2, 0.4, 0.6)]
    names = dict(zip("bcd", map(Sample.of_values, arms[1:]), strict=True))
    found = compare_means_with_control(Sample.of_values(arms[0]), names)
    pooled = np.sqrt(np.mean([arm.var(ddof=1) for arm in arms]) * 2 / 40)
    for difference in found.values():
        raw = 2 * stats.t.sf(abs(difference.estimate) / pooled, 4 * 39)
        assert raw < difference.p_value < 3 * raw


def test_dunnett_refuses_what_has_no_spread() -> None:
    """Constant arms give no p-value."""
    with pytest.raises(Unanswerable, match="without spread"):
        compare_means_with_control(Sample.of_values([1.0] * 5), {"b": Sample.of_values([2.0] * 5)})
