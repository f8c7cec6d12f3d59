"""When a scheduled action is due: ``at(...)`` and ``rate(...)``, read and reckoned with. Knows no clock.

AWS documents the notations; that a rate without a start time is first due one period after it was put is how the
simulator reads them.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from rollway.sandbox.errors import invalid

_AT: Final = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_RATE: Final = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)s?\)")
_UNITS: Final = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True)
class Window:
    """When a schedule begins (``anchor``: a rate counts from there) and when it is over, None for never."""

    anchor: datetime
    end: datetime | None = None


def next_due(schedule: str, timezone: str | None, window: Window, after: datetime) -> datetime | None:
    """Return the first moment after ``after`` at which a schedule is due, in UTC, or None when there is none.

    Raises:
        Refusal: ``ValidationException`` for what is neither ``at()`` nor ``rate()``, or for an unknown time zone.
    """
    if rate := _RATE.fullmatch(schedule):
        due = _next_of_rate(int(rate[1]) * _UNITS[rate[2]], window.anchor, after)
        return None if window.end and due > window.end else due
    if at := _AT.fullmatch(schedule):
        due = _local(schedule, at[1], timezone)
        return due if due > after else None
    if schedule.startswith("cron("):
        raise invalid(f'Not part of the simulated AWS: cron expressions, "{schedule}". Use at(...) or rate(...).')
    raise invalid(f'"{schedule}" is no schedule. It must be at(yyyy-mm-ddThh:mm:ss) or rate(value minutes|hours|days).')


def _next_of_rate(period: timedelta, anchor: datetime, after: datetime) -> datetime:
    if after < anchor:
        return anchor
    return anchor + ((after - anchor) // period + 1) * period


def _local(schedule: str, moment: str, timezone: str | None) -> datetime:
    try:
        return datetime.fromisoformat(moment).replace(tzinfo=_zone(timezone)).astimezone(UTC)
    except ValueError as error:
        raise invalid(f'"{schedule}" names a moment that does not exist: {error}.') from error


def _zone(timezone: str | None) -> ZoneInfo:
    name = timezone or "UTC"
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:  # unknown, a folder of zones, or a path
        raise invalid(f'There is no time zone "{name}".') from error
