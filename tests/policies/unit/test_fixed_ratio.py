"""Ratios of means, against known laws and seeded simulation."""

import numpy as np
import pytest
from scipy import stats

from policies.compare.fixed.ratio import compare_ratio
from policies.compare.fixed.sample import Sample, Unanswerable

RNG = np.random.default_rng(9)
CONTROL, TREATMENT = RNG.gamma(4, 1, 200), RNG.gamma(4, 1.3, 150)


def test_the_interval_is_scipys_percentile_bootstrap() -> None:
    """Estimate and interval are those of scipy's bootstrap of the requests, from the same seed."""
    found = compare_ratio(Sample.of_values(CONTROL), Sample.of_values(TREATMENT), 0.9, seed=3)
    oracle = stats.bootstrap(
        (np.sort(TREATMENT), np.sort(CONTROL)),
        lambda t, c, axis: t.mean(axis=axis) / c.mean(axis=axis),
        confidence_level=0.9,
        method="percentile",
        rng=np.random.default_rng(3),
    ).confidence_interval
    assert found.estimate == pytest.approx(TREATMENT.mean() / CONTROL.mean())
    assert (found.interval.low, found.interval.high) == pytest.approx((oracle.low, oracle.high))


def test_the_same_seed_gives_the_same_answer() -> None:
    """A report can be made again, to the bit."""
    first, second = (compare_ratio(Sample.of_values(CONTROL), Sample.of_values(TREATMENT)) for _ in range(2))
    assert first == second


def test_p_value_and_interval_agree() -> None:
    """At a level just below and just above 1 - p, the interval leaves 1 out and lets it in."""
    control, treatment = Sample.of_values(CONTROL[:100]), Sample.of_values(CONTROL[100:] * 1.1)
    p_value = compare_ratio(control, treatment).p_value
    assert 1 not in compare_ratio(control, treatment, 1 - 1.05 * p_value).interval
    assert 1 in compare_ratio(control, treatment, 1 - 0.95 * p_value).interval


def test_large_samples_take_the_delta_method() -> None:
    """Beyond a hundred million draws the interval is Fieller's to four digits (oracle: his formula, solved by hand)."""
    control, treatment = RNG.gamma(4, 1, 30_000), RNG.gamma(4, 1.02, 40_000)
    found = compare_ratio(Sample.of_values(control), Sample.of_values(treatment))
    (m1, v1), (m0, v0) = ((arm.mean(), arm.var(ddof=1) / arm.size) for arm in (treatment, control))
    ends = np.roots([m0**2 - 1.959964**2 * v0, -2 * m1 * m0, m1**2 - 1.959964**2 * v1])
    assert found.test == "the delta method"
    assert (found.interval.high, found.interval.low) == pytest.approx(tuple(ends), abs=1e-4)


@pytest.mark.parametrize(
    ("control", "treatment", "reason"),
    [
        ([1.0] * 99, [1.0, 2.0] * 50, "too few requests in the control: 99"),
        ([-1.0, 2.0] * 50, [1.0, 2.0] * 50, "never negative"),
        ([0.0] * 100, [1.0, 2.0] * 50, "no ratio to 0"),
        ([1.0] * 100, [2.0] * 100, "without spread"),
        ([0.0] * 99 + [1.0], [1.0, 2.0] * 50, "may as well be 0"),
    ],
)
def test_no_ratio_comes_out_of_nothing(control: list[float], treatment: list[float], reason: str) -> None:
    """Few requests, negative values, a mean near nought and values without spread are refused with the reason."""
    with pytest.raises(Unanswerable, match=reason):
        compare_ratio(Sample.of_values(control), Sample.of_values(treatment))
