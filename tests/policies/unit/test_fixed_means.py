"""Means by Welch's t-test, against scipy on the requests themselves."""

import numpy as np
import pytest
from scipy import stats

from policies.compare.fixed.means import compare_means
from policies.compare.fixed.sample import Sample, Unanswerable

RNG = np.random.default_rng(2)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_it_is_welchs_test(level: float) -> None:
    """Statistic, p-value and interval are scipy's, on skewed values with unequal sizes and variances."""
    control, treatment = RNG.lognormal(0, 1, 37), RNG.normal(2, 3, 90)
    found = compare_means(Sample.of_values(control), Sample.of_values(treatment), level)
    oracle = stats.ttest_ind(treatment, control, equal_var=False)
    interval = oracle.confidence_interval(level)
    assert (found.statistic, found.p_value) == pytest.approx((oracle.statistic, oracle.pvalue))
    assert (found.interval.low, found.interval.high) == pytest.approx((interval.low, interval.high))
    assert (found.estimate, found.control_size, found.treatment_size) == (
        pytest.approx(treatment.mean() - control.mean()),
        37,
        90,
    )


def test_one_arm_may_be_constant() -> None:
    """Spread in one arm is enough for a test (oracle: scipy's one-sample test against the constant)."""
    found = compare_means(Sample.of_values([3.0] * 5), Sample.of_values([1.0, 2.0, 3.0]))
    assert found.p_value == pytest.approx(stats.ttest_1samp([1, 2, 3], 3).pvalue)


@pytest.mark.parametrize(
    ("control", "reason"),
    [
        ([], "too few requests in the control: 0"),
        ([1.0], "too few requests in the control: 1"),
        ([1.0, 1.0], "the same"),
    ],
)
def test_no_p_value_comes_out_of_nothing(control: list[float], reason: str) -> None:
    """An empty arm, a single request and values without spread are refused with the reason."""
    with pytest.raises(Unanswerable, match=reason):
        compare_means(Sample.of_values(control), Sample.of_values([2.0, 2.0]))


def test_a_level_is_a_fraction() -> None:
    """A level of 95 instead of 0.95 is refused, with what to write."""
    with pytest.raises(ValueError, match=r"level is 95; write .* 0\.95"):
        compare_means(Sample.of_values([1, 2]), Sample.of_values([1, 2]), 95)


def test_the_sentence_holds_every_number() -> None:
    """A reader sees estimate, interval, p-value, test and sizes."""
    found = compare_means(Sample.of_values([1, 2, 3, 4]), Sample.of_values([3, 4, 5, 6, 7]))
    assert found.sentence == (
        "difference of means +2.5 (95 % interval +0.2348 to +4.765), p = 0.035 by Welch's t-test on 5 against 4 requests"
    )
