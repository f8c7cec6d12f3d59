"""Holidays from an iCalendar file, as dates, so that whatever decides by them needs no file."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

FIRST: Final = date(2020, 1, 1)
LAST: Final = date(2040, 12, 31)
"""The years that are read: fixed, so that a policy is the same whenever it is loaded."""
MOST: Final = 2000
"""Days in a calendar; more are no holidays but somebody's diary, or a rule that closes every day."""


def read_holidays(path: Path) -> tuple[date, ...]:
    """Return every day that an event of a calendar touches, in order.

    Raises:
        ValueError: the file cannot be read, is no calendar, or holds no event, or too many.
    """
    import recurring_ical_events  # noqa: PLC0415 - few policies have holidays, and these take their time
    from icalendar import Calendar  # noqa: PLC0415 - likewise

    try:
        calendar: Any = Calendar.from_ical(path.read_bytes())
        events: Any = recurring_ical_events.of(calendar).between(FIRST, LAST + timedelta(days=1))
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path} is no iCalendar file that can be read: {error}") from error
    days = sorted({day for event in events for day in _days_of(event)})
    if not days or len(days) > MOST:
        raise ValueError(f"{path} has {len(days)} days from {FIRST} to {LAST}; a calendar of holidays has 1 to {MOST}")
    return tuple(days)


def _days_of(event: Any) -> Iterator[date]:  # noqa: ANN401 - icalendar's components are untyped to us
    first, end = event["DTSTART"].dt, event["DTEND"].dt
    last = _date_of(end) - timedelta(days=1) if not isinstance(end, datetime) or _is_midnight(end) else end.date()
    day = _date_of(first)
    while day <= max(last, _date_of(first)):
        yield day
        day += timedelta(days=1)


def _date_of(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _is_midnight(moment: datetime) -> bool:
    return not (moment.hour or moment.minute or moment.second)
