"""The chance of crossing boundaries, against published tables, direct integration and simulation."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from policies.compare.sequential.boundary import GroupSequential, plan_bounds
from policies.compare.sequential.crossing import cross
from policies.compare.sequential.spending import spend_power

REPEATED = {1: 0.050, 2: 0.083, 3: 0.107, 4: 0.126, 5: 0.142, 10: 0.193, 20: 0.248, 50: 0.320, 60: 0.335}
"""Chance that any of so many looks passes 1.96 (Armitage, McPherson and Rowe 1969; 60 looks by an earlier recursion)."""
PODLOZHNIY = {1: (0.409, 0.413, 300), 2: (0.445, 0.449, 350), 3: (0.459, 0.463, 400)}
"""Power at an effect of 0.1 by exponent (Podlozhniy, Sequential Testing Guide, 2024: 100 000 runs of 500 per arm, 10 looks, one-sided 5 %;
then 40 000 runs of an earlier simulation), and the median size per arm at which the test ended in a claim."""
TENTHS = tuple(number / 10 for number in range(1, 11))
DRIFT = 0.1 * math.sqrt(500 / 2)


def error(rate: float, *runs: int) -> float:
    """Three standard errors of the difference between simulated rates."""
    return 3 * math.sqrt(rate * (1 - rate) * sum(1 / number for number in runs))


@pytest.mark.parametrize("looks", REPEATED)
def test_repeated_looks_at_1_96(looks: int) -> None:
    """The famous table is reproduced to its three digits."""
    up, down = cross(range(1, looks + 1), [1.96] * looks, [-1.96] * looks)
    assert up.sum() + down.sum() == pytest.approx(REPEATED[looks], abs=5.1e-4)


@pytest.mark.parametrize("drift", [-0.7, 0.0, 1.5])
def test_two_looks_are_a_plain_integral(drift: float) -> None:
    """Upward and downward crossings at uneven looks agree to 1e-10 (oracle: adaptive quadrature of the first look's density)."""
    up, down = cross((0.3, 1.1), (1.2, 1.0), (-0.4, 0.2), drift)
    scale = math.sqrt(0.3)

    def integral(bound: float, sign: int) -> float:
        def integrand(z: float) -> float:
            rest = (z * scale + drift * 0.8 - bound * math.sqrt(1.1)) / math.sqrt(0.8)
            return stats.norm.pdf(z - drift * scale) * stats.norm.cdf(sign * rest)

        return integrate.quad(integrand, -0.4, 1.2, epsabs=1e-13)[0]

    assert up == pytest.approx((stats.norm.sf(1.2 - drift * scale), integral(1.0, 1)), abs=1e-10)
    assert down == pytest.approx((stats.norm.cdf(-0.4 - drift * scale), integral(0.2, -1)), abs=1e-10)


def test_close_looks_are_resolved() -> None:
    """A look that adds 0.2 % adds what a two-dimensional normal law says (oracle: scipy's, to 1e-7)."""
    up, _ = cross((1.0, 1.002), (2.0, 2.0))
    both = stats.multivariate_normal(cov=[[1, 1 / math.sqrt(1.002)], [1 / math.sqrt(1.002), 1]]).cdf([2, 2])
    assert up.sum() == pytest.approx(1 - both, abs=1e-7)


def test_without_bounds_nothing_is_crossed() -> None:
    """Infinite bounds leave every chance to the last look."""
    up, down = cross((0.5, 1.0), (math.inf, 1.0))
    assert (up[0], up[1], down.sum()) == (0, pytest.approx(stats.norm.sf(1)), 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0.5, 1.0), (2.0,)), "2 looks have 1 upper"),
        (((0.5, 0.5), (2.0, 2.0)), "each look must add"),
        (((0.5, 1.0), (2.0, 2.0), (-2.0, 3.0)), "lower bound lies above"),
        (((0.5,), (math.nan,)), "not a number"),
    ],
)
def test_nonsense_is_refused(arguments, message: str) -> None:
    """Missing, swapped and unknown bounds, and looks that add nothing, are named."""
    with pytest.raises(ValueError, match=message):
        cross(*arguments)


@pytest.mark.parametrize("exponent", PODLOZHNIY)
def test_published_power_and_size_are_reproduced(exponent: int) -> None:
    """Computed power lies within three standard errors of both simulations, and the median size at a claim is the published one."""
    published, ours, median = PODLOZHNIY[exponent]
    up, _ = cross(TENTHS, plan_bounds(TENTHS, GroupSequential(0.05, 1, spend_power(exponent))), drift=DRIFT)
    assert published == pytest.approx(up.sum(), abs=error(published, 100_000))
    assert ours == pytest.approx(up.sum(), abs=error(ours, 40_000))
    assert 50 * (np.searchsorted(np.cumsum(up) / up.sum(), 0.5) + 1) == median


@pytest.mark.parametrize(
    ("effect", "fixed", "sequential"), [(0.0, 0.051, (0.051, 0.050, 0.051)), (0.1, 0.474, (0.409, 0.445, 0.459))]
)
def test_published_simulation_is_reproduced(effect: float, fixed: float, sequential: tuple[float, ...]) -> None:
    """Normal responses, looked at once or ten times, claim as often as published (20 000 seeded runs, three standard errors)."""
    steps = np.random.default_rng(14).normal(effect * 50, math.sqrt(2 * 50), (20_000, 10)).cumsum(axis=1)
    z = steps / np.sqrt(2 * 50 * np.arange(1, 11))
    assert np.mean(z[:, -1] > stats.norm.isf(0.05)) == pytest.approx(fixed, abs=error(fixed, 20_000, 100_000))
    for exponent, rate in enumerate(sequential, start=1):
        bounds = plan_bounds(TENTHS, GroupSequential(0.05, 1, spend_power(exponent)))
        assert np.mean(np.any(z > bounds, axis=1)) == pytest.approx(rate, abs=error(rate, 20_000, 100_000))
