"""The law of the candidate's failures, against scipy's."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import hypergeom

from policies.compare.hypergeometric import cumulant
from policies.strata.arrays import Arms

TILTS = np.log([0.01, 0.1, 0.5, 1.1, 2.0, 10.0, 100.0])


def column(value: float) -> np.ndarray:
    return np.array([float(value)])


@pytest.mark.parametrize(
    ("requests", "control", "failures"),
    [
        (3, 40, 5),
        (40, 3, 5),
        (50, 50, 0),
        (5, 5, 10),
        (125, 375, 30),
        (250, 4750, 60),
        (4750, 250, 300),
        (2500, 2500, 500),
    ],
)
def test_the_cumulant_is_the_log_of_a_mean(requests, control, failures):
    """Over every number of failures that can be, also where odds of 100 would overflow a power (oracle: scipy.stats.hypergeom)."""
    counts = np.arange(max(0, failures - control), min(requests, failures) + 1)
    plain = hypergeom.logpmf(counts, requests + control, failures, requests)
    wanted = logsumexp(plain + TILTS[:, None] * counts, axis=1)

    got = cumulant(TILTS[:, None], Arms(column(requests), column(control)), Arms(column(failures), column(0)))[:, 0]

    assert got == pytest.approx(wanted, abs=1e-8)


def test_large_strata_are_approximated_closely():
    """Beyond the longest sum Laplace's method is off by less than 0.005 for odds ratios up to 10."""
    requests, control, failures = 5000, 5000, 1200
    counts = np.arange(failures + 1)
    tilts = np.log([0.1, 1.2, 10.0])
    wanted = logsumexp(hypergeom.logpmf(counts, 10_000, failures, requests) + tilts[:, None] * counts, axis=1)

    got = cumulant(tilts[:, None], Arms(column(requests), column(control)), Arms(column(failures), column(0)))[:, 0]

    assert got == pytest.approx(wanted, abs=5e-3)
