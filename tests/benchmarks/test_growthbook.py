"""GrowthBook's sequential test, against frozen output of gbstats 0.8.0 (SequentialTwoSidedTTest, N* = 5000)."""

import numpy as np
import pytest

from benchmarks.rivals.growthbook import half_width, p_value
from benchmarks.rivals.moments import Difference, Moments, accumulate
from policies.strata.arrays import Arms

# Baseline's hits and size, candidate's hits and size; p-value and interval of gbstats.
FROZEN = [
    ((100, 10_000, 130, 10_000), 0.839585, (-0.00171469, 0.00771469)),
    ((950, 95_000, 75, 5_000), 0.217900, (-0.00083636, 0.01083636)),
    ((10, 1_000, 30, 1_000), 0.0413683, (0.00049201, 0.03950799)),
]


def _compare(hits: int, size: int, candidate_hits: int, candidate_size: int) -> Difference:
    failed = Arms(np.array([[float(candidate_hits)]]), np.array([[float(hits)]]))
    return accumulate(Moments(Arms(np.array([[float(candidate_size)]]), np.array([[float(size)]])), failed, failed))


@pytest.mark.parametrize(("counts", "p", "interval"), FROZEN)
def test_agrees_with_gbstats(counts: tuple[int, int, int, int], p: float, interval: tuple[float, float]) -> None:
    """P-values and intervals are those that the product's own package gives."""
    difference = _compare(*counts)
    width = half_width(difference)
    assert p_value(difference).item() == pytest.approx(p, abs=1e-6)
    assert (difference.size - width).item() == pytest.approx(interval[0], abs=1e-8)
    assert (difference.size + width).item() == pytest.approx(interval[1], abs=1e-8)
