"""CloudWatch alarms on the candidate's own metrics, as SageMaker's automatic rollback uses them: M breaching minutes of the last N.

The limits know the service's usual figures exactly. A minute without requests breaches nothing.
"""

import numpy as np

from benchmarks.rivals.calls import Calls, call_at_end
from benchmarks.rivals.series import TAIL, error_rate, limits_for, mean_latency_ms, quantile_ms
from policies.strata.arrays import Booleans, Strata


def judge_by_one_alarm(traces: Strata) -> Calls:
    """Judge by alarms that go off in a single breaching minute, on error rate and p99."""
    return call_at_end(_breach_errors(traces) | _breach_p99(traces))


def judge_by_alarms(traces: Strata) -> Calls:
    """Judge by alarms that need 3 breaching minutes of 5, on error rate and p99."""
    return call_at_end(alarm(_breach_errors(traces), 3, 5) | alarm(_breach_p99(traces), 3, 5))


def judge_by_mean_alarms(traces: Strata) -> Calls:
    """Judge by alarms that need 3 breaching minutes of 5, on error rate and average latency."""
    slow = mean_latency_ms(traces).candidate > limits_for().mean_ms
    return call_at_end(alarm(_breach_errors(traces), 3, 5) | alarm(slow, 3, 5))


def alarm(breaching: Booleans, least: int, window: int) -> Booleans:
    """Tell where at least so many of the last ``window`` minutes breached; before the start none did."""
    total = breaching.cumsum(axis=-1)
    before = np.zeros_like(total)
    before[..., window:] = total[..., :-window]
    return total - before >= least


def _breach_errors(traces: Strata) -> Booleans:
    return error_rate(traces).candidate > limits_for().error_rate


def _breach_p99(traces: Strata) -> Booleans:
    return quantile_ms(traces, TAIL).candidate > limits_for().p99_ms
