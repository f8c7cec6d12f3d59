"""The table of strata: its columns, its types, and what counts as a value."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from policies.errors import TransientAwsError
from policies.observation import MetricsRequest
from policies.strata.names import COUNT_COLUMNS, LATENCY_COLUMNS, STRATA_COLUMNS
from rollway.aws.metric_data import QueryKey, Values
from rollway.aws.strata import attach_histograms, build_series, build_strata, histogram_queries, strata_queries

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def one_minute(**columns: float) -> dict[QueryKey, Values]:
    """One minute of the candidate with the given columns, all others absent."""
    values: dict[QueryKey, Values] = {("candidate", column): {} for column in (*COUNT_COLUMNS, *LATENCY_COLUMNS)}
    return values | {("candidate", column): {NOON: value} for column, value in columns.items()}


def test_every_column_has_its_query() -> None:
    """Each documented column is asked of CloudWatch for each arm, with exactly the endpoint's and variant's dimensions."""
    request = MetricsRequest("e", {"baseline": "a", "candidate": "b"}, NOON, MINUTE, MINUTE, MINUTE)
    queries = strata_queries(request)
    columns = (*COUNT_COLUMNS, *LATENCY_COLUMNS)
    assert set(queries) == {(arm, column) for arm in ("baseline", "candidate") for column in columns}
    assert queries["candidate", "latency_max_us"].dimensions == {"EndpointName": "e", "VariantName": "b"}
    assert queries["candidate", "latency_count"].statistic == "SampleCount"


def test_empty_table_has_columns_and_types() -> None:
    """Statistics on an empty table need no special case."""
    empty, full = build_strata({}), build_strata(one_minute(invocations=1))
    assert list(empty.columns) == list(STRATA_COLUMNS)
    assert empty.empty
    assert (empty.dtypes == full.dtypes).all()
    assert (full.dtypes[list(COUNT_COLUMNS)] == "int64").all()
    assert (full.dtypes[list(LATENCY_COLUMNS)] == "float64").all()
    assert isinstance(full.dtypes["minute"], pd.DatetimeTZDtype)


def test_histograms_belong_to_the_same_metric_as_latencies() -> None:
    """Percentile ranks are asked of exactly the metric that the latency columns come from."""
    request = MetricsRequest("e", {"baseline": "a", "candidate": "b"}, NOON, MINUTE, MINUTE, MINUTE)
    queries = histogram_queries(request, {-1: "PR(0.9:1)", 0: "PR(1:1.1)"})
    assert set(queries) == {(arm, number) for arm in ("baseline", "candidate") for number in ("-1", "0")}
    latency_sum = strata_queries(request)["candidate", "latency_sum_us"]
    assert queries["candidate", "-1"] == replace(latency_sum, statistic="PR(0.9:1)")


def test_only_histograms_of_the_present_count_are_attached() -> None:
    """A histogram that was read before late requests came in is left out, not shown beside a count that it contradicts."""
    strata = build_strata(one_minute(invocations=3, latency_count=3))
    current = attach_histograms(strata, {("candidate", NOON): {4: 1, 7: 2}})
    outdated = attach_histograms(strata, {("candidate", NOON): {4: 1, 7: 1}})
    assert current["latency_histogram"].tolist() == [{4: 1, 7: 2}]
    assert outdated["latency_histogram"].tolist() == [None]
    assert (current.dtypes == outdated.dtypes).all()
    assert list(current.columns) == list(STRATA_COLUMNS)
    assert attach_histograms(build_strata({}), {}).dtypes.equals(current.dtypes)


def test_minute_without_invocations_is_no_row() -> None:
    """Nothing is invented for a minute of which nothing is known."""
    assert build_strata(one_minute(errors_5xx=3, latency_count=3)).empty


def test_absent_errors_beside_invocations_are_zero() -> None:
    """SageMaker publishes errors only beside requests, so their absence there is a zero; a latency is never zero."""
    (row,) = build_strata(one_minute(invocations=7)).to_dict("records")
    assert [row[column] for column in COUNT_COLUMNS] == [7, 0, 0, 0, 0]
    assert all(math.isnan(row[column]) for column in LATENCY_COLUMNS)


def test_rows_are_sorted_by_minute_and_arm() -> None:
    """The order does not depend on how CloudWatch answered."""
    values = one_minute(invocations=1)
    values |= {("baseline", column): {} for column in (*COUNT_COLUMNS, *LATENCY_COLUMNS)}
    values["candidate", "invocations"] = {NOON + MINUTE: 4.0, NOON: 2.0}
    values["baseline", "invocations"] = {NOON + MINUTE: 3.0, NOON: 1.0}
    frame = build_strata(values)
    assert frame["invocations"].tolist() == [1, 2, 3, 4]
    assert frame["arm"].tolist() == ["baseline", "candidate"] * 2


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("invocations", -1.0),
        ("invocations", 1.5),
        ("invocations", math.nan),
        ("errors_5xx", math.inf),
        ("latency_sum_us", -1.0),
        ("latency_max_us", math.inf),
    ],
)
def test_impossible_values_are_no_measurement(column: str, value: float) -> None:
    """A value that cannot be is an error that names it, not evidence."""
    with pytest.raises(TransientAwsError, match=column):
        build_strata(one_minute(**{"invocations": 1, column: value}))


def test_rounding_of_sums_is_forgiven() -> None:
    """A sum of whole numbers may come back a hair off."""
    assert build_strata(one_minute(invocations=99.9999999))["invocations"].tolist() == [100]


def test_series_is_ordered_and_typed_even_when_empty() -> None:
    """A gate can slice a series by time whether it has data or not."""
    full, empty = build_series("slo", {NOON + MINUTE: 2.0, NOON: -1.0}), build_series("slo", {})
    assert full.tolist() == [-1.0, 2.0]
    assert full.index.is_monotonic_increasing
    assert (full.dtype, full.index.dtype, full.name) == (empty.dtype, empty.index.dtype, empty.name)


def test_series_must_be_finite() -> None:
    """A metric of the user's own may be negative, but it must be a number."""
    with pytest.raises(TransientAwsError, match="slo"):
        build_series("slo", {NOON: math.nan})
