"""How fast the simulated CloudWatch records and answers: ``python -m benchmarks.metrics``.

The load is one hour of a busy endpoint: 5,000 requests a minute over two variants, all latencies distinct, every metric published twice
as SageMaker does. The question is 500 queries of one-minute data points over that hour, none of them answered before.
"""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.metrics import MetricStore

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_MINUTES: Final = 60
_REQUESTS_PER_MINUTE: Final = 5000
_QUERIES: Final = 500
_STATISTICS: Final = ("Average", "p99", "PR(:300000)", "TM(5%:95%)", "SampleCount")
_NAMESPACE: Final = "AWS/SageMaker"
_FLAGS: Final = {
    "Invocations": 1.0,
    "InvocationsPerInstance": 0.5,
    "Invocation4XXErrors": 0.0,
    "Invocation5XXErrors": 0.0,
    "InvocationModelErrors": 0.0,
}
_LATENCIES: Final = ("ModelLatency", "OverheadLatency")


def bench_get_metric_data() -> dict[str, float]:
    """Return observations recorded per second, and the seconds that 500 queries take cold and again."""
    clock = VirtualClock(_START)
    store = MetricStore(clock)
    began = time.perf_counter()
    recorded = _serve_one_hour(store, clock)
    recording_s = time.perf_counter() - began
    request = _request()
    cold_s, warm_s = (_timed(store, request) for _ in range(2))
    began = time.perf_counter()
    snapshot = json.dumps(store.export())
    return {
        "records_per_second": recorded / recording_s,
        "queries_cold_s": cold_s,
        "queries_warm_s": warm_s,
        "snapshot_s": time.perf_counter() - began,
        "snapshot_mb": len(snapshot) / 1e6,
    }


def _timed(store: MetricStore, request: dict[str, Any]) -> float:
    began = time.perf_counter()
    answer = store.query(request)
    took_s = time.perf_counter() - began
    shortest = min(len(result["Values"]) for result in answer["MetricDataResults"])
    if shortest < _MINUTES:
        raise RuntimeError(f"a query gave {shortest} data points, not {_MINUTES}: the benchmark measures nothing")
    return took_s


def _dimension_sets() -> list[list[dict[str, str]]]:
    """Return, for each variant, the two dimension sets under which SageMaker publishes."""
    return [
        [
            {"EndpointName": "fraud", "VariantName": variant},
            {"EndpointName": "fraud", "VariantName": variant, "EndpointConfigName": "c"},
        ]
        for variant in ("baseline", "candidate")
    ]


def _serve_one_hour(store: MetricStore, clock: VirtualClock) -> int:
    latencies = (
        np.random.default_rng(7).lognormal(11.5, 0.6, (_MINUTES * _REQUESTS_PER_MINUTE, len(_LATENCIES))).tolist()
    )
    variants = _dimension_sets()
    between = timedelta(minutes=1) / _REQUESTS_PER_MINUTE
    for number, latency in enumerate(latencies):
        now = clock.now()
        for dimensions in variants[number % len(variants)]:
            for metric, value in _FLAGS.items():
                store.record(_NAMESPACE, metric, dimensions, value, at=now)
            for metric, value in zip(_LATENCIES, latency, strict=True):
                store.record(_NAMESPACE, metric, dimensions, value, at=now)
        clock.advance(between)
    return len(latencies) * 2 * (len(_FLAGS) + len(_LATENCIES))


def _request() -> dict[str, Any]:
    """Ask for every statistic of every metric in turn until there are 500 queries."""
    metrics = [
        (metric, [{"Name": name, "Value": value} for name, value in dimensions.items()])
        for metric in (*_LATENCIES, *_FLAGS)
        for variant in _dimension_sets()
        for dimensions in variant
    ]
    queries: list[dict[str, Any]] = []
    for number in range(_QUERIES):
        metric, dimensions = metrics[number % len(metrics)]
        statistic = _STATISTICS[number // len(metrics) % len(_STATISTICS)]
        named = {"Namespace": _NAMESPACE, "MetricName": metric, "Dimensions": dimensions}
        queries.append({"Id": f"q{number}", "MetricStat": {"Metric": named, "Period": 60, "Stat": statistic}})
    return {"MetricDataQueries": queries, "StartTime": _START, "EndTime": _START + timedelta(minutes=_MINUTES)}


if __name__ == "__main__":
    for name, value in bench_get_metric_data().items():
        print(f"{name:20} {value:,.2f}")  # noqa: T201 - this is its output
