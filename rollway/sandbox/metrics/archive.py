"""Every observation the simulated CloudWatch holds, by metric and unit; the only place with a lock.

It stores and hands out. What is visible when, and what a request may ask, is decided elsewhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, TypeAlias

from rollway.sandbox.metrics.distribution import Distribution, StatisticSet, merge
from rollway.sandbox.metrics.keys import MetricKey, metric_key
from rollway.sandbox.metrics.packing import pack_series, unpack_series
from rollway.sandbox.metrics.series import MINUTE, Series
from rollway.sandbox.metrics.units import published_unit

Target: TypeAlias = tuple[str, str, tuple[tuple[str, str], ...], str | None]
"""Namespace, metric, dimensions in the caller's order, unit (None: the one that the service publishes in)."""


class Archive:
    """Series by metric and unit, safe to use from several threads; no lock is held while a statistic is computed."""

    def __init__(self) -> None:
        self._metrics: dict[MetricKey, dict[str, Series]] = {}
        self._targets: dict[Target, Series] = {}  # spares the hot path from sorting dimensions
        self._lock = Lock()

    def add(self, target: Target, second: int, value: float, count: float) -> None:
        """Store one observation."""
        with self._lock:
            series = self._targets.get(target) or self._resolve(target)
            series.add(second, value, count)

    def extend(self, target: Target, second: int, values: Sequence[float]) -> None:
        """Store observations of one second, each seen once."""
        with self._lock:
            series = self._targets.get(target) or self._resolve(target)
            series.extend(second, values)

    def add_set(self, target: Target, second: int, statistics: StatisticSet) -> None:
        """Store a statistic set."""
        with self._lock:
            series = self._targets.get(target) or self._resolve(target)
            series.add_set(second, statistics)

    def _resolve(self, target: Target) -> Series:
        namespace, metric, dimensions, unit = target
        units = self._metrics.setdefault(metric_key(namespace, metric, dimensions), {})
        series = units.setdefault(unit or published_unit(namespace, metric), Series())
        self._targets[target] = series
        return series

    def prune(self, drop_before: int, compact_before: int) -> None:
        """Forget the minutes before one second, compact those before another, and forget metrics with nothing left."""
        with self._lock:
            for key, units in list(self._metrics.items()):
                for unit, series in list(units.items()):
                    series.prune(drop_before, compact_before)
                    if not series.minutes:
                        del units[unit]
                if not units:
                    del self._metrics[key]
            self._targets.clear()

    def latest(self) -> dict[MetricKey, int]:
        """Return every metric that has data, with the first second of its newest minute."""
        with self._lock:
            return {
                key: max(max(series.minutes) for series in units.values()) * MINUTE
                for key, units in self._metrics.items()
            }

    def units(self, key: MetricKey, wanted: str | None) -> list[str]:
        """Return the units in which a metric was recorded, or only the wanted one if it was."""
        with self._lock:
            return [unit for unit in self._metrics.get(key, ()) if wanted in {None, unit}]

    def measured_minutes(self, key: MetricKey, unit: str | None, start: int, end: int) -> set[int]:
        """Return the first second of every minute that has data and overlaps ``[start, end)``."""
        with self._lock:
            return {each for series in self._series(key, unit) for each in series.measured_minutes(start, end)}

    def distribution(self, key: MetricKey, unit: str | None, start: int, end: int) -> Distribution:
        """Return the distribution of a metric's data in ``[start, end)``; without a unit, of all units together."""
        with self._lock:
            return merge([series.distribution(start, end) for series in self._series(key, unit)])

    def _series(self, key: MetricKey, unit: str | None) -> list[Series]:
        return [series for name, series in self._metrics.get(key, {}).items() if unit in {None, name}]

    def export(self) -> list[dict[str, Any]]:
        """Return every series in JSON's types."""
        with self._lock:
            return [
                pack_series(key, unit, series) for key, units in self._metrics.items() for unit, series in units.items()
            ]

    def restore(self, state: Iterable[Mapping[str, Any]]) -> None:
        """Replace everything by what was exported."""
        metrics: dict[MetricKey, dict[str, Series]] = {}
        for each in state:
            key, unit, series = unpack_series(each)
            metrics.setdefault(key, {})[unit] = series
        with self._lock:
            self._metrics = metrics
            self._targets.clear()
