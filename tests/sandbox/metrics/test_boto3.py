"""The simulated CloudWatch behind boto3, in process: requests and answers survive AWS's wire format."""

import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.cloudwatch.responses import CloudWatchResponse

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import cloudwatch, in_process

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOTH = {"EndpointName": "fraud", "VariantName": "candidate"}
Write = Callable[..., dict[str, Any]]
Client: TypeAlias = Any  # boto3's stubs make every member of an answer optional: here they would only be in the way


@pytest.fixture(scope="module")
def any_client() -> Client:
    """A boto3 client; making one takes longer than all that the tests do with it."""
    session: Any = boto3.Session(aws_access_key_id="simulated", aws_secret_access_key="simulated")  # noqa: S106 - no secret
    return session.client("cloudwatch", region_name="eu-west-1")


@pytest.fixture
def client(cloud: Cloud, any_client: Client) -> Iterator[Client]:
    """A boto3 client that talks to the simulated account's metrics."""
    with in_process(cloud):
        yield any_client


def test_metrics_of_an_invocation_are_read_back(
    client: Client, cloud: Cloud, clock: VirtualClock, query: Write, request_of: Write
) -> None:
    """What the simulated endpoint records is what production code reads: average, percentile, percentile rank, math."""
    for latency in (100_000, 200_000, 900_000, 300_000):
        cloud.metrics.record("AWS/SageMaker", "ModelLatency", BOTH, latency)
        cloud.metrics.record("AWS/SageMaker", "Invocation5XXErrors", BOTH, float(latency == 900_000))
    clock.advance(2 * MINUTE)
    latency = {"namespace": "AWS/SageMaker", "metric": "ModelLatency", "dimensions": BOTH}
    stats = ("Average", "p50", "p99", "PR(:300000)", "TM(:50%)", "SampleCount")
    queries = [query(stat, name=f"q{number}", **latency) for number, stat in enumerate(stats)]
    errors = query("Average", name="errors", ReturnData=False, **{**latency, "metric": "Invocation5XXErrors"})
    percent = {"Id": "percent", "Expression": "100 * errors"}
    answer = client.get_metric_data(**request_of(*queries, errors, percent))
    found = {
        each["Id"]: (each["Timestamps"], each["Values"], each["StatusCode"]) for each in answer["MetricDataResults"]
    }
    expected = [375_000, 200_000, 900_000, 75, 150_000, 4, 25]
    assert list(found) == [*(f"q{number}" for number in range(len(stats))), "percent"]
    assert list(found.values()) == [([NOON], [value], "Complete") for value in expected]


def test_put_data_come_back(client: Client, clock: VirtualClock) -> None:
    """Values with counts, statistic sets, units and timestamps pass through the wire, also in a compressed request."""
    client.put_metric_data(
        Namespace="Test",
        MetricData=[{"MetricName": f"m{n}", "Values": [1, 2.5], "Counts": [3, 1], "Unit": "Count"} for n in range(999)]
        + [
            {
                "MetricName": "old",
                "Timestamp": NOON - MINUTE,
                "StatisticValues": dict.fromkeys(["SampleCount", "Sum", "Minimum", "Maximum"], 1.0),
            }
        ],
    )
    clock.advance(MINUTE)
    window = {"StartTime": NOON - MINUTE, "EndTime": NOON + MINUTE, "Period": 60}
    (point,) = client.get_metric_statistics(
        Namespace="Test", MetricName="m998", ExtendedStatistics=["p75", "p99"], **window
    )["Datapoints"]
    assert (point["Timestamp"], point["Unit"], point["ExtendedStatistics"]) == (NOON, "Count", {"p75": 1, "p99": 2.5})
    (old,) = client.get_metric_statistics(Namespace="Test", MetricName="old", Statistics=["Sum"], **window)[
        "Datapoints"
    ]
    assert (old["Timestamp"], old["Sum"]) == (NOON - MINUTE, 1)


def test_paginators_see_everything(
    client: Client, cloud: Cloud, clock: VirtualClock, query: Write, request_of: Write
) -> None:
    """boto3's own paginators walk the pages of GetMetricData and ListMetrics."""
    for number in range(600):
        cloud.metrics.record("Test", f"m{number}", {}, number)
    clock.advance(MINUTE)
    request = request_of(*(query(name=f"q{number}", metric=f"m{number}") for number in range(500)), MaxDatapoints=200)
    pages = list(client.get_paginator("get_metric_data").paginate(**request))
    assert [len(page["MetricDataResults"]) for page in pages] == [200, 200, 100]
    assert [value for page in pages for each in page["MetricDataResults"] for value in each["Values"]] == list(
        range(500)
    )
    listed = [each for page in client.get_paginator("list_metrics").paginate() for each in page["Metrics"]]
    assert len(listed) == 600


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        (
            "put_metric_data",
            {"Namespace": "AWS/SageMaker", "MetricData": [{"MetricName": "m", "Value": 1}]},
            "InvalidParameterValue",
        ),
        ("put_metric_data", {"Namespace": "Test", "MetricData": []}, "MissingParameter"),
        ("get_metric_data", {"MetricDataQueries": [{"Id": "e", "Expression": "SEARCH('x')"}]}, "ValidationError"),
        ("get_metric_data", {"MetricDataQueries": [{"Id": "Q"}]}, "ValidationError"),
        (
            "get_metric_statistics",
            {"Namespace": "Test", "MetricName": "m", "Period": 60},
            "InvalidParameterCombination",
        ),
        ("list_metrics", {"NextToken": "x"}, "InvalidParameterValue"),
    ],
)
def test_refusals_are_client_errors(client: Client, operation: str, request_: dict[str, Any], code: str) -> None:
    """Every refusal reaches the caller as a 400 with AWS's error code: it is not retried."""
    window = {"StartTime": NOON, "EndTime": NOON + MINUTE} if operation.startswith("get") else {}
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**request_, **window)
    answer: Any = refused.value.response
    assert answer["Error"]["Code"] == code
    metadata = answer["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], metadata["RetryAttempts"]) == (400, 0)


def test_invalid_token_is_its_own_error(client: Client, query: Write, request_of: Write) -> None:
    """A made-up token is the exception that AWS models for it."""
    with pytest.raises(client.exceptions.InvalidNextToken):
        client.get_metric_data(**request_of(query()), NextToken="made-up")


def test_alarms_stay_motos(client: Client) -> None:
    """What is not ours is still answered by moto: alarms are stored."""
    client.put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0.01,
        ComparisonOperator="GreaterThanThreshold",
    )
    assert [each.get("AlarmName") for each in client.describe_alarms()["MetricAlarms"]] == ["errors"]


def test_replaced_methods_exist_in_moto(cloud: Cloud) -> None:
    """Every replaced method exists in this version of moto and takes nothing but the response object."""
    for patch in cloudwatch.patches(cloud):
        assert patch.owner is CloudWatchResponse
        assert list(inspect.signature(getattr(CloudWatchResponse, patch.name)).parameters) == ["self"]
