"""Reads from the simulated CloudWatch how busy a variant was, minute by minute. Decides nothing.

A real endpoint reports zeros while nobody calls it. The simulated one reports nothing then, so a minute without data counts
as zero from the moment on that the policy watches; a minute in a gap of the metrics is not known.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from rollway.sandbox.autoscaling.names import ScaledVariant
from rollway.sandbox.autoscaling.tracking import MINUTES_BELOW, Loads
from rollway.sandbox.metrics import MetricStore

MINUTE: Final = timedelta(minutes=1)


def latest_minute(metrics: MetricStore, now: datetime) -> datetime:
    """Return the end of the latest minute whose metrics have all arrived."""
    return (now - metrics.delay).replace(second=0, microsecond=0)


def read_loads(metrics: MetricStore, of: ScaledVariant, end: datetime, watched_since: datetime) -> Loads:
    """Return the variant's invocations in the fifteen minutes up to ``end``, the oldest first."""
    begin = end - MINUTES_BELOW * MINUTE
    dimensions = {"EndpointName": of.endpoint, "VariantName": of.variant}
    found: list[dict[str, Any]] = metrics.statistics(
        {
            "Namespace": "AWS/SageMaker",
            "MetricName": "Invocations",
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "StartTime": begin,
            "EndTime": end,
            "Period": 60,
            "Statistics": ["Sum"],
        }
    )["Datapoints"]
    sums: dict[datetime, float] = {point["Timestamp"]: point["Sum"] for point in found}

    def load(minute: datetime) -> float | None:
        if _lost(metrics, dimensions, minute):
            return None
        return sums.get(minute, 0.0 if minute >= watched_since else None)

    return [load(begin + number * MINUTE) for number in range(MINUTES_BELOW)]


def _lost(metrics: MetricStore, dimensions: dict[str, str], minute: datetime) -> bool:
    return any(
        since < minute + MINUTE and minute < until and wanted.items() <= dimensions.items()
        for wanted, since, until in metrics.gaps
    )
