"""Metric math: AWS's documented examples, and refusals of what is not simulated."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics import MetricStore

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Write = Callable[..., dict[str, Any]]
Values = Sequence[float | None]
Compute = Callable[..., list[float | None]]


@pytest.fixture
def compute(store: MetricStore, query: Write, request_of: Write, clock: VirtualClock) -> Compute:
    """Evaluate an expression over metrics that are given minute by minute (None: no data point)."""

    def evaluate(expression: str, **metrics: Values) -> list[float | None]:
        length = len(next(iter(metrics.values())))
        for name, values in metrics.items():
            for minute, value in enumerate(values):
                if value is not None:
                    store.record("Test", name, {}, value, at=NOON + minute * MINUTE)
        clock.advance(timedelta(minutes=length))
        queries = [query(name=name, metric=name, ReturnData=False) for name in metrics]
        end = NOON + length * MINUTE
        request = request_of(*queries, {"Id": "e", "Expression": expression}, StartTime=NOON, EndTime=end)
        (result,) = store.query(request)["MetricDataResults"]
        found = dict(zip(result["Timestamps"], result["Values"], strict=True))
        return [found.get(NOON + minute * MINUTE) for minute in range(length)]

    return evaluate


# From the tables of the CloudWatch user guide, "Using metric math"; None is a missing data point.
COMPARED = {"metric1": [30, 20, 0, 0], "metric2": [20, None, 20, None]}
CHOSEN = {"metric1": [1, 1, 0, 0, None], "metric2": [30, None, 0, 0, 30], "metric3": [0, 0, 20, None, 20]}


@pytest.mark.parametrize(
    ("expression", "metrics", "expected"),
    [
        ("metric1 < metric2", COMPARED, [0, 0, 1, 0]),
        ("metric1 >= 30", COMPARED, [1, 0, 0, 0]),
        ("IF(metric1, metric2, metric3)", CHOSEN, [30, 0, 20, None, None]),
        ("IF(metric1, 5, metric3)", CHOSEN, [5, 5, 20, None, None]),
        ("IF(metric1, metric2, 5)", CHOSEN, [30, 0, 5, 5, None]),
        ("IF(metric1, metric2)", CHOSEN, [30, 0, None, None, None]),
    ],
)
def test_documented_examples(compute: Compute, expression: str, metrics: dict[str, Values], expected: Values) -> None:
    """The examples in AWS's documentation come out as documented."""
    assert compute(expression, **metrics) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("100 * errors / requests", [10, None, None, 50]),  # a division by a missing or zero value drops the data point
        ("errors + requests", [11, 3, 0, 6]),  # a missing value is 0
        ("requests - errors", [9, -3, 0, 2]),
        ("-errors", [-1, -3, -0.0, -2]),
        ("(errors + 1) * 2", [4, 8, 2, 6]),
        ("FILL(requests, 0)", [10, 0, 0, 4]),
        ("FILL(requests, REPEAT)", [10, 10, 0, 4]),
        ("FILL(requests, LINEAR)", [10, 5, 0, 4]),
        ("FILL(requests, errors)", [10, 3, 0, 4]),
        ("IF(requests > 0, errors / requests)", [0.1, None, None, 0.5]),
        ("IF(1, errors, requests)", [1, 3, 0, 2]),
        ("IF(1 > 2, errors)", [None] * 4),
    ],
)
def test_arithmetic(compute: Compute, expression: str, expected: Values) -> None:
    """Missing values are 0 in arithmetic and stay missing elsewhere, worked by hand."""
    assert compute(expression, errors=[1, 3, 0, 2], requests=[10, None, 0, 4]) == expected


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("SEARCH('{AWS/SageMaker,EndpointName} Invocations', 'Sum', 60)", "SEARCH"),
        ('SELECT AVG(Invocations) FROM SCHEMA("AWS/SageMaker", EndpointName)', "Metrics Insights"),
        ("SUM(METRICS())", "SUM"),
        ("RATE(m)", "RATE"),
        ("[m, m]", "[m, m]"),
        ("m ^ 2", "m ^ 2"),
        ("m > 1 AND m < 3", "its syntax"),
        ("m if m else m", "m if m else m"),
        ("__import__('os')", "__import__"),
        ("FILL(m)", "FILL with 1 arguments"),
        ("m.real", "m.real"),
        ("'m'", "'m'"),
        ("True", "True"),
        ("m +", "its syntax"),
    ],
)
def test_what_is_not_simulated_is_refused_by_name(
    store: MetricStore, query: Write, request_of: Write, expression: str, what: str
) -> None:
    """An expression that is not simulated is a refusal that says so, never an empty result."""
    with pytest.raises(Refusal, match=r"is not simulated\. The simulated CloudWatch knows") as refused:
        store.query(request_of(query(name="m"), {"Id": "e", "Expression": expression}))
    assert what in refused.value.message


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("absent / m", "there is no query with the id absent"),
        ("e + m", "e uses it in turn"),
        ("f + m", "f uses it in turn"),
        ("m / long", r"metrics with one same period are needed, not with \[60, 300\]"),
        ("1 + 1", "metrics with one same period are needed, not with none"),
        ("IF(1, 2) + 1 / 0 + m", "divides the number 1.0 by 0"),
        ("IF(m < 0, m) * 0 + x" * 200, "must not be longer than 2048"),
    ],
)
def test_wrong_expression_is_refused(
    store: MetricStore, query: Write, request_of: Write, expression: str, message: str
) -> None:
    """Unknown ids, circles and mixed periods are refused with the expression."""
    others = [query(name="m"), query(name="long", period=300), {"Id": "f", "Expression": "e * m"}]
    with pytest.raises(Refusal, match=message):
        store.query(request_of(*others, {"Id": "e", "Expression": expression}))


def test_number_is_no_time_series(store: MetricStore, query: Write, request_of: Write) -> None:
    """An expression that ends in a number is refused, as AWS refuses it."""
    with pytest.raises(Refusal, match="it must give a time series"):
        store.query(request_of(query(name="m"), {"Id": "e", "Expression": "IF(1, 5, m)"}))


def test_expression_may_use_expressions(store: MetricStore, query: Write, request_of: Write) -> None:
    """Expressions build on one another in any order, and only what is asked for is returned."""
    store.record("Test", "m", {}, 4)
    twice = {"Id": "twice", "Expression": "m * 2", "ReturnData": False}
    request = request_of(
        {"Id": "e", "Expression": "twice + 1", "Label": "odd"}, twice, query(name="m", ReturnData=False)
    )
    (result,) = store.query(request)["MetricDataResults"]
    assert (result["Label"], result["Values"]) == ("odd", [9])


def test_request_with_an_expression_is_not_paged(
    compute: Compute, store: MetricStore, query: Write, request_of: Write
) -> None:
    """As AWS documents, there is no NextToken with metric math: the answer is whole."""
    assert compute("m * 2", m=[1, 2, 3]) == [2, 4, 6]
    request = request_of(query(name="m"), {"Id": "e", "Expression": "m * 2"}, MaxDatapoints=1)
    answer = store.query(request)
    assert "NextToken" not in answer
    assert [each["StatusCode"] for each in answer["MetricDataResults"]] == ["Complete", "Complete"]
