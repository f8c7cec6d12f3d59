"""The law of the candidate's failures, against scipy's."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import hypergeom, nchypergeom_fisher

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


@pytest.mark.parametrize(
    ("requests", "control", "failures"),
    [(6, 9, 5), (30, 200, 25), (200, 60, 100), (300, 900, 250), (4000, 6000, 900)],
)
@pytest.mark.parametrize("odds", [0.1, 0.9, 1.2, 10.0])
def test_tilted_by_its_cumulant_it_is_fishers_law(requests, control, failures, odds):
    """At every odds ratio, however a stratum is summed up (oracle: scipy.stats.nchypergeom_fisher; Laplace's method within 0.005)."""
    mean, deviation = hypergeom.mean(total := requests + control, failures, requests), np.sqrt(min(requests, failures))
    counts = np.arange(max(0, failures - control, int(mean - deviation)), int(mean + deviation) + 1)
    counts = counts[counts <= min(requests, failures)]
    wanted = nchypergeom_fisher.logpmf(counts, total, failures, requests, odds)

    tilt = np.log([[odds]])
    normal = cumulant(tilt, Arms(column(requests), column(control)), Arms(column(failures), column(0)))

    found = hypergeom.logpmf(counts, total, failures, requests) + counts * tilt[0] - normal[0]
    assert found == pytest.approx(wanted, abs=5e-3 if min(requests, failures) > 511 else 1e-8)


def test_strata_of_every_size_are_worked_out_together():
    """Each stratum gets its own answer, in whatever company (oracle: each by itself)."""
    rng = np.random.default_rng(3)
    requests, control = rng.integers(0, 3000, (2, 60)).astype(float)
    failures = np.floor(rng.random(60) ** 3 * (requests + control))
    tilts = TILTS[:, None]

    together = cumulant(tilts, Arms(requests, control), Arms(failures, np.zeros(60)))

    for place in range(60):
        one = slice(place, place + 1)
        alone = cumulant(tilts, Arms(requests[one], control[one]), Arms(failures[one], column(0)))
        assert together[:, one] == pytest.approx(alone, abs=1e-9)
