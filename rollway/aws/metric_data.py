"""One question to CloudWatch: many metrics over one window, complete or not at all.

Knows batches, pages and status codes of ``GetMetricData``; knows nothing of arms, gates or caching.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from policies.errors import AccessDenied, TransientAwsError
from policies.observation import SeriesRequest
from rollway.aws.errors import translating
from rollway.aws.session import Aws

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

QueryKey = tuple[str, str]
"""Names a query within one question: who wants it, and what it is to them."""

Values = dict[datetime, float]
"""The value of each period that has data, by the period's start."""

BATCH: Final = 500
"""How many queries ``GetMetricData`` takes at most."""

TRIES: Final = 3
"""How often an incomplete answer is asked for again before it counts as no answer."""

_OPERATION: Final = "GetMetricData"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Window:
    """A row of whole periods, all timezone-aware UTC.

    Attributes:
        start: start of the first period.
        end: end of the last period.
        period: length of each.
    """

    start: datetime
    end: datetime
    period: timedelta

    def since(self, moment: datetime, reread: timedelta) -> Window:
        """Return the part from a moment on, and what lies ``reread`` before it: late data may have changed that."""
        return replace(self, start=max(self.start, floor_to(self.period, moment - reread)))


def floor_to(period: timedelta, moment: datetime) -> datetime:
    """Return the start of the period that a moment lies in; CloudWatch counts periods from the epoch."""
    return moment.astimezone(UTC) - (moment - _EPOCH) % period


def fetch(aws: Aws, queries: Mapping[QueryKey, SeriesRequest], window: Window) -> dict[QueryKey, Values]:
    """Read every query over a window; a period without data is absent from its values.

    Raises:
        AccessDenied: AWS withholds one of the metrics.
        TransientAwsError: an answer stayed incomplete.
        AwsError: AWS turned the request down.
    """
    found: dict[QueryKey, Values] = {}
    remaining = iter(queries.items())
    while batch := dict(islice(remaining, BATCH)):
        found |= _fetch_batch(aws, batch, window)
    return found


def _fetch_batch(aws: Aws, batch: Mapping[QueryKey, SeriesRequest], window: Window) -> dict[QueryKey, Values]:
    """Read one batch, again while an answer is incomplete."""
    statuses: dict[QueryKey, str] = {}
    for _ in range(TRIES):
        values, statuses = _read_pages(aws, batch, window)
        if all(status == "Complete" for status in statuses.values()):
            return values
        _refuse_forbidden(batch, statuses)
    key, status = next((key, status) for key, status in statuses.items() if status != "Complete")
    raise TransientAwsError(
        f"CloudWatch answered {status} {TRIES} times for {_name(batch[key])}; an incomplete answer is not used",
        operation=_OPERATION,
        aws_code=status,
    )


def _read_pages(
    aws: Aws,
    batch: Mapping[QueryKey, SeriesRequest],
    window: Window,
) -> tuple[dict[QueryKey, Values], dict[QueryKey, str]]:
    """Read all pages: the values, and each query's status on the last page that tells of it."""
    keys = {f"q{number}": key for number, key in enumerate(batch)}
    values: dict[QueryKey, Values] = {key: {} for key in batch}
    statuses = dict.fromkeys(batch, "nothing")
    with translating(_OPERATION, f"{len(batch)} metrics"):
        pages = aws.cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[_to_query(number, batch[key], window) for number, key in keys.items()],
            StartTime=window.start,
            EndTime=window.end,
            ScanBy="TimestampAscending",
        )
        for result in (result for page in pages for result in page["MetricDataResults"]):
            key = keys[result.get("Id", "")]
            values[key].update(_points(result.get("Timestamps", []), result.get("Values", []), window))
            statuses[key] = result.get("StatusCode", "nothing")
    return values, statuses


def _to_query(number: str, series: SeriesRequest, window: Window) -> MetricDataQueryTypeDef:
    # No unit: a unit that differs from the published one makes CloudWatch answer with nothing.
    return {
        "Id": number,
        "MetricStat": {
            "Metric": {
                "Namespace": series.namespace,
                "MetricName": series.metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in series.dimensions.items()],
            },
            "Period": int(window.period.total_seconds()),
            "Stat": series.statistic,
        },
        "ReturnData": True,
    }


def _points(timestamps: list[datetime], values: list[float], window: Window) -> Iterator[tuple[datetime, float]]:
    for timestamp, value in zip(timestamps, values, strict=True):
        if window.start <= timestamp < window.end:
            yield timestamp.astimezone(UTC), value


def _refuse_forbidden(batch: Mapping[QueryKey, SeriesRequest], statuses: Mapping[QueryKey, str]) -> None:
    for key, status in statuses.items():
        if status == "Forbidden":
            raise AccessDenied(
                f"CloudWatch does not let these credentials read {_name(batch[key])}",
                operation=_OPERATION,
                aws_code=status,
                hint="Allow cloudwatch:GetMetricData for the role or user that Rollway runs as.",
            )


def _name(series: SeriesRequest) -> str:
    dimensions = ", ".join(f"{name}={value}" for name, value in series.dimensions.items())
    return f"{series.statistic} of {series.namespace} {series.metric} ({dimensions})"
