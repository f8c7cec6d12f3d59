"""Which of the measured minutes count, and as what: warm-up left out, sparse minutes merged.

Every rule looks at shares and at how many requests came, never at how they fared, so it cannot favour an outcome.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from policies.strata.arrays import Answers, Arms, Booleans, Floats, Integers, Strata

LEAST_EXPECTED: Final = 2.0
"""A stratum is closed once it can be expected to hold this many requests of the smaller arm."""


def shape(strata: Strata, warm_up: Booleans) -> Strata:
    """Blank the strata of a warm-up and merge sparse ones; every stratum keeps its place, an empty one has zeros.

    Minutes of one stage are merged until enough requests can be expected of the smaller arm: the sums stand at the last of them. Within a
    stage the split is the same, so which of the merged requests were the candidate's is still a lottery. Minutes that do not fill a stratum
    before their stage ends count for nothing. Per-minute averages are not merged.

    Args:
        strata: as measured.
        warm_up: which strata are warm-up, shape (strata,).
    """
    smaller = np.where(warm_up, 0.0, np.minimum(strata.share, 100 - strata.share) / 100)
    expected = strata.invocations.total * smaller
    dense = bool(((expected >= LEAST_EXPECTED) | warm_up).all())
    closed = ~np.broadcast_to(warm_up, expected.shape) if dense else _close(expected, strata.stage)

    def gather(values: Floats) -> Floats:
        return _gather(values, closed, strata.stage, warm_up)

    def blank(values: Floats) -> Floats:
        return np.where(_like(closed, values), values, 0.0)

    change = blank if dense else gather
    return replace(
        _map(strata, change), averages=_drop(strata.averages, warm_up), periods=change(np.ones(expected.shape))
    )


def _drop(averages: Mapping[str, Arms], warm_up: Booleans) -> dict[str, Arms]:
    """Forget the averages of a warm-up."""
    return {
        name: Arms(np.where(warm_up, np.nan, arms.candidate), np.where(warm_up, np.nan, arms.baseline))
        for name, arms in averages.items()
    }


def keep_first(strata: Strata, count: int) -> Strata:
    """Return the first ``count`` strata."""
    cut = _map(strata, lambda values: values[:count])
    averages = {name: Arms(arms.candidate[:count], arms.baseline[:count]) for name, arms in strata.averages.items()}
    periods = None if strata.periods is None else strata.periods[:count]
    return replace(cut, stage=strata.stage[:count], share=strata.share[:count], averages=averages, periods=periods)


def _map(strata: Strata, change: Callable[[Floats], Floats]) -> Strata:
    """Apply a change to every count."""

    def both(arms: Arms) -> Arms:
        return Arms(change(arms.candidate), change(arms.baseline))

    histograms, answers = strata.histograms, strata.answers
    return replace(
        strata,
        answers=Answers(change(answers.expected), change(answers.paired), change(answers.agreeing))
        if answers
        else None,
        invocations=both(strata.invocations),
        errors={name: both(arms) for name, arms in strata.errors.items()},
        latency_count=both(strata.latency_count),
        latency_sum_us=both(strata.latency_sum_us),
        histograms=replace(histograms, counts=both(histograms.counts)) if histograms else None,
    )


def _close(expected: Floats, stage: Integers) -> Booleans:
    """Tell the strata at which a merged one is complete, shape (..., strata)."""
    closed = np.zeros(expected.shape, dtype=bool)
    carried = np.zeros(expected.shape[:-1])
    for index in range(expected.shape[-1]):
        carried = expected[..., index] + (carried if _continues(stage, index) else 0.0)
        closed[..., index] = carried >= LEAST_EXPECTED
        carried = np.where(closed[..., index], 0.0, carried)
    return closed


def _gather(values: Floats, closed: Booleans, stage: Integers, warm_up: Booleans) -> Floats:
    """Sum values up to where a stratum is complete; the time axis is found by the shape of ``closed``."""
    axis = closed.ndim - 1
    rows = np.moveaxis(values, axis, 0)
    gathered, carried = np.zeros_like(rows), np.zeros_like(rows[0])
    for index, row in enumerate(rows):
        carried = (0.0 if warm_up[index] else row) + (carried if _continues(stage, index) else 0.0)
        complete = _like(closed[..., index], row)
        gathered[index] = np.where(complete, carried, 0.0)
        carried = np.where(complete, 0.0, carried)
    return np.moveaxis(gathered, 0, axis)


def _continues(stage: Integers, index: int) -> bool:
    return index > 0 and stage[index] == stage[index - 1]


def _like(mask: Booleans, values: Floats) -> Booleans:
    """Give a mask the further axes of a histogram."""
    return mask.reshape(mask.shape + (1,) * (values.ndim - mask.ndim))
