"""What a request sees of the archive: only data that have arrived, grouped into periods.

The rules of time live here: visibility, alignment of periods, and how long detail below a minute is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from rollway.sandbox.metrics.archive import Archive
from rollway.sandbox.metrics.distribution import Distribution
from rollway.sandbox.metrics.keys import MetricKey
from rollway.sandbox.metrics.series import MINUTE

SUB_MINUTE_RETENTION: Final = timedelta(hours=3)
SUB_MINUTE_PERIODS: Final = frozenset({1, 5, 10, 20, 30})


def is_period(seconds: int) -> bool:
    """Say whether CloudWatch accepts a period."""
    return seconds in SUB_MINUTE_PERIODS or (seconds > 0 and seconds % MINUTE == 0)


def round_down(second: int, period: int) -> int:
    """Round a requested time as CloudWatch does: to the minute, or to the period where that is shorter."""
    return second - second % min(period, MINUTE)


@dataclass(frozen=True)
class View:
    """The archive up to the last second whose data have arrived.

    Attributes:
        archive: where the data are.
        now: the present second since 1970.
        horizon: the first second whose data are not visible yet.
    """

    archive: Archive
    now: int
    horizon: int

    def periods(
        self, key: MetricKey, unit: str | None, period: int, window: tuple[int, int]
    ) -> Iterator[tuple[int, Distribution]]:
        """Yield, in order, the first second and the data of each period that has data and starts in ``[start, end)``.

        Periods are multiples of their length since 1970, whatever the window; a period that starts before the window
        is left out, one that reaches beyond it is whole, and the part of it that has not arrived yet is missing from
        it.
        """
        for first in sorted(self._candidates(key, unit, period, window)):
            data = self.archive.distribution(key, unit, first, min(first + period, self.horizon))
            if data.count > 0:
                yield first, data

    def _candidates(self, key: MetricKey, unit: str | None, period: int, window: tuple[int, int]) -> set[int]:
        start, end = round_down(window[0], period), min(window[1], self.horizon)
        if period < MINUTE:
            start = max(start, self.now - int(SUB_MINUTE_RETENTION.total_seconds()))
        minutes = self.archive.measured_minutes(key, unit, start, end + period)
        firsts = {minute - minute % period + step for minute in minutes for step in range(0, MINUTE, period)}
        return {first for first in firsts if start <= first < end}
