"""GrowthBook's sequential test: an asymptotic confidence sequence on pooled data (Waudby-Smith et al., arXiv 2103.06476).

The boundary is tuned, as the product's default is, to be narrowest at 5,000 requests.
"""

from typing import Final

import numpy as np

from benchmarks.rivals.calls import Calls, call_at_end
from benchmarks.rivals.moments import ALPHA, Difference, accumulate, both_moments
from policies.strata.arrays import Floats, Strata

TUNED_FOR: Final = 5000.0
"""Requests at which the confidence sequence is narrowest."""


def judge_by_growthbook(traces: Strata) -> Calls:
    """Roll back as soon as the confidence sequence of either metric lies above nought."""
    errors, latency = (accumulate(moments) for moments in both_moments(traces))
    return call_at_end((errors.size > half_width(errors)) | (latency.size > half_width(latency)))


def half_width(difference: Difference, alpha: float = ALPHA, tuned_for: float = TUNED_FOR) -> Floats:
    """Return half the width of the two-sided confidence sequence."""
    grown = np.maximum(difference.count, 1.0) * _rho_squared(alpha, tuned_for)
    factor = 2 * (grown + 1) / grown * np.log(np.sqrt(grown + 1) / alpha)
    return np.sqrt(difference.variance * factor)


def p_value(difference: Difference, alpha: float = ALPHA, tuned_for: float = TUNED_FOR) -> Floats:
    """Return the two-sided p-value that stays valid at any time, at most 1."""
    grown = difference.count * _rho_squared(alpha, tuned_for)
    log_evidence = difference.z**2 / 2 * grown / (grown + 1) - np.log(grown + 1) / 2
    return np.minimum(1.0, np.exp(-log_evidence))


def _rho_squared(alpha: float, tuned_for: float) -> float:
    return float((-2 * np.log(alpha) + np.log(1 - 2 * np.log(alpha))) / tuned_for)
