"""From an iCalendar file to the days on which nothing shifts, or to the times in which something may.

A calendar closes every day that one of its events touches by the clock of the windows. One of AWS Systems Manager's Change Calendar may be
of the type DEFAULT_CLOSED: then its events are the only times in which something may shift.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from policies.documents.text import Unreadable, decode_loosely, read_bytes
from policies.windows.calendars.components import LARGEST, CalendarError, Component, read_components
from policies.windows.calendars.events import Event, read_event
from policies.windows.calendars.occurrences import FIRST, LAST, MOST_STEPS, Occurrence, expand
from policies.windows.calendars.zones import Zones

MOST_DAYS: Final = 2000
"""Days or times of a calendar; more are no holidays but somebody's diary, or a rule that closes every day."""
T = TypeVar("T")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """What a calendar says.

    Attributes:
        closed: the days on which nothing shifts, in order.
        open_times: the only times in which something may, in UTC, in order and apart; None where the calendar names days instead.
    """

    closed: tuple[date, ...] = ()
    open_times: tuple[tuple[datetime, datetime], ...] | None = None


def load_calendar(path: Path, zone: ZoneInfo) -> Calendar:
    """Read a file.

    Args:
        path: the file.
        zone: the time zone of the windows: whole days are days there, and so are times that name no zone.

    Raises:
        CalendarError: the file cannot be read, or has something that days depend on and that cannot be read, with its line.
    """
    try:
        text = decode_loosely(read_bytes(path, LARGEST), LARGEST)
    except Unreadable as error:
        raise CalendarError(str(error)) from None
    return read_calendar(text, zone)


def read_calendar(text: str, zone: ZoneInfo) -> Calendar:
    """Read the text of a file; see ``load_calendar``."""
    calendars = read_components(text)
    kinds = {_kind(each) for each in calendars}
    if len(kinds) > 1:
        raise CalendarError("holds calendars of both types, DEFAULT_OPEN and DEFAULT_CLOSED; give one")
    found = [each for calendar in calendars for each in expand(_read_events(calendar, zone))]
    if kinds == {"DEFAULT_CLOSED"}:
        times = tuple(_merge(_time_of(each, zone) for each in found))
        return Calendar(open_times=_limit(times))
    days = tuple(sorted(set(_days_of(found, zone))))
    return Calendar(closed=_limit(days))


def _kind(calendar: Component) -> str:
    kind, scale = calendar.text("X-CALENDAR-TYPE").upper() or "DEFAULT_OPEN", calendar.text("CALSCALE").upper()
    if kind not in {"DEFAULT_OPEN", "DEFAULT_CLOSED"}:
        found = calendar.first("X-CALENDAR-TYPE")
        raise calendar.refuse(found, "has an X-CALENDAR-TYPE that is neither DEFAULT_OPEN nor DEFAULT_CLOSED")
    if scale not in {"", "GREGORIAN"}:
        raise calendar.refuse(calendar.first("CALSCALE"), "has another CALSCALE than GREGORIAN")
    return kind


def _read_events(calendar: Component, zone: ZoneInfo) -> list[Event]:
    zones = Zones([each for each in calendar.parts if each.kind == "VTIMEZONE"], zone)
    return [read_event(each, zones) for each in calendar.parts if each.kind == "VEVENT"]


def _limit(found: tuple[T, ...]) -> tuple[T, ...]:
    if len(found) > MOST_DAYS:
        raise CalendarError(f"names {len(found):,} days or times from {FIRST} to {LAST}, more than {MOST_DAYS:,}")
    return found


def _days_of(found: Iterable[Occurrence], zone: ZoneInfo) -> Iterator[date]:
    """Yield every day that an occurrence touches, some of them several times."""
    seen = 0
    for begins, ends in found:
        day = max(_day_of(begins, zone), FIRST)
        last = min(_last_day(begins, ends, zone), LAST)
        while day <= last:
            yield day
            day += _DAY
            seen += 1
        if seen > MOST_STEPS:
            raise CalendarError(f"closes days more than {MOST_STEPS:,} times")


def _day_of(moment: date, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date() if isinstance(moment, datetime) else moment


def _last_day(begins: date, ends: date, zone: ZoneInfo) -> date:
    """Return the last day that an occurrence touches; one that takes no time touches the day on which it begins."""
    if not isinstance(ends, datetime):
        return ends - _DAY
    return max(_day_of(begins, zone), _day_of(ends - timedelta.resolution, zone))


def _time_of(occurrence: Occurrence, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return an occurrence as a time in UTC; a whole day is one by the clock of the zone."""
    begins, ends = (
        each if isinstance(each, datetime) else datetime.combine(each, time(0), zone) for each in occurrence
    )
    return begins.astimezone(UTC), ends.astimezone(UTC)


def _merge(times: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Yield times in order, those that meet as one; one of no length is left out."""
    held: tuple[datetime, datetime] | None = None
    for begins, ends in sorted(times):
        if held is not None and begins <= held[1]:
            held = held[0], max(held[1], ends)
        elif begins < ends:
            if held is not None:
                yield held
            held = begins, ends
    if held is not None:
        yield held
