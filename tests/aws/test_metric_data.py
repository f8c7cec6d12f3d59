"""One question to CloudWatch: in batches, over all pages, complete or not at all."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from policies.errors import AccessDenied, TransientAwsError
from policies.observation import SeriesRequest
from rollway.aws.metric_data import BATCH, TRIES, Window, fetch
from rollway.aws.session import Aws
from rollway.sandbox.cloud import Cloud

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WINDOW = Window(NOON, NOON + 10 * MINUTE, MINUTE)
ERRORS = SeriesRequest("AWS/SageMaker", "Invocation5XXErrors", "Sum", {"EndpointName": "e", "VariantName": "v"})
KEY = ("candidate", "errors_5xx")


def result(minutes: list[int], values: list[float], status: str = "Complete") -> dict[str, Any]:
    return {
        "Id": "q0",
        "Timestamps": [NOON + minute * MINUTE for minute in minutes],
        "Values": values,
        "StatusCode": status,
    }


@contextmanager
def answering(aws: Aws, *pages: dict[str, Any]) -> Generator[Stubber]:
    with Stubber(aws.cloudwatch) as stub:
        for page in pages:
            stub.add_response("get_metric_data", page)
        yield stub
        stub.assert_no_pending_responses()


def test_request_says_exactly_what_is_wanted(aws: Aws) -> None:
    """Period, statistic and exact dimensions are sent, oldest first, and no unit, which would hide the data."""
    expected = {
        "MetricDataQueries": [
            {
                "Id": "q0",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "AWS/SageMaker",
                        "MetricName": "Invocation5XXErrors",
                        "Dimensions": [
                            {"Name": "EndpointName", "Value": "e"},
                            {"Name": "VariantName", "Value": "v"},
                        ],
                    },
                    "Period": 60,
                    "Stat": "Sum",
                },
                "ReturnData": True,
            }
        ],
        "StartTime": WINDOW.start,
        "EndTime": WINDOW.end,
        "ScanBy": "TimestampAscending",
    }
    with Stubber(aws.cloudwatch) as stub:
        stub.add_response("get_metric_data", {"MetricDataResults": [result([], [])]}, expected)
        assert fetch(aws, {KEY: ERRORS}, WINDOW) == {KEY: {}}


def test_pages_are_joined(aws: Aws) -> None:
    """A query whose data are spread over pages comes back whole, though its first page is called partial."""
    with answering(
        aws,
        {"MetricDataResults": [result([0, 1], [5.0, 6.0], "PartialData")], "NextToken": "more"},
        {"MetricDataResults": [result([2], [7.0])]},
    ):
        values = fetch(aws, {KEY: ERRORS}, WINDOW)[KEY]
    assert values == {NOON: 5.0, NOON + MINUTE: 6.0, NOON + 2 * MINUTE: 7.0}


def test_incomplete_answer_is_asked_for_again(aws: Aws) -> None:
    """What was incomplete once may be complete the next time; the incomplete values are not used."""
    with answering(
        aws,
        {"MetricDataResults": [result([0], [1.0], "PartialData")]},
        {"MetricDataResults": [result([0, 1], [5.0, 6.0])]},
    ):
        assert fetch(aws, {KEY: ERRORS}, WINDOW)[KEY] == {NOON: 5.0, NOON + MINUTE: 6.0}


@pytest.mark.parametrize("status", ["PartialData", "InternalError"])
def test_answer_that_stays_incomplete_is_an_error(aws: Aws, status: str) -> None:
    """An incomplete answer never passes for a quiet minute."""
    page = {"MetricDataResults": [result([0], [1.0], status)]}
    with answering(aws, *[page] * TRIES), pytest.raises(TransientAwsError, match=status):
        fetch(aws, {KEY: ERRORS}, WINDOW)


def test_query_without_any_answer_is_an_error(aws: Aws) -> None:
    """A query that CloudWatch leaves out is not a metric without data."""
    silence: dict[str, Any] = {"MetricDataResults": []}
    with answering(aws, *[silence] * TRIES), pytest.raises(TransientAwsError, match="nothing"):
        fetch(aws, {KEY: ERRORS}, WINDOW)


def test_withheld_metric_is_denied(aws: Aws) -> None:
    """A missing permission is named at once, with the metric."""
    with (
        answering(aws, {"MetricDataResults": [result([], [], "Forbidden")]}),
        pytest.raises(AccessDenied, match="Sum of AWS/SageMaker Invocation5XXErrors"),
    ):
        fetch(aws, {KEY: ERRORS}, WINDOW)


def test_values_outside_the_window_are_dropped(aws: Aws) -> None:
    """A period that was not asked for is not given back: it may not be settled."""
    with answering(aws, {"MetricDataResults": [result([-1, 0, 10], [1.0, 2.0, 3.0])]}):
        assert fetch(aws, {KEY: ERRORS}, WINDOW)[KEY] == {NOON: 2.0}


def test_more_queries_than_one_request_takes(aws: Aws, cloud: Cloud) -> None:
    """More than 500 queries go in several requests, and each value finds its own query again."""
    queries = {
        ("series", str(number)): SeriesRequest("Own", "m", "Sum", {"n": str(number)}) for number in range(BATCH + 3)
    }
    for number in (0, BATCH - 1, BATCH, BATCH + 2):
        cloud.metrics.record("Own", "m", {"n": str(number)}, float(number), at=NOON - 2 * MINUTE)
    window = Window(NOON - 5 * MINUTE, NOON, MINUTE)
    values = fetch(aws, queries, window)
    assert {key: list(found.values()) for key, found in values.items() if found} == {
        ("series", str(number)): [float(number)] for number in (0, BATCH - 1, BATCH, BATCH + 2)
    }
    assert len(values) == BATCH + 3
    assert len(cloud.request_log.entries("GetMetricData")) == 2


def test_nothing_to_ask_is_no_request(aws: Aws) -> None:
    """No queries, no request: CloudWatch refuses an empty one."""
    with Stubber(aws.cloudwatch):
        assert fetch(aws, {}, WINDOW) == {}
