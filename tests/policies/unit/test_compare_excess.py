"""The e-process on error rates: valid by enumeration, quick where the baseline does not fail."""

import numpy as np
import pytest
from scipy.special import betaln
from scipy.stats import binom

from policies.compare.excess import excess_evidence
from policies.gates.spec import Margin
from policies.strata.arrays import Arms

MARGIN = Margin.model_validate({"ratio": 1.5, "or_absolute": "10%"})


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


@pytest.mark.parametrize(("candidate", "baseline"), [(0.1, 0.0), (0.2, 0.1), (0.3, 0.2), (0.6, 0.4), (0.05, 0.05)])
def test_its_mean_never_exceeds_one_within_the_margin(candidate, baseline):
    """Over all outcomes of two strata the mean e-value is at most 1 (oracle: full enumeration)."""
    requests, control = column(4, 2), column(3, 3)
    total = 0.0
    for x in np.ndindex(5, 3):
        for y in np.ndindex(4, 4):
            chance = binom.pmf(x, requests, candidate).prod() * binom.pmf(y, control, baseline).prod()
            path = excess_evidence(Arms(column(*x), column(*y)), Arms(requests, control), MARGIN)
            total += chance * np.exp(path[-1])

    assert total <= 1.0


def test_the_denominator_is_the_best_pair_of_rates_within_the_margin():
    """The likeliest pair within the margin is found (oracle: a fine grid over both rates)."""
    errors, requests, failed, control = 9.0, 20.0, 3.0, 30.0
    grid = np.linspace(0.0005, 0.9995, 2_000)
    first, second = grid[:, None], grid[None, :]
    likelihood = (
        errors * np.log(first)
        + (requests - errors) * np.log1p(-first)
        + failed * np.log(second)
        + (control - failed) * np.log1p(-second)
    )
    best = likelihood[first <= np.maximum(second * 1.5, second + 0.1)].max()

    path = excess_evidence(Arms(column(errors), column(failed)), Arms(column(requests), column(control)), MARGIN)

    assert _predicted(errors, requests) + _predicted(failed, control) - path[0] == pytest.approx(best, abs=1e-3)


def test_a_tenth_of_errors_against_none_is_settled_within_a_handful_of_strata():
    """28 candidate requests a stratum with 12.5 % errors, none of the baseline's 225: beyond 80 by the fifth stratum."""
    errors, requests = column(3, 4, 3, 4, 3), column(28, 28, 28, 28, 28)
    margin = Margin.model_validate({"ratio": 1.5, "or_absolute": "3%"})

    path = excess_evidence(Arms(errors, np.zeros(5)), Arms(requests, np.full(5, 225.0)), margin)

    assert np.exp(path[-1]) > 80


def _predicted(errors: float, requests: float) -> float:
    """Log marginal likelihood of a binomial sequence under Jeffreys' prior, from scipy's beta function."""
    return float(betaln(0.5 + errors, 0.5 + requests - errors) - betaln(0.5, 0.5))
