"""Other people's formulas, against the values that their authors or packages published."""

import numpy as np
import pytest

from benchmarks.yardsticks import (
    BetaBinomialMixture,
    GammaPoissonMixture,
    Mixture,
    NormalMixture,
    double_stitched_bound,
    empirical_process_bound,
    log_t_factor,
    mixture_bound,
    multinomial_odds,
    proportion_interval,
    quantile_difference_p,
    stitched_bound,
    tune,
)

# confseq's uniform_boundaries_unittest.cpp, whose values come from a reference implementation in R; they have 7 digits.
MIXTURES = [
    (NormalMixture(100), -0.06502391, 27.66071),
    (NormalMixture(100, sides=2), -0.6510052, 30.35209),
    (BetaBinomialMixture(100, 0.2, 0.8), -0.07134019, 28.41238),
    (BetaBinomialMixture(100, 0.2, 0.8, sides=2), -0.6941012, 31.4308),
    (GammaPoissonMixture(100, 2), -0.06991219, 30.1949),
]


@pytest.mark.parametrize(("mixture", "evidence", "bound"), MIXTURES)
def test_mixtures_agree_with_confseq(mixture: Mixture, evidence: float, bound: float) -> None:
    """Evidence and boundary of each mixture are those of the confseq package."""
    assert mixture(10, 100) == pytest.approx(evidence, abs=1e-7)
    assert mixture_bound(mixture, 100) == pytest.approx(bound, abs=1e-5)


def test_two_sided_tuning_agrees_with_confseq() -> None:
    """The precision that makes a two-sided boundary narrowest is confseq's best_rho."""
    assert tune(100, sides=2) == pytest.approx(12.60056, abs=1e-5)


def test_bound_stops_at_the_largest_possible_sum() -> None:
    """A sum of two-point steps has a largest value, which is the bound where evidence can not suffice (confseq's unit test)."""
    mixture = BetaBinomialMixture(100, 0.2, 0.8)
    assert mixture_bound(mixture, 2 * 0.2 * 0.8, largest=2 * 0.8) == pytest.approx(2 * 0.8, abs=1e-5)


def test_stitched_boundaries_agree_with_confseq() -> None:
    """The stitched boundaries of sums, of all quantiles, and of the empirical distribution are confseq's."""
    assert stitched_bound(100, 10, 3) == pytest.approx(64.48755, abs=1e-5)
    assert stitched_bound(100, 10, -1) == pytest.approx(28.99389, abs=1e-5)
    quantiles = [double_stitched_bound(quantile, 1000, 100) for quantile in (0.5, 0.9, 0.1)]
    assert quantiles == pytest.approx([68.62803, 43.72119, 59.96521], abs=1e-5)
    assert empirical_process_bound(1000, 100) == pytest.approx(0.08204769, abs=1e-6)


@pytest.mark.parametrize(
    ("quantile", "offset", "p"),
    [(0.5, 70, 0.814704), (0.5, 85, 0.0838055), (0.5, 100, 0.0054947), (0.9, 55, 0.0340463)],
)
def test_quantile_p_values_agree_with_confseq(quantile: float, offset: int, p: float) -> None:
    """Values 1 to 1000 against the same ones moved up give confseq's p-values."""
    values = np.arange(1.0, 1001.0)
    assert quantile_difference_p(values + offset, values, quantile, 100) == pytest.approx(p, abs=1e-6)


@pytest.mark.parametrize(
    ("hits", "count", "tuned_for", "interval"),
    [
        (700, 1000, 100, (0.651629, 0.745949)),
        (15, 50, 50, (0.129556, 0.511896)),
        (1, 50, 50, (0.0, 0.13489)),
        (100, 200, 1, (0.328923, 0.671076)),
    ],
)
def test_proportion_intervals_agree_with_confseq(
    hits: int, count: int, tuned_for: float, interval: tuple[float, float]
) -> None:
    """The confidence sequence of a proportion is confseq's."""
    assert proportion_interval(hits, count, tuned_for) == pytest.approx(interval, abs=2e-6)


@pytest.mark.parametrize(
    ("counts", "share", "odds"),
    [
        ((60, 1000), 0.05, 0.4206163),
        ((80, 1000), 0.05, 50.29839),
        ((100, 1000), 0.05, 509775.48),
        ((520, 480), 0.5, 0.6230520),
        ((560, 440), 0.5, 213.42146),
    ],
)
def test_multinomial_odds_agree_with_savvi(counts: tuple[int, int], share: float, odds: float) -> None:
    """The Bayes factor of a traffic split is that of savvi's Multinomial at k=100."""
    found = multinomial_odds(np.array(counts, dtype=np.float64), np.array([share, 1 - share]))
    assert found == pytest.approx(odds, rel=2e-7)


def test_multinomial_p_value_agrees_with_podlozhniy() -> None:
    """156 against 212 of an even split has p = .075 on the page of Podlozhniy's sequential testing guide."""
    odds = multinomial_odds(np.array([156.0, 212.0]), np.array([0.5, 0.5]))
    assert 1 / odds == pytest.approx(0.07486, abs=1e-5)


@pytest.mark.parametrize(
    ("arguments", "factor"), [((4, 10, 1, 12), 0.401443), ((9, 28, 10, 30), 2.227468), ((16, 58, 10, 60), 5.073658)]
)
def test_t_factor_agrees_with_savvi(arguments: tuple[float, float, float, float], factor: float) -> None:
    """The Bayes factor of a t-value is savvi's log_bf."""
    assert log_t_factor(*arguments) == pytest.approx(factor, abs=1e-6)
