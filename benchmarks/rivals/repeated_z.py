"""The habit that sequential tests exist to cure: an ordinary z-test on everything pooled since the start, repeated every minute."""

import numpy as np
from scipy.stats import norm

from benchmarks.rivals.calls import Calls, call_at_end
from benchmarks.rivals.moments import ALPHA, accumulate, both_moments
from policies.strata.arrays import Strata


def judge_by_repeated_z(traces: Strata) -> Calls:
    """Roll back as soon as either metric is significantly worse at 5 %."""
    errors, latency = (accumulate(moments).z for moments in both_moments(traces))
    return call_at_end(np.fmax(errors, latency) > norm.isf(ALPHA / 2))
