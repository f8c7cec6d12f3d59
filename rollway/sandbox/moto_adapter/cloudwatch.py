"""Makes moto's CloudWatch answer about metrics from the simulated account instead of its own store.

moto parses the request and serialises the answer by botocore's model. Alarms and dashboards stay moto's: it keeps alarms and never
evaluates them, which the account does (``alarms``).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from moto.cloudwatch.exceptions import CloudWatchException
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.moto_adapter.answer import Answer
from rollway.sandbox.moto_adapter.patch import Patch

_Method = Callable[[Any], ActionResult]


def patches(cloud: Cloud) -> list[Patch]:
    """Return the replacements of the four operations on metrics."""
    metrics = cloud.metrics
    return [
        Patch(CloudWatchResponse, "put_metric_data", _answered_by(metrics.put)),
        Patch(CloudWatchResponse, "get_metric_data", _answered_by(metrics.query)),
        Patch(CloudWatchResponse, "get_metric_statistics", _answered_by(metrics.statistics)),
        Patch(CloudWatchResponse, "list_metrics", _answered_by(metrics.list_metrics)),
    ]


def _answered_by(answer: Callable[[Mapping[str, Any]], Mapping[str, Any] | None]) -> _Method:
    def method(response: Any) -> ActionResult:  # noqa: ANN401 - moto's response classes are untyped to us
        try:
            result = answer(_in_utc(response.params))
        except Refusal as refusal:
            raise CloudWatchException(refusal.code, refusal.message) from refusal
        return EmptyResult() if result is None else Answer(result)

    return method


def _in_utc(value: Any) -> Any:  # noqa: ANN401 - a request is a tree of anything
    """Return a request with aware timestamps: moto parses them to naive ones, in UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value
    if isinstance(value, dict):
        return {name: _in_utc(each) for name, each in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_in_utc(each) for each in cast("list[Any]", value)]
    return value
