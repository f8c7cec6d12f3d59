"""GetMetricData: what may be asked, and what comes back."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics import MetricStore

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOTH = {"EndpointName": "fraud", "VariantName": "candidate"}
Ask = Callable[..., list[tuple[str, float]]]
Write = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("dimensions", "found"),
    [
        (BOTH, True),
        (dict(reversed(BOTH.items())), True),
        ({}, False),
        ({"EndpointName": "fraud"}, False),
        ({**BOTH, "EndpointConfigName": "c"}, False),
        ({**BOTH, "VariantName": "Candidate"}, False),
    ],
)
def test_dimensions_match_exactly(store: MetricStore, ask: Ask, dimensions: dict[str, str], *, found: bool) -> None:
    """Only the exact dimension set finds a metric, in any order."""
    store.record("Test", "m", BOTH, 1)
    assert bool(ask(dimensions=dimensions)) is found


def test_namespace_and_name_are_part_of_the_identity(store: MetricStore, ask: Ask) -> None:
    """The same name in another namespace, or another name, is another metric."""
    store.record("Test", "m", BOTH, 1)
    assert ask(dimensions=BOTH, namespace="test") == ask(dimensions=BOTH, metric="M") == []


def test_order_of_recorded_dimensions_means_nothing(store: MetricStore, ask: Ask) -> None:
    """Data recorded with the dimensions the other way round belong to the same metric."""
    store.record("Test", "m", BOTH, 1)
    store.record("Test", "m", dict(reversed(BOTH.items())), 1)
    assert ask(dimensions=BOTH) == [("12:00:00", 2)]


def test_other_unit_gives_no_data(store: MetricStore, ask: Ask) -> None:
    """SageMaker's latency is in microseconds: asking for milliseconds finds nothing, CloudWatch converts no units."""
    store.record("AWS/SageMaker", "ModelLatency", BOTH, 250_000)
    latency = {"namespace": "AWS/SageMaker", "metric": "ModelLatency", "dimensions": BOTH}
    assert ask(**latency) == ask(**latency, unit="Microseconds") == [("12:00:00", 250_000)]
    assert ask(**latency, unit="Milliseconds") == []


def test_without_unit_all_units_count(store: MetricStore, ask: Ask) -> None:
    """A metric that was put in two units is one metric to who asks without a unit."""
    data = [{"MetricName": "m", "Value": value, "Unit": unit} for value, unit in ((1, "Count"), (5, "Percent"))]
    store.put({"Namespace": "Test", "MetricData": data})
    assert ask() == [("12:00:00", 6)]
    assert ask("p100", unit="Count") == [("12:00:00", 1)]


def test_newest_data_points_come_first(store: MetricStore, query: Write, request_of: Write) -> None:
    """Without ScanBy the answer is descending, a trap that production code must know."""
    for minute in range(3):
        store.record("Test", "m", {}, minute, at=NOON - minute * MINUTE)
    request = request_of(query())
    assert store.query(request)["MetricDataResults"][0]["Values"] == [2, 1, 0]
    del request["ScanBy"]
    assert store.query(request)["MetricDataResults"][0]["Values"] == [0, 1, 2]


def test_answer_holds_a_result_per_query(store: MetricStore, query: Write, request_of: Write) -> None:
    """Results come in the order of the queries with id, label, status; a query without data is complete and empty."""
    store.record("Test", "m", {}, 2)
    request = request_of(
        query(name="b", Label="Requests"), query(name="a", metric="none"), query(name="h", ReturnData=False)
    )
    assert store.query(request) == {
        "MetricDataResults": [
            {"Id": "b", "Label": "Requests", "Timestamps": [NOON], "Values": [2.0], "StatusCode": "Complete"},
            {"Id": "a", "Label": "none", "Timestamps": [], "Values": [], "StatusCode": "Complete"},
        ],
        "Messages": [],
    }


@pytest.mark.parametrize(
    ("stat", "expected"),
    [("Average", 0.25), ("Sum", 1), ("SampleCount", 4), ("Maximum", 1), ("PR(0:1)", 25), ("p50", 0)],
)
def test_errors_published_as_zeros_and_ones(store: MetricStore, ask: Ask, stat: str, expected: float) -> None:
    """One error in four requests is an average of 0.25 with the requests as sample count."""
    store.record("Test", "m", {}, 0, count=2)
    store.record("Test", "m", {}, 1)
    store.record("Test", "m", {}, 0)
    store.record("Test", "m", {}, 5, count=0)
    assert ask(stat) == [("12:00:00", expected)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"name": "Q1"},
            "The value Q1 for parameter MetricDataQueries.member.1.Id is not matching the expected pattern",
        ),
        (
            {"stat": "p101"},
            "The value p101 for parameter MetricDataQueries.member.1.MetricStat.Stat is not a valid statistic.",
        ),
        (
            {"period": 7},
            "MetricDataQueries.member.1.MetricStat.Period must be 1, 5, 10, 20, 30 or a multiple of 60, not 7.",
        ),
        ({"period": 90}, "multiple of 60, not 90."),
        (
            {"unit": "Furlongs"},
            "The value Furlongs for parameter MetricDataQueries.member.1.MetricStat.Unit is invalid.",
        ),
        ({"metric": ""}, "The parameter MetricDataQueries.member.1.MetricStat.Metric.MetricName is required."),
        ({"Expression": "q/2"}, "are mutually exclusive"),
        ({"AccountId": "123456789012"}, "AccountId is not simulated"),
    ],
)
def test_wrong_query_is_refused(
    store: MetricStore, query: Write, request_of: Write, change: dict[str, Any], message: str
) -> None:
    """A query that AWS would not accept is refused with its place and its value."""
    with pytest.raises(Refusal, match=re.escape(message)) as refused:
        store.query(request_of(query(**change)))
    assert refused.value.code == "ValidationError"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"StartTime": NOON, "EndTime": NOON}, "The parameter StartTime must not equal parameter EndTime.\n"),
        (
            {"StartTime": NOON + MINUTE, "EndTime": NOON},
            "The parameter StartTime must be less than the parameter EndTime.\n",
        ),
        ({"ScanBy": "Newest"}, "The value Newest for parameter ScanBy is invalid."),
        ({"MaxDatapoints": 100_801}, "The parameter MaxDatapoints must be between 1 and 100800, not 100801."),
        ({"MetricDataQueries": []}, "The parameter MetricDataQueries is required."),
        ({"MetricDataQueries": [{"Id": "a"}]}, "The parameter MetricDataQueries.member.1.MetricStat is required."),
    ],
)
def test_wrong_request_is_refused(
    store: MetricStore, query: Write, request_of: Write, change: dict[str, Any], message: str
) -> None:
    """A request that AWS would not accept is refused in its words."""
    with pytest.raises(Refusal, match=re.escape(message)):
        store.query(request_of(query(), **change))


def test_five_hundred_queries_and_no_more(store: MetricStore, query: Write, request_of: Write) -> None:
    """The 501st query of a request is one too many."""
    queries = [query(name=f"q{number}") for number in range(501)]
    assert len(store.query(request_of(*queries[:500]))["MetricDataResults"]) == 500
    with pytest.raises(Refusal, match=r"MetricDataQueries must not have a size greater than 500\."):
        store.query(request_of(*queries))


def test_ids_are_unique(store: MetricStore, query: Write, request_of: Write) -> None:
    """Two queries with one id are refused: nobody could tell their results apart."""
    with pytest.raises(Refusal, match=r"The values for parameter id in MetricDataQueries are not unique\."):
        store.query(request_of(query(), query("Average")))


def test_every_problem_is_named_at_once(store: MetricStore, query: Write, request_of: Write) -> None:
    """A refusal lists all wrong parameters, a line each, as AWS does."""
    with pytest.raises(Refusal) as refused:
        store.query(request_of(query("p101", name="A"), query("Mean", name="b")))
    assert refused.value.message.count("\n") == 3


def test_reading_is_repeatable_and_sees_new_data(store: MetricStore, ask: Ask, clock: VirtualClock) -> None:
    """What was read is kept for the next read only until its period gets new data."""
    store.record("Test", "m", {}, 1)
    assert ask("p100", period=300) == ask("p100", period=300) == [("12:00:00", 1)]
    clock.advance(MINUTE)
    store.record("Test", "m", {}, 7)
    assert ask("p100", period=300) == [("12:00:00", 7)]
