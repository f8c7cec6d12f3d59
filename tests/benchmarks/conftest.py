"""Traces made by hand, minute by minute, for the rivals to judge."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from policies.strata.arrays import Arms, Histograms, Strata

LOWEST = 110
BINS = 40
USUAL = 5
"""The first of two bins, counted from the lowest, that hold all latencies unless a test moves them: some 60 ms."""

MakeTraces = Callable[..., Strata]


def _make(failed: Sequence[float], *, requests: float = 1000.0, bins_up: Sequence[int] | None = None) -> Strata:
    minutes = len(failed)
    count = np.full((1, minutes), requests)
    candidate, baseline = np.zeros((1, minutes, BINS)), np.zeros((1, minutes, BINS))
    baseline[..., USUAL : USUAL + 2] = requests / 2
    for minute, up in enumerate(bins_up or [0] * minutes):
        candidate[0, minute, USUAL + up : USUAL + up + 2] = requests / 2
    middles_us = 1.1 ** (LOWEST + np.arange(BINS) + 0.5)
    errors = Arms(np.array([failed], dtype=np.float64), np.full((1, minutes), 10.0))
    return Strata(
        stage=np.zeros(minutes, dtype=np.int64),
        share=np.full(minutes, 50.0),
        invocations=Arms(count, count),
        errors={"errors_5xx": errors, "model_errors": errors},
        latency_count=Arms(count, count),
        latency_sum_us=Arms(candidate @ middles_us, baseline @ middles_us),
        histograms=Histograms(LOWEST, Arms(candidate, baseline)),
    )


@pytest.fixture
def make_traces() -> MakeTraces:
    """Return what makes traces of one rollout from the candidate's failures per minute; the baseline fails 10 of 1,000."""
    return _make
