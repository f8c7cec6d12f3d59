"""What makes two data belong to the same simulated CloudWatch metric."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple


class MetricKey(NamedTuple):
    """A metric's identity: CloudWatch never aggregates across dimension sets, so the set must match exactly.

    Attributes:
        namespace: for example ``AWS/SageMaker``.
        metric: the metric's name.
        dimensions: every name and value, sorted, because their order means nothing.
    """

    namespace: str
    metric: str
    dimensions: tuple[tuple[str, str], ...]


def metric_key(namespace: str, metric: str, dimensions: Iterable[tuple[str, str]]) -> MetricKey:
    """Return the identity of a metric whatever the order of its dimensions."""
    return MetricKey(namespace, metric, tuple(sorted(dimensions)))


def requested_key(metric: Mapping[str, Any]) -> MetricKey:
    """Return the identity that a ``Metric`` member of a request, or the request itself, names."""
    dimensions = ((each["Name"], each["Value"]) for each in metric.get("Dimensions") or ())
    return metric_key(metric["Namespace"], metric["MetricName"], dimensions)


def epoch_second(moment: datetime) -> int:
    """Return the whole second since 1970 in which a moment lies."""
    return int(moment.timestamp())


def moment_of(second: int) -> datetime:
    """Return the moment that lies that many seconds after 1970 began."""
    return datetime.fromtimestamp(second, UTC)
