"""What CloudWatch would have answered for a threshold gate's metric, from a table of observations."""

import numpy as np
import pandas as pd
import pytest

from policies.gates.series import derive_series
from policies.strata.arrays import BIN_RATIO
from policies.strata.checking import check_observations
from tests.policies.unit.observed import make_quick
from tests.policies.unit.strata_tables import MINUTES, change, make_rows

LOW, MIDDLE = (BIN_RATIO**number for number in (113, 114))


def derive(frame=None, **gate):
    """The series of one threshold gate, None if it is absent."""
    fields = {"metric": "ModelLatency", "arm": "baseline", "at_most": 1.0} | gate
    strata = check_observations(make_rows() if frame is None else frame)
    return derive_series(make_quick(guardrails={"limit": fields}), strata).get("limit")


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("Average", 50_000),
        ("Sum", 50_000 * 95),
        ("Minimum", 47_000.5),
        ("Maximum", 56_000),
        ("SampleCount", 95),
        # By hand: 60 of 95 requests lie in bin 113, from 47,594 to 52,354 µs, and 35 in bin 114, which ends at the maximum of 56,000.
        ("p50", LOW + (MIDDLE - LOW) * 47.5 / 60),
        ("p99.5", MIDDLE + (56_000 - MIDDLE) * (0.995 * 95 - 60) / 35),
        ("p100", 56_000),
        (f"PR(:{MIDDLE:.6f})", 100 * 60 / 95),
        (f"PR({MIDDLE:.6f}:)", 100 * 35 / 95),
        ("PR(:100000)", 100),
        ("PR(:1000)", 0),
        (f"PR({LOW:.6f}:{(LOW + MIDDLE) / 2:.6f})", 100 * 30 / 95),
    ],
)
def test_statistics_of_latency(statistic, expected):
    """Latency statistics are the table's own numbers, and those of ranks come from the histogram, linear within a bin."""
    frame = change(*((row, "latency_max_us", "56000") for row in (1, 3, 5, 7)))
    series = derive(frame, statistic=statistic)
    assert list(series.index) == list(pd.to_datetime(MINUTES))
    np.testing.assert_allclose(series, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("Invocations", 95), ("Invocation4XXErrors", 0), ("Invocation5XXErrors", 1), ("InvocationModelErrors", 1)],
)
def test_counts_are_sums(metric, expected):
    """SageMaker's counts are the table's, as sums."""
    assert list(derive(metric=metric, statistic="Sum")) == [expected] * len(MINUTES)


def test_other_columns_are_averages():
    """A column of any other name is the metric of that name, in whichever namespace."""
    gate = {"metric": "CPUUtilization", "namespace": "/aws/sagemaker/Endpoints"}
    assert list(derive(**gate)) == [41.5] * len(MINUTES)
    assert derive(**gate, statistic="Maximum") is None


@pytest.mark.parametrize(
    "gate",
    [
        {"statistic": "TM(:95%)"},
        {"statistic": "IQM"},
        {"statistic": "p101"},
        {"metric": "Invocations", "statistic": "p50"},
        {"metric": "OverheadLatency"},
        {"namespace": "Custom"},
        {"dimensions": {"EndpointName": "other"}},
    ],
)
def test_what_the_table_does_not_hold_is_absent(gate):
    """A statistic that cannot be derived, or a metric that nobody measured, is absent and not zero."""
    assert derive(**gate) is None


@pytest.mark.parametrize(
    ("column", "statistic"),
    [("latency_sum_us", "Average"), ("latency_max_us", "Maximum"), ("latency_histogram", "p99")],
)
def test_missing_columns_are_absent(column, statistic):
    """Without its column a statistic is absent."""
    assert derive(make_rows().drop(columns=column), statistic=statistic) is None


@pytest.mark.parametrize(("column", "statistic"), [("latency_histogram", "p99"), ("CPUUtilization", "Average")])
def test_minutes_without_a_value_are_missing(column, statistic):
    """A cell that is empty makes a missing period, as in CloudWatch."""
    metric = column if statistic == "Average" else "ModelLatency"
    assert len(derive(change((3, column, "")), metric=metric, statistic=statistic)) == len(MINUTES) - 1


def test_the_gates_own_arm():
    """A gate on the candidate looks at the candidate's rows."""
    assert list(derive(arm="candidate", metric="Invocations", statistic="Sum")) == [5] * len(MINUTES)
