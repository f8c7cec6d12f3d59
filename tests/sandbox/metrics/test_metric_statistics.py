"""GetMetricStatistics."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics import MetricStore

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def asking(**more: Any) -> dict[str, Any]:
    wanted = {"Namespace": "Test", "MetricName": "m", "StartTime": NOON - HOUR, "EndTime": NOON + HOUR, "Period": 60}
    return {**wanted, **more}


def test_basic_statistics(store: MetricStore) -> None:
    """One data point holds all basic statistics that were asked for, with its unit."""
    for value in (1, 2, 6):
        store.record("Test", "m", {}, value)
    names = ["Average", "Sum", "Minimum", "Maximum", "SampleCount"]
    assert store.statistics(asking(Statistics=names)) == {
        "Label": "m",
        "Datapoints": [
            {"Timestamp": NOON, "Unit": "None", "Average": 3, "Sum": 9, "Minimum": 1, "Maximum": 6, "SampleCount": 3}
        ],
    }


def test_extended_statistics(store: MetricStore) -> None:
    """Percentiles and their kin come under ExtendedStatistics, by the name they were asked with."""
    for value in (1, 2, 6):
        store.record("Test", "m", {}, value)
    (point,) = store.statistics(asking(ExtendedStatistics=["p50", "PR(:2)", "tm99"]))["Datapoints"]
    assert point["ExtendedStatistics"] == {
        "p50": 2,
        "PR(:2)": pytest.approx(200 / 3),
        "tm99": pytest.approx((1 + 2 + 6 * 0.97) / 2.97),  # 99 % of 3 data points are 2.97
    }


def test_every_unit_has_its_own_data_points(store: MetricStore) -> None:
    """Data of two units are not mixed, and one unit can be asked for."""
    data = [{"MetricName": "m", "Value": value, "Unit": unit} for value, unit in ((1, "Count"), (5, "Percent"))]
    store.put({"Namespace": "Test", "MetricData": data})
    found = store.statistics(asking(Statistics=["Sum"]))["Datapoints"]
    assert [(point["Unit"], point["Sum"]) for point in found] == [("Count", 1), ("Percent", 5)]
    (point,) = store.statistics(asking(Statistics=["Sum"], Unit="Percent"))["Datapoints"]
    assert point["Sum"] == 5


def test_percentiles_of_aggregated_data_are_absent(store: MetricStore) -> None:
    """A period whose percentiles cannot be known has no data point."""
    values = {"SampleCount": 4, "Sum": 20, "Minimum": 1, "Maximum": 9}
    store.put({"Namespace": "Test", "MetricData": [{"MetricName": "m", "StatisticValues": values}]})
    assert store.statistics(asking(ExtendedStatistics=["p50"]))["Datapoints"] == []


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({}, "InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics"),
        ({"Statistics": ["Sum"], "ExtendedStatistics": ["p9"]}, "InvalidParameterCombination", "Must specify either"),
        ({"Statistics": ["p99"]}, "InvalidParameterValue", "The value p99 for parameter Statistics is not a valid"),
        ({"ExtendedStatistics": ["Sum"]}, "InvalidParameterValue", "The value Sum for parameter ExtendedStatistics"),
        ({"ExtendedStatistics": ["p1"] * 11}, "InvalidParameterValue", "must not have a size greater than 10."),
        ({"Statistics": ["Sum"] * 6}, "InvalidParameterValue", "must not have a size greater than 5."),
        ({"Statistics": ["Sum"], "Period": 45}, "InvalidParameterValue", "or a multiple of 60, not 45."),
        ({"Statistics": ["Sum"], "EndTime": NOON - HOUR}, "InvalidParameterValue", "must not equal parameter EndTime."),
        (
            {"Statistics": ["Sum"], "Period": 1},
            "InvalidParameterCombination",
            "You have requested up to 7,200 datapoints, which exceeds the limit of 1,440.",
        ),
    ],
)
def test_wrong_request_is_refused(store: MetricStore, change: dict[str, Any], code: str, message: str) -> None:
    """A request that AWS would not accept is refused in its words."""
    with pytest.raises(Refusal, match=re.escape(message)) as refused:
        store.statistics(asking(**change))
    assert refused.value.code == code
