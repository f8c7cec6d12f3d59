"""Whole distributions, against scipy and the published bound."""

import numpy as np
import pytest
from scipy import stats

from policies.compare.fixed.sample import Sample
from policies.compare.fixed.shape import compare_shape


@pytest.mark.parametrize(("sizes", "scale"), [((30, 45), 2.0), ((400, 300), 1.2), ((12_000, 9_000), 1.03)])
def test_it_is_the_kolmogorov_smirnov_test(sizes: tuple[int, int], scale: float) -> None:
    """Statistic and p-value are scipy's, exact or for large arms asymptotic."""
    rng = np.random.default_rng(7)
    control, treatment = rng.normal(0, 1, sizes[0]), rng.normal(0, scale, sizes[1])
    found = compare_shape(Sample.of_values(control), Sample.of_values(treatment))
    oracle = stats.ks_2samp(treatment, control)
    assert (found.statistic, found.p_value) == pytest.approx((oracle.statistic, oracle.pvalue))


def test_the_interval_adds_the_arms_bands() -> None:
    """Each arm's band takes half the risk (worked by hand: sqrt(ln(2 / 0.025) / 2n))."""
    found = compare_shape(Sample.of_values(range(800)), Sample.of_values(range(400, 600)))
    band = np.sqrt(np.log(80) / 1600) + np.sqrt(np.log(80) / 400)
    assert found.estimate == pytest.approx(0.5)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.5 - band, 0.5 + band))


def test_the_interval_covers_the_true_gap() -> None:
    """The gap between two normal distributions is covered at 90 % or more (300 seeded runs; oracle: the normal law)."""
    rng = np.random.default_rng(8)
    gap = 2 * stats.norm.cdf(0.25) - 1
    arms = ((Sample.of_values(rng.normal(0, 1, 50)), Sample.of_values(rng.normal(0.5, 1, 80))) for _ in range(300))
    assert np.mean([gap in compare_shape(*pair, 0.9).interval for pair in arms]) >= 0.9
