"""Group-sequential z-tests with a look every minute: O'Brien and Fleming's way of spending alpha, by Lan and DeMets' function.

The planned information is that of the plan's shares at steady traffic; what really comes may differ, as it does in production.
"""

from functools import cache

import numpy as np

from benchmarks.rivals.calls import Calls, call_at_end
from benchmarks.rivals.moments import ALPHA, accumulate, both_moments, stratified_z
from policies.compare.sequential.boundary import GroupSequential, plan_bounds
from policies.strata.arrays import Floats, Strata

_LEAST_GROWTH = 0.002
"""A minute that adds less to the information, relatively, is not looked at: the boundary's recursion needs distinct looks."""


def judge_by_pooled_group_sequential(traces: Strata) -> Calls:
    """Judge by the z-values of everything pooled since the start."""
    share = traces.share / 100
    candidate, baseline = share.cumsum(), (1 - share).cumsum()
    bounds = bounds_for(candidate * baseline / (candidate + baseline))
    errors, latency = (accumulate(moments).z for moments in both_moments(traces))
    return call_at_end((errors > bounds) | (latency > bounds))


def judge_by_stratified_group_sequential(traces: Strata) -> Calls:
    """Judge by the Mantel-Haenszel z-values, each minute compared within itself."""
    share = traces.share / 100
    bounds = bounds_for((share * (1 - share)).cumsum())
    errors, latency = (stratified_z(moments) for moments in both_moments(traces))
    return call_at_end((errors > bounds) | (latency > bounds))


def bounds_for(information: Floats) -> Floats:
    """Return the two-sided bound of every minute, given the planned information so far in any unit; infinite where none looks."""
    shares = information / information[-1]
    looks: list[int] = []
    for minute, share in enumerate(shares[:-1]):
        before = shares[looks[-1]] if looks else 0.0
        if share > before * (1 + _LEAST_GROWTH) and shares[-1] > share * (1 + _LEAST_GROWTH):
            looks.append(minute)
    looks.append(shares.size - 1)
    bounds = np.full(shares.size, np.inf)
    bounds[looks] = _plan(tuple(float(share) for share in shares[looks]))
    return bounds


@cache
def _plan(shares: tuple[float, ...]) -> tuple[float, ...]:
    return plan_bounds(shares, GroupSequential(alpha=ALPHA))
