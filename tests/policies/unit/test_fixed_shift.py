"""Shifts by ranks, against scipy, complete enumeration and all pairs."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from policies.compare.fixed.sample import Sample, Unanswerable
from policies.compare.fixed.shift import _law, compare_shift

RNG = np.random.default_rng(5)
CASES = {
    "small": (RNG.normal(0, 1, 9), RNG.normal(1, 2, 6)),
    "large": (RNG.lognormal(0, 1, 300), RNG.lognormal(0.2, 1, 211)),
    "ties": (RNG.integers(0, 8, 30).astype(float), RNG.integers(1, 9, 25).astype(float)),
    "apart": (RNG.normal(0, 1, 60), RNG.normal(50, 1, 70)),
}


@pytest.mark.parametrize(
    ("name", "method"), [("small", "exact"), ("large", "asymptotic"), ("ties", "asymptotic"), ("apart", "asymptotic")]
)
def test_it_is_the_mann_whitney_test(name: str, method: str) -> None:
    """U and its p-value are scipy's: exact for small arms, else corrected for ties and continuity."""
    control, treatment = CASES[name]
    found = compare_shift(Sample.of_values(control), Sample.of_values(treatment))
    oracle = stats.mannwhitneyu(treatment, control, method=method)
    assert (found.statistic, found.p_value) == pytest.approx((oracle.statistic, oracle.pvalue))


@pytest.mark.parametrize("name", CASES)
def test_the_estimate_is_the_median_of_all_pairs(name: str) -> None:
    """Hodges and Lehmann's estimate is found without forming pairs (oracle: all of them, sorted)."""
    control, treatment = CASES[name]
    pairs = np.subtract.outer(treatment, control)
    assert compare_shift(Sample.of_values(control), Sample.of_values(treatment)).estimate == pytest.approx(
        np.median(pairs), abs=1e-10
    )


@pytest.mark.parametrize(("first", "second"), [(2, 2), (3, 6), (5, 4)])
def test_the_law_of_u_is_exact(first: int, second: int) -> None:
    """Its probabilities are those of every choice of ranks (oracle: complete enumeration)."""
    sums = [sum(ranks) - first * (first - 1) // 2 for ranks in combinations(range(first + second), first)]
    np.testing.assert_allclose(_law(first, second), np.bincount(sums) / len(sums), atol=1e-15)


@pytest.mark.parametrize("level", [0.9, 0.99])
def test_the_small_interval_is_cut_by_exact_ranks(level: float) -> None:
    """It is as narrow as enumerated ranks of U allow (oracle: complete enumeration and all pairs)."""
    control, treatment = CASES["small"]
    found = compare_shift(Sample.of_values(control), Sample.of_values(treatment), level).interval
    pairs = np.sort(np.subtract.outer(treatment, control), axis=None)
    sums = np.array([sum(ranks) - 15 for ranks in combinations(range(15), 6)])
    depth = max(c for c in range(1, 28) if np.mean(sums < c) <= (1 - level) / 2)
    assert (found.low, found.high) == pytest.approx((pairs[depth - 1], pairs[-depth]), abs=1e-10)


def test_kayentas_example_is_reproduced() -> None:
    """{10, 20, 30, 40} against {1, 2, 3, 4} gives 22.5, 6 to 39 (published: Kayenta's tests of its Mann-Whitney judge)."""
    found = compare_shift(Sample.of_values([1, 2, 3, 4]), Sample.of_values([10, 20, 30, 40]))
    assert (found.estimate, found.interval.low, found.interval.high) == pytest.approx((22.5, 6, 39))


def test_what_few_requests_cannot_bound_is_unbounded() -> None:
    """Four against four cannot reach 98 %, so the interval is infinite and not a lesser one in disguise."""
    interval = compare_shift(Sample.of_values([1, 2, 3, 4]), Sample.of_values([10, 20, 30, 40]), 0.98).interval
    assert (interval.low, interval.high) == (-math.inf, math.inf)


def test_the_large_interval_agrees_with_the_test() -> None:
    """A shift at which the interval ends is one that the test just does not reject (oracle: scipy on shifted values)."""
    control, treatment = CASES["large"]
    interval = compare_shift(Sample.of_values(control), Sample.of_values(treatment)).interval
    for end, inward in ((interval.low, 1e-6), (interval.high, -1e-6)):
        inside, outside = (stats.mannwhitneyu(treatment - end - step, control).pvalue for step in (inward, -inward))
        assert inside >= 0.05 > outside - 2e-4


def test_a_histogram_of_a_billion_requests_is_no_work() -> None:
    """Two histograms one bin apart are found to be one bin apart, without a list of requests."""
    counts = (1e9 * stats.norm.pdf(np.arange(-10, 11), 0, 3)).round()
    bins = np.arange(-10.0, 11)
    found = compare_shift(Sample.of_values(bins, counts), Sample.of_values(bins + 1, counts))
    assert (found.estimate, found.interval.low, found.interval.high) == pytest.approx((1, 1, 1))


def test_all_the_same_is_no_ranking() -> None:
    """Where every value of both arms is equal, there is no p-value."""
    with pytest.raises(Unanswerable, match="every value of both arms is the same"):
        compare_shift(Sample.of_values([2.0] * 9), Sample.of_values([2.0] * 5))
