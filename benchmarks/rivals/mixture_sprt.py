"""The mixture sequential probability ratio test on pooled data: a normal prior over the size of the effect.

After Johari, Koomen, Pekelis and Walsh (Operations Research 70, 2022); the prior is as wide as the effects that matter here.
"""

from typing import Final

import numpy as np

from benchmarks.rivals.calls import Calls, call_at_end
from benchmarks.rivals.moments import ALPHA, Difference, accumulate, both_moments
from benchmarks.rivals.series import ERRORS_ADDED, LATENCY_RATIO, limits_for
from policies.strata.arrays import Booleans, Floats, Strata

LATENCY_EFFECT: Final = 0.1
"""Width of the prior on mean latency, as a share of the usual mean."""


def judge_by_mixture_sprt(traces: Strata) -> Calls:
    """Roll back as soon as the likelihood ratio of either metric reaches 1/alpha with the candidate worse."""
    widths = (ERRORS_ADDED, LATENCY_EFFECT * limits_for().mean_ms / LATENCY_RATIO)
    errors, latency = (
        _is_worse(accumulate(moments), width) for moments, width in zip(both_moments(traces), widths, strict=True)
    )
    return call_at_end(errors | latency)


def log_ratio(difference: Difference, width: float) -> Floats:
    """Return the log of the mixture likelihood ratio against no difference.

    Args:
        difference: pooled so far.
        width: standard deviation of the normal prior, in the metric's unit.
    """
    prior = width**2 / (difference.variance + width**2)
    return np.log1p(-prior) / 2 + prior * difference.z**2 / 2


def _is_worse(difference: Difference, width: float) -> Booleans:
    return (difference.size > 0) & (log_ratio(difference, width) >= np.log(1 / ALPHA))
