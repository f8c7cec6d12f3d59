"""From a checked table to arrays: every number lands in its stratum and arm, and the unknown stays unknown."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from policies.strata.checking import check_observations
from policies.strata.table import find_period, to_strata
from tests.policies.unit.strata_tables import MINUTES, change, make_rows


def test_numbers_land_in_their_stratum_and_arm():
    """Each (stage, minute) is one entry, in order, with the numbers of both arms."""
    table = check_observations(change((3, "errors_5xx", "7"), (6, "errors_4xx", "2"), (7, "CPUUtilization", "60")))

    minutes, strata = to_strata(table)

    assert minutes.tolist() == [pd.Timestamp(minute) for minute in MINUTES]
    assert strata.stage.tolist() == [0, 0, 1, 1]
    assert strata.share.tolist() == [5, 5, 50, 50]
    assert strata.invocations.baseline.tolist() == [95, 95, 95, 95]
    assert strata.invocations.candidate.tolist() == [5, 5, 5, 5]
    assert strata.errors["errors_5xx"].baseline.tolist() == [1, 7, 1, 1]
    assert strata.errors["errors_4xx"].candidate.tolist() == [0, 0, 2, 0]
    assert strata.latency_count.total.tolist() == [100, 100, 100, 100]
    assert strata.latency_sum_us.candidate.tolist() == [250_000] * 4
    assert strata.averages["CPUUtilization"].baseline.tolist() == [41.5, 41.5, 41.5, 60]


def test_histograms_span_the_bins_of_both_arms():
    """One array over all bins that occur, bins that do not occur in between included."""
    _, strata = to_strata(check_observations(make_rows()))

    assert strata.histograms is not None
    assert strata.histograms.lowest == 113
    assert strata.histograms.counts.baseline.tolist() == [[60, 35, 0]] * 4
    assert strata.histograms.counts.candidate.tolist() == [[3, 0, 2]] * 4


def test_the_order_of_the_arms_does_not_matter():
    """Within a minute, rows may come in either order."""
    table = make_rows().iloc[[1, 0, 2, 3, 5, 4, 7, 6]]

    _, strata = to_strata(check_observations(table))

    assert strata.invocations.candidate.tolist() == [5, 5, 5, 5]
    assert strata.histograms is not None
    assert strata.histograms.counts.candidate.sum(axis=1).tolist() == [5, 5, 5, 5]


def test_a_silent_arm_has_zeros_and_no_averages():
    """An arm without a row was asked nothing; its share is what the other arm left."""
    _, strata = to_strata(check_observations(make_rows().drop(index=[1, 6])))

    assert strata.invocations.candidate.tolist() == [0, 5, 5, 5]
    assert strata.invocations.baseline.tolist() == [95, 95, 95, 0]
    assert strata.share.tolist() == [5, 5, 50, 50]
    assert strata.latency_sum_us.candidate[0] == 0
    assert np.isnan(strata.averages["CPUUtilization"].candidate[0])
    assert strata.histograms is not None
    assert strata.histograms.counts.candidate[0].sum() == 0


def test_no_latencies_sum_to_nothing():
    """Where no latency was counted its sum is zero, though the file leaves it empty."""
    empty = {
        "latency_count": "0",
        "latency_sum_us": "",
        "latency_min_us": "",
        "latency_max_us": "",
        "latency_histogram": "",
    }

    _, strata = to_strata(check_observations(change(*((4, column, value) for column, value in empty.items()))))

    assert strata.latency_sum_us.candidate.tolist() == [250_000, 0, 250_000, 250_000]


def test_absent_columns_are_unknown():
    """A column that nobody measured does not come out as zeros."""
    table = make_rows()[["minute", "stage", "arm", "share", "invocations", "errors_4xx"]]

    _, strata = to_strata(check_observations(table))

    assert [*strata.errors] == ["errors_4xx"]
    assert np.isnan([strata.latency_count.total, strata.latency_sum_us.total]).all()
    assert strata.histograms is None
    assert strata.averages == {}


def test_a_column_of_no_histograms_is_no_histogram():
    """Histograms that are all empty cells are none."""
    _, strata = to_strata(check_observations(make_rows().assign(latency_histogram="")))

    assert strata.histograms is None


def test_no_rows_make_no_strata():
    """A table without rows becomes arrays without entries."""
    minutes, strata = to_strata(check_observations(make_rows()[:0]))

    assert len(minutes) == 0
    assert strata.invocations.total.shape == (0,)
    assert strata.histograms is None


@pytest.mark.parametrize(
    ("seconds", "period"),
    [([], 60), ([0], 60), ([0, 120], 120), ([0, 300, 360, 360, 600], 60), ([0, 1], 1)],
)
def test_the_period_is_the_smallest_difference(seconds: list[int], period: int):
    """Gaps do not lengthen the period, and a single minute is taken for one."""
    start = datetime(2026, 11, 20, 10, tzinfo=UTC)
    minutes = pd.DatetimeIndex([start + timedelta(seconds=second) for second in seconds], dtype="datetime64[us, UTC]")

    assert find_period(minutes) == timedelta(seconds=period)
