"""Gaps, retention, snapshots and threads of the metric store."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread

import numpy as np
import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.metrics import MetricStore, StatisticSet

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
A, B = {"EndpointName": "fraud", "VariantName": "a"}, {"EndpointName": "fraud", "VariantName": "b"}
Ask = Callable[..., list[tuple[str, float]]]


def test_gap_swallows_what_it_covers(store: MetricStore, ask: Ask, clock: VirtualClock) -> None:
    """Data of the filtered variant within the gap are lost for good; its end, other variants and other times are not."""
    store.gaps = [({"VariantName": "a"}, NOON + MINUTE, NOON + 3 * MINUTE)]
    for dimensions in (A, B):
        for minute in range(4):
            store.record("Test", "m", dimensions, 1, at=NOON + minute * MINUTE)
    store.gaps = []
    clock.advance(HOUR)
    assert ask(dimensions=A) == [("12:00:00", 1), ("12:03:00", 1)]
    assert len(ask(dimensions=B)) == 4


def test_gap_without_filter_swallows_everything(store: MetricStore) -> None:
    """A gap without a filter takes data of every kind, put ones and aggregated ones too."""
    store.gaps.append(({}, NOON, NOON + MINUTE))
    store.record("Test", "m", A, 1)
    store.record_statistics("Test", "m", {}, StatisticSet(1, 1, 1, 1))
    store.put({"Namespace": "Test", "MetricData": [{"MetricName": "m", "Value": 1}]})
    assert store.list_metrics({})["Metrics"] == []


def test_old_data_are_dropped(clock: VirtualClock) -> None:
    """Data older than the retention are forgotten, so that memory stays bounded."""
    store = MetricStore(clock, retention=timedelta(hours=6))
    store.record("Test", "old", {}, 1)
    clock.advance(timedelta(hours=7))
    store.record("Test", "new", {}, 1)
    assert [each["MetricName"] for each in store.list_metrics({})["Metrics"]] == ["new"]


@pytest.fixture
def latencies() -> np.ndarray:
    """Five thousand distinct latencies in microseconds, with the extremes far out."""
    values = np.random.default_rng(3).lognormal(11.5, 0.6, 5000)
    values[:2] = 0.0, 5e7
    return values


STATISTICS = ("SampleCount", "Sum", "Minimum", "Maximum", "p1", "p50", "p99", "p99.9", "tm99", "PR(:100000)")
LATTICE = tuple(f"PR(:{1.1**power:.10f})" for power in (100, 110, 120, 121, 122, 123, 124, 130))


def read(ask: Ask, statistics: tuple[str, ...]) -> np.ndarray:
    return np.array([ask(stat, start=NOON, end=NOON + MINUTE)[0][1] for stat in statistics])


def test_compacted_minutes_stay_close(store: MetricStore, ask: Ask, clock: VirtualClock, latencies: np.ndarray) -> None:
    """After three hours a busy minute keeps count, sum and extremes exactly, and its percentiles within 1 %."""
    for number, value in enumerate(latencies.tolist()):
        store.record("Test", "m", {}, value, at=NOON + (number % 60) * SECOND)
    clock.advance(MINUTE)
    before, lattice = read(ask, STATISTICS), read(ask, LATTICE)
    clock.advance(4 * HOUR)
    store.record("Test", "other", {}, 1)
    after = read(ask, STATISTICS)
    assert after[:4] == pytest.approx(before[:4], rel=1e-12)
    assert after[4:] == pytest.approx(before[4:], rel=0.01)
    assert read(ask, LATTICE) == pytest.approx(lattice, rel=1e-12)
    assert 0 < len(json.dumps(store.export())) < 20_000


def test_snapshot_round_trip(store: MetricStore, ask: Ask, clock: VirtualClock, latencies: np.ndarray) -> None:
    """A store restored from JSON answers like the one that was saved: exactly for small minutes, within 1 % for busy ones."""
    for value in latencies.tolist():
        store.record("Test", "m", {}, value)
    store.record("Test", "small", A, -3, at=NOON + 7 * SECOND, count=2)
    store.record_statistics("Test", "small", A, StatisticSet(4, 20, 1, 9), at=NOON + 8 * SECOND)
    clock.advance(MINUTE)
    before, small = read(ask, STATISTICS), ask(metric="small", dimensions=A, period=1)
    state = json.loads(json.dumps(store.export()))
    store.restore(MetricStore(clock).export())
    assert store.list_metrics({})["Metrics"] == []
    store.restore(state)
    assert read(ask, STATISTICS)[:4] == pytest.approx(before[:4], rel=1e-12)
    assert read(ask, STATISTICS) == pytest.approx(before, rel=0.01)
    assert ask(metric="small", dimensions=A, period=1) == small == [("12:00:07", -6), ("12:00:08", 20)]
    store.record("Test", "small", A, 1, at=NOON + 7 * SECOND)
    assert ask(metric="small", dimensions=A)[0][1] == 15


def test_foreign_snapshot_is_refused(store: MetricStore) -> None:
    """A snapshot of another format is an error that names both, not half a store."""
    with pytest.raises(ValueError, match="saved in format 99, this version reads 1"):
        store.restore({"format": 99})


def test_export_follows_new_data(store: MetricStore) -> None:
    """A snapshot taken after new data holds them, although unchanged minutes are packed only once."""
    store.record("Test", "m", {}, 1)
    before = store.export()
    assert store.export() == before
    store.record("Test", "m", {}, 2)
    assert store.export() != before


def test_threads_lose_nothing(store: MetricStore, ask: Ask) -> None:
    """Eight threads that record into the same metric while another reads lose no data point."""

    def record_many() -> None:
        for number in range(2000):
            store.record("Test", "m", {}, number)

    threads = [Thread(target=record_many) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        ask("p99")
    assert ask("SampleCount") == [("12:00:00", 16_000)]
    assert ask("Sum") == [("12:00:00", 8 * sum(range(2000)))]
