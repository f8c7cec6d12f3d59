"""Rates, against scipy's tests and Newcombe's published intervals."""

import numpy as np
import pytest
from scipy import stats

from policies.compare.fixed.rates import compare_rates
from policies.compare.fixed.sample import Sample, Unanswerable

NEWCOMBE = [
    ((56, 70), (48, 80), (0.0524, 0.3339)),
    ((9, 10), (3, 10), (0.1705, 0.8090)),
    ((6, 7), (2, 7), (0.0582, 0.8062)),
    ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ((0, 10), (0, 20), (-0.1611, 0.2775)),
    ((10, 10), (0, 20), (0.6791, 1.0000)),
]
"""Treatment, control and 95 % interval of the difference (Newcombe 1998, table II, method 10)."""


@pytest.mark.parametrize(("treatment", "control", "interval"), NEWCOMBE)
def test_the_interval_is_newcombes(
    treatment: tuple[int, int], control: tuple[int, int], interval: tuple[float, float]
) -> None:
    """The hybrid of two Wilson intervals reproduces the published table."""
    found = compare_rates(Sample.of_events(*control), Sample.of_events(*treatment))
    assert (found.interval.low, found.interval.high) == pytest.approx(interval, abs=6e-5)


@pytest.mark.parametrize(
    ("treatment", "control"), [((30, 1000), (20, 1500)), ((5, 10), (5, 10)), ((990, 1000), (960, 1000))]
)
def test_large_counts_are_compared_by_chi_square(treatment: tuple[int, int], control: tuple[int, int]) -> None:
    """With five or more expected everywhere it is Pearson's test (oracle: the squared z of two pooled proportions)."""
    found = compare_rates(Sample.of_events(*control), Sample.of_events(*treatment))
    (a, m), (b, n) = treatment, control
    pooled = (a + b) / (m + n)
    z = (a / m - b / n) / np.sqrt(pooled * (1 - pooled) * (1 / m + 1 / n))
    assert found.test == "the chi-square test"
    assert (found.statistic, found.p_value) == pytest.approx((z * z, 2 * stats.norm.sf(abs(z))))


@pytest.mark.parametrize(
    ("treatment", "control"), [((4, 1000), (1, 1000)), ((0, 50), (4, 50)), ((0, 9), (0, 5)), ((8, 8), (1, 8))]
)
def test_small_counts_are_compared_exactly(treatment: tuple[int, int], control: tuple[int, int]) -> None:
    """With fewer than five expected in a cell it is Fisher's test (oracle: the hypergeometric law, summed)."""
    found = compare_rates(Sample.of_events(*control), Sample.of_events(*treatment))
    (a, m), (b, n) = treatment, control
    law = stats.hypergeom(m + n, a + b, m).pmf(np.arange(a + b + 1))
    assert found.test == "Fisher's exact test"
    assert found.p_value == pytest.approx(law[law <= law[a] * (1 + 1e-9)].sum())


def test_the_ratio_has_katzs_interval() -> None:
    """The ratio of rates comes with its log interval (worked by hand: Katz 1978)."""
    ratio = compare_rates(Sample.of_events(20, 1500), Sample.of_events(30, 1000), 0.9).ratio
    spread = 1.6448536 * np.sqrt(1 / 30 - 1 / 1000 + 1 / 20 - 1 / 1500)
    assert ratio is not None
    assert (ratio.estimate, ratio.interval.low, ratio.interval.high) == pytest.approx(
        (2.25, 2.25 * np.exp(-spread), 2.25 * np.exp(spread))
    )


@pytest.mark.parametrize("counts", [((0, 100), (3, 100)), ((3, 100), (0, 100)), ((0, 100), (0, 100))])
def test_no_ratio_comes_out_of_no_events(counts: tuple[tuple[int, int], tuple[int, int]]) -> None:
    """Where an arm had no events, the difference is still bounded and the ratio is left out."""
    found = compare_rates(*(Sample.of_events(*arm) for arm in counts))
    assert found.ratio is None
    assert 0 in found.interval


def test_a_rate_is_counted_from_zeros_and_ones() -> None:
    """A column of other values is refused."""
    with pytest.raises(Unanswerable, match="values 0 and 1"):
        compare_rates(Sample.of_values([0, 1, 2]), Sample.of_events(1, 3))


def test_a_single_request_is_refused() -> None:
    """One request in an arm is no sample."""
    with pytest.raises(Unanswerable, match="too few requests in the treatment: 1"):
        compare_rates(Sample.of_events(2, 9), Sample.of_events(0, 1))
