"""Rivals that count failed checks: Argo Rollouts' analysis and Flagger's, one check a minute, error rate and p99 latency alike.

Both count every failed check since the start, not failures in a row. A minute without requests fails no check.
"""

from typing import Final

from benchmarks.rivals.calls import Calls, call_at_end
from benchmarks.rivals.series import ERRORS_ADDED, LATENCY_RATIO, TAIL, error_rate, limits_for, quantile_ms
from policies.strata.arrays import Booleans, Strata

ARGO_FAILURE_LIMIT: Final = 3
"""Failed checks of one metric that Argo tolerates: the next one ends the analysis."""

FLAGGER_THRESHOLD: Final = 5
"""Failed checks of all metrics together at which Flagger rolls back."""


def judge_by_argo(traces: Strata) -> Calls:
    """Judge by Argo's analysis against fixed limits, which know the service's usual figures exactly."""
    return _call_argo(*_exceed_limits(traces))


def judge_by_argo_relative(traces: Strata) -> Calls:
    """Judge by Argo's analysis against what the baseline shows in the same minute."""
    return _call_argo(*_exceed_baseline(traces))


def judge_by_flagger(traces: Strata) -> Calls:
    """Judge by Flagger's analysis against fixed limits; it acts one check later, which is not held against it."""
    errors, latency = _exceed_limits(traces)
    return call_at_end((errors | latency).cumsum(axis=-1) >= FLAGGER_THRESHOLD)


def _call_argo(*failed_checks: Booleans) -> Calls:
    errors, latency = (failed.cumsum(axis=-1) > ARGO_FAILURE_LIMIT for failed in failed_checks)
    return call_at_end(errors | latency)


def _exceed_limits(traces: Strata) -> tuple[Booleans, Booleans]:
    limits = limits_for()
    return (
        error_rate(traces).candidate > limits.error_rate,
        quantile_ms(traces, TAIL).candidate > limits.p99_ms,
    )


def _exceed_baseline(traces: Strata) -> tuple[Booleans, Booleans]:
    errors, p99_ms = error_rate(traces), quantile_ms(traces, TAIL)
    return errors.candidate > errors.baseline + ERRORS_ADDED, p99_ms.candidate > LATENCY_RATIO * p99_ms.baseline
