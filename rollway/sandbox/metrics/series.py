"""The raw observations of one simulated metric, minute by minute.

Appending is the hot path of the whole sandbox: one invocation records a dozen values. Everything that a query needs
(sorting, counting) is made when it asks, and kept until its minutes get new data. Not thread-safe: the store holds
the lock.
"""

from array import array
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from rollway.sandbox.metrics.distribution import NOTHING, Distribution, Floats, StatisticSet, distribution_of
from rollway.sandbox.metrics.lattice import COMPACT_ENTRIES, compact

MINUTE: Final = 60
_CACHED_DISTRIBUTIONS: Final = 512  # above one screen's worth of minutes; the oldest goes first

Columns: TypeAlias = tuple[Floats, Floats, list[StatisticSet]]


class Minute:
    """One minute of observations: three parallel columns, in the order of arrival.

    Attributes:
        seconds: the second within the minute of each entry.
        values: the value of each entry.
        counts: how often it was observed.
        sets: statistic sets with their second.
        revision: grows with every change.
        packed: the snapshot's form, with the revision that it was made from.
    """

    __slots__ = ("counts", "packed", "revision", "seconds", "sets", "values")

    def __init__(self) -> None:
        self.seconds = array("B")
        self.values = array("d")
        self.counts = array("d")
        self.sets: list[tuple[int, StatisticSet]] = []
        self.revision = 0
        self.packed: tuple[int, dict[str, Any]] | None = None

    def between(self, start: int, end: int) -> Columns:
        """Return what was observed between two seconds of this minute; either may lie outside of it."""
        values, counts = np.array(self.values), np.array(self.counts)
        if start <= 0 and end >= MINUTE:
            return values, counts, [each for _, each in self.sets]
        seconds = np.array(self.seconds)
        inside = (seconds >= start) & (seconds < end)
        return values[inside], counts[inside], [each for second, each in self.sets if start <= second < end]

    def compacted(self) -> "Minute":
        """Return the same minute with few entries: itself when it has few, else its values joined on the lattice."""
        if len(self.values) <= COMPACT_ENTRIES:
            return self
        smaller = Minute()
        columns = compact(np.array(self.seconds), np.array(self.values), np.array(self.counts))
        smaller.seconds, smaller.values, smaller.counts = columns
        smaller.sets, smaller.revision = self.sets, self.revision + 1
        return smaller


class Series:
    """All observations of one metric in one unit."""

    def __init__(self) -> None:
        self.minutes: dict[int, Minute] = {}
        self._cache: dict[tuple[int, int], tuple[int, Distribution]] = {}
        self._compact_before = 0

    def add(self, second: int, value: float, count: float) -> None:
        """Append one observation; a repetition of the last one only raises its count, so zeros and ones cost no room."""
        minute = self.minutes.get(second // MINUTE) or self._new_minute(second)
        place = second % MINUTE
        minute.revision += 1
        values = minute.values
        if values and values[-1] == value and minute.seconds[-1] == place:
            minute.counts[-1] += count
            return
        values.append(value)
        minute.seconds.append(place)
        minute.counts.append(count)

    def extend(self, second: int, values: Sequence[float]) -> None:
        """Append observations of one second, each seen once."""
        minute = self.minutes.get(second // MINUTE) or self._new_minute(second)
        minute.revision += 1
        minute.values.extend(values)
        minute.seconds.extend([second % MINUTE] * len(values))
        minute.counts.extend([1.0] * len(values))

    def add_set(self, second: int, statistics: StatisticSet) -> None:
        """Append a statistic set."""
        minute = self.minutes.get(second // MINUTE) or self._new_minute(second)
        minute.revision += 1
        minute.sets.append((second % MINUTE, statistics))

    def _new_minute(self, second: int) -> Minute:
        minute = self.minutes[second // MINUTE] = Minute()
        return minute

    def measured_minutes(self, start: int, end: int) -> list[int]:
        """Return, in no order, the first second of every minute with data that overlaps ``[start, end)``."""
        wanted = range(start // MINUTE, -(-end // MINUTE))
        if len(wanted) < len(self.minutes):
            return [number * MINUTE for number in wanted if number in self.minutes]
        return [number * MINUTE for number in self.minutes if number in wanted]

    def distribution(self, start: int, end: int) -> Distribution:
        """Return the distribution of what was observed in the seconds ``[start, end)``."""
        numbers = range(start // MINUTE, -(-end // MINUTE))
        touched = [(number * MINUTE, minute) for number in numbers if (minute := self.minutes.get(number))]
        stamp = sum(minute.revision for _, minute in touched)
        cached = self._cache.get((start, end))
        if cached and cached[0] == stamp:
            return cached[1]
        made = _joined([minute.between(start - first, end - first) for first, minute in touched])
        if len(self._cache) >= _CACHED_DISTRIBUTIONS:
            del self._cache[next(iter(self._cache))]
        self._cache[start, end] = (stamp, made)
        return made

    def prune(self, drop_before: int, compact_before: int) -> None:
        """Forget the minutes before one second and compact those before another."""
        for number in [each for each in self.minutes if each * MINUTE < drop_before]:
            del self.minutes[number]
        for number, minute in self.minutes.items():
            if self._compact_before <= number * MINUTE < compact_before:
                self.minutes[number] = minute.compacted()
        self._compact_before = compact_before
        self._cache.clear()


def _joined(columns: list[Columns]) -> Distribution:
    if not columns:
        return NOTHING
    values, counts, sets = zip(*columns, strict=True)
    return distribution_of(np.concatenate(values), np.concatenate(counts), [each for some in sets for each in some])
