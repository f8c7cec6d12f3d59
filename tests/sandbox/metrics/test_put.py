"""PutMetricData: what is stored, and what is refused."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics import MetricStore

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Ask = Callable[..., list[tuple[str, float]]]


def put(store: MetricStore, *data: dict[str, Any], namespace: str = "Test") -> None:
    store.put({"Namespace": namespace, "MetricData": [{"MetricName": "m", **datum} for datum in data]})


def statistics(samples: float, total: float, low: float, high: float) -> dict[str, Any]:
    return {"StatisticValues": {"SampleCount": samples, "Sum": total, "Minimum": low, "Maximum": high}}


@pytest.mark.parametrize(
    ("stat", "expected"), [("SampleCount", 8.5), ("Sum", 31), ("p50", 4), ("PR(:1)", 100 * 2 / 8.5), ("Maximum", 6)]
)
def test_values_with_counts(store: MetricStore, ask: Ask, stat: str, expected: float) -> None:
    """Values stand for as many data points as their counts say, fractions included; a count of 0 for none."""
    put(store, {"Values": [1, 4, 6, 99], "Counts": [2, 5, 1.5, 0]})
    assert ask(stat) == [("12:00:00", pytest.approx(expected))]


def test_values_without_counts(store: MetricStore, ask: Ask) -> None:
    """Without counts every value occurred once."""
    put(store, {"Values": [1, 2, 6]})
    assert ask("Average") == [("12:00:00", 3)]


def test_timestamp_of_the_datum_counts(store: MetricStore, ask: Ask) -> None:
    """A datum belongs to the minute of its own timestamp, and to now when it has none."""
    put(store, {"Value": 1, "Timestamp": NOON - 5 * MINUTE}, {"Value": 2})
    assert ask() == [("11:55:00", 1), ("12:00:00", 2)]


def test_statistic_set_has_no_percentiles(store: MetricStore, ask: Ask) -> None:
    """Aggregated data have basic statistics and no percentile: no data point rather than a guess."""
    put(store, statistics(4, 20, 1, 9))
    assert ask("Average") == [("12:00:00", 5)]
    assert ask("p50") == []


@pytest.mark.parametrize("same", [statistics(1, 7, 7, 7), statistics(3, 21, 7, 7)])
def test_statistic_set_that_hides_nothing_has_percentiles(store: MetricStore, ask: Ask, same: dict[str, Any]) -> None:
    """When all aggregated values were equal, CloudWatch can compute percentiles, and so can we."""
    put(store, same)
    assert ask("p50") == [("12:00:00", 7)]


@pytest.mark.parametrize(
    ("datum", "message"),
    [
        ({"Value": float("nan")}, "The value nan for parameter MetricData.member.1.Value is invalid."),
        ({"Value": float("-inf")}, "The value -inf for parameter MetricData.member.1.Value is invalid."),
        ({"Value": 2.0**361}, "for parameter MetricData.member.1.Value is invalid."),
        ({"Values": [1, float("inf")]}, "The value inf for parameter MetricData.member.1.Values.member.2 is invalid."),
        (
            {"Values": list(range(151))},
            "The collection MetricData.member.1.Values must not have a size greater than 150.",
        ),
        (
            {"Values": [1, 2], "Counts": [1]},
            "MetricData.member.1.Values and MetricData.member.1.Counts must be of the same",
        ),
        ({"Values": [1], "Counts": [-1]}, "The value -1 for parameter MetricData.member.1.Counts.member.1 is invalid."),
        (
            {"Value": 1, "Values": [1]},
            "MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive",
        ),
        ({}, "One of the parameters MetricData.member.1.Value, MetricData.member.1.Values"),
        (
            statistics(0, 0, 0, 0),
            "The value 0 for parameter MetricData.member.1.StatisticValues.SampleCount is invalid.",
        ),
        (statistics(2, 5, 3, 2), "Minimum must not be greater than"),
        (
            {"Value": 1, "Timestamp": NOON - timedelta(days=15)},
            "Timestamp must specify a time within the past two weeks.",
        ),
        ({"Value": 1, "Timestamp": NOON + 121 * MINUTE}, "no more than two hours in the future."),
        ({"Value": 1, "Unit": "Furlongs"}, "The value Furlongs for parameter MetricData.member.1.Unit is invalid."),
        ({"Value": 1, "StorageResolution": 10}, "for parameter MetricData.member.1.StorageResolution is not 1 or 60."),
        ({"Value": 1, "MetricName": ""}, "parameter MetricData.member.1.MetricName is invalid."),
        ({"Value": 1, "Dimensions": [{"Name": ":a", "Value": "b"}]}, "Dimensions.member.1.Name is invalid."),
        ({"Value": 1, "Dimensions": [{"Name": "a", "Value": " "}]}, "Dimensions.member.1.Value is invalid."),
        ({"Value": 1, "Dimensions": [{"Name": "a", "Value": "b"}] * 2}, "Dimensions are not unique."),
        ({"Value": 1, "Dimensions": [{"Name": f"d{n}", "Value": "v"} for n in range(31)]}, "size greater than 30."),
    ],
)
def test_wrong_datum_is_refused(store: MetricStore, datum: dict[str, Any], message: str) -> None:
    """A datum that CloudWatch rejects is refused with its place, its value and the limit."""
    with pytest.raises(Refusal, match=re.escape(message)) as refused:
        put(store, datum)
    assert refused.value.code == "InvalidParameterValue"


@pytest.mark.parametrize("offset", [timedelta(days=-14), timedelta(hours=2)])
def test_limits_of_the_timestamp_are_inclusive(store: MetricStore, offset: timedelta) -> None:
    """Two weeks back and two hours ahead are still accepted."""
    put(store, {"Value": 1, "Timestamp": NOON + offset})


@pytest.mark.parametrize("namespace", ["AWS/SageMaker", "", ":x", "a" * 256, "caf\u00e9"])
def test_wrong_namespace_is_refused(store: MetricStore, namespace: str) -> None:
    """Namespaces of AWS itself and malformed ones are refused: only the simulated services write there."""
    with pytest.raises(Refusal, match=r"for parameter Namespace is invalid\."):
        put(store, {"Value": 1}, namespace=namespace)


def test_thousand_metrics_and_no_more(store: MetricStore, ask: Ask) -> None:
    """A request holds up to 1000 data."""
    put(store, *[{"Value": 1}] * 1000)
    with pytest.raises(Refusal, match=r"The collection MetricData must not have a size greater than 1000\."):
        put(store, *[{"Value": 1}] * 1001)
    assert ask() == [("12:00:00", 1000)]


def test_request_without_data_is_refused(store: MetricStore) -> None:
    """No data is a missing parameter."""
    with pytest.raises(Refusal) as refused:
        put(store)
    assert refused.value.code == "MissingParameter"


def test_entity_data_are_refused(store: MetricStore) -> None:
    """What is not simulated is refused rather than dropped."""
    with pytest.raises(Refusal, match="EntityMetricData is not simulated"):
        store.put({"Namespace": "Test", "EntityMetricData": [{}]})


def test_one_wrong_datum_spoils_the_request(store: MetricStore, ask: Ask) -> None:
    """Nothing of a refused request is stored, and every wrong datum is named."""
    with pytest.raises(Refusal) as refused:
        put(store, {"Value": 1}, {"Value": float("nan")}, {"Value": float("inf")})
    assert re.findall(r"member\.(\d)", refused.value.message) == ["2", "3"]
    assert ask() == []
