"""The environment: is it the model, or did both arms get worse together?

What both arms together suffer carries no arm's name, so leaving out such strata takes no side.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from policies.strata.arrays import Booleans, Floats, Integers

_OUTAGE: Final = 3.0
_SPREAD: Final = 3.0
"""A stratum is out of the ordinary with this many times the errors that the past explains, and this many standard deviations more."""
_LEAST_HISTORY: Final = 100
"""Requests before a past is one."""
_SLOWER: Final = 1.5


def find_calm(failures: Floats, requests: Floats, stage: Integers) -> Booleans:
    """Tell the strata that fail no more than the calm strata before them explain, shape (..., strata).

    In an outage that hits both arms their odds are alike whatever the candidate does on its own, so such a stratum must not count as
    evidence that it is no worse. The past is counted anew from each change of the split, since another split may have another rate.
    """
    first = np.searchsorted(stage, stage, side="left")

    def judge_by(calm: Booleans) -> Booleans:
        past_failures, past_requests = (
            _sum_before(np.where(calm, counts, 0.0), first) for counts in (failures, requests)
        )
        expected = _OUTAGE * requests * (past_failures + 0.5) / (past_requests + 1.0)
        return (past_requests < _LEAST_HISTORY) | (failures <= expected + _SPREAD * np.sqrt(expected + 1))

    return _settle(judge_by, failures.shape)


def find_steady(sums: Floats, counts: Floats) -> Booleans:
    """Tell the strata of one arm whose mean latency is not half as long again as that of the steady strata before, shape (..., strata)."""
    first = np.zeros(sums.shape[-1], dtype=np.int64)

    def judge_by(steady: Booleans) -> Booleans:
        past_sum, past_count = (_sum_before(np.where(steady, values, 0.0), first) for values in (sums, counts))
        known = (past_count >= _LEAST_HISTORY) & (counts > 0)
        return ~known | (sums * past_count <= _SLOWER * past_sum * counts)

    return _settle(judge_by, sums.shape)


def _settle(judge_by: Callable[[Booleans], Booleans], shape: tuple[int, ...]) -> Booleans:
    """Find the strata that are ordinary by the ordinary ones before them.

    Each round is right about at least one stratum more than the one before, since a stratum depends on earlier ones alone; in practice a
    round or two for each disturbance.
    """
    ordinary = np.ones(shape, dtype=bool)
    while not np.array_equal(judged := judge_by(ordinary), ordinary):
        ordinary = judged
    return ordinary


def _sum_before(values: Floats, first: Integers) -> Floats:
    """Sum the strata before each, from the one at index ``first`` on."""
    until = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.cumsum(values, axis=-1)], axis=-1)
    return until[..., :-1] - until[..., first]
