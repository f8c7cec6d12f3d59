"""A store on the virtual clock, and short words for asking it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.metrics import MetricStore

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(clock: VirtualClock) -> MetricStore:
    """An empty store whose data are visible at once."""
    return MetricStore(clock)


@pytest.fixture
def query() -> Callable[..., dict[str, Any]]:
    """Write one MetricDataQuery, for the sum per minute of metric ``m`` in namespace ``Test`` if nothing else is said."""

    def write(stat: str = "Sum", *, name: str = "q", period: int = 60, **more: Any) -> dict[str, Any]:
        metric = {
            "Namespace": more.pop("namespace", "Test"),
            "MetricName": more.pop("metric", "m"),
            "Dimensions": [{"Name": key, "Value": value} for key, value in more.pop("dimensions", {}).items()],
        }
        unit = {"Unit": more.pop("unit")} if "unit" in more else {}
        return {"Id": name, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat, **unit}, **more}

    return write


@pytest.fixture
def request_of() -> Callable[..., dict[str, Any]]:
    """Write a GetMetricData request for the hours around noon, oldest data points first."""

    def write(*queries: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "MetricDataQueries": list(queries),
            "StartTime": NOON - timedelta(hours=1),
            "EndTime": NOON + timedelta(hours=1),
            "ScanBy": "TimestampAscending",
            **more,
        }

    return write


@pytest.fixture
def ask(
    store: MetricStore, query: Callable[..., dict[str, Any]], request_of: Callable[..., dict[str, Any]]
) -> Callable[..., list[tuple[str, float]]]:
    """Ask for one statistic; the answer is a list of (HH:MM:SS, value)."""

    def answer(
        stat: str = "Sum",
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        **more: Any,
    ) -> list[tuple[str, float]]:
        times = {name: at for name, at in (("StartTime", start), ("EndTime", end)) if at}
        (result,) = store.query(request_of(query(stat, **more), **times))["MetricDataResults"]
        return [(f"{at:%H:%M:%S}", value) for at, value in zip(result["Timestamps"], result["Values"], strict=True)]

    return answer
