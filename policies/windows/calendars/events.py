"""One event of a calendar: when it begins and ends, in which zone, and what repeats it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias

from icalendar.prop import vDuration

from policies.windows.calendars.components import Component, Property
from policies.windows.calendars.rules import find_mistake, parse_rule, steps, write_rule
from policies.windows.calendars.zones import Zones

Moment: TypeAlias = date | datetime
"""A day, or a time in its zone."""

_MOMENT: Final = re.compile(r"(\d{8})(?:T(\d{6})(Z)?)?", re.ASCII)
_LONGEST_REPEATED: Final = timedelta(days=366)
_MOST_DATES: Final = 5_000
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Event:
    """An event that was read.

    Attributes:
        component: the component that it is of.
        uid: what its changed occurrences share with it; may be empty.
        sequence: number of its revision.
        cancelled: whether it does not take place.
        start: its first moment.
        end: the first moment after it; for days the first day after it. Never before the start.
        rules: what repeats it, as iCalendar writes it.
        added: further moments at which it begins.
        left_out: moments at which it does not, though a rule says so.
        replaces: the occurrence of its series that it stands for; None where it is no changed occurrence.
        and_later: whether it stands for all later occurrences too.
    """

    component: Component
    uid: str
    sequence: int
    cancelled: bool
    start: Moment
    end: Moment
    rules: tuple[str, ...] = ()
    added: tuple[Moment, ...] = ()
    left_out: tuple[Moment, ...] = ()
    replaces: Moment | None = None
    and_later: bool = False


def read_event(component: Component, zones: Zones) -> Event:
    """Read an event.

    Raises:
        CalendarError: naming the event, the property and its line.
    """
    first = component.first("DTSTART")
    if first is None:
        raise component.refuse(None, "has no DTSTART, so nothing says when it is")
    refused = component.first("EXRULE")
    if refused:
        raise component.refuse(refused, "has an EXRULE, which is not read; list the days as EXDATE")
    start, replaced = _read_moment(component, first, zones), component.first("RECURRENCE-ID")
    end = _read_end(component, start, zones)
    added, left_out = (tuple(_read_moments(component, name, zones)) for name in ("RDATE", "EXDATE"))
    rules = tuple(_read_rule(component, each, start) for each in component.all("RRULE"))
    if (rules or added) and _span(start, end) > _LONGEST_REPEATED:
        raise component.refuse(first, "repeats, and lasts longer than a year")
    return Event(
        component=component,
        uid=component.text("UID"),
        sequence=_read_sequence(component.text("SEQUENCE")),
        cancelled=component.text("STATUS").upper() == "CANCELLED",
        start=start,
        end=end,
        rules=rules,
        added=added,
        left_out=left_out,
        replaces=_read_moment(component, replaced, zones) if replaced else None,
        and_later=replaced is not None and replaced.parameters.get("RANGE", "").upper() == "THISANDFUTURE",
    )


def periods(event: Event, until: date) -> int:
    """Return about how many periods the rules of an event go through until a day."""
    first = event.start.date() if isinstance(event.start, datetime) else event.start
    days = max((until - first).days, 0)
    return sum(steps(parse_rule(rule), days) for rule in event.rules) + len(event.added) + 1


def _read_end(component: Component, start: Moment, zones: Zones) -> Moment:
    """Return the first moment after an event: without DTEND and DURATION its one day, or no time at all."""
    given, lasting = component.first("DTEND"), component.first("DURATION")
    whole_days = not isinstance(start, datetime)
    end = _following_day(start) if whole_days else start
    if given:
        end = _read_moment(component, given, zones)
    elif lasting:
        end = _add_duration(component, lasting, start)
    if isinstance(end, datetime) is whole_days:
        raise component.refuse(given or lasting, "begins and ends in different ways: one is a day, the other a time")
    if _span(start, end) < timedelta(0):
        raise component.refuse(given or lasting, "ends before it begins")
    return max(end, _following_day(start)) if whole_days else end


def _following_day(day: Moment) -> Moment:
    """Return the day after a day; the last one that there is has none."""
    return min(day, date.max - _DAY) + _DAY


def _span(start: Moment, end: Moment) -> timedelta:
    """Return how long it is from one moment to another of the same kind."""
    if isinstance(start, datetime) and isinstance(end, datetime):
        return to_utc(end) - to_utc(start)
    return date(end.year, end.month, end.day) - date(start.year, start.month, start.day)


def to_utc(moment: datetime) -> datetime:
    """Return a time in UTC; at the ends of the calendar the first or last that there is."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if moment.year > 1 else datetime.min.replace(tzinfo=UTC)


def _add_duration(component: Component, lasting: Property, start: Moment) -> Moment:
    durations: Any = vDuration
    try:
        return start + durations.from_ical(lasting.value.upper())
    except (ValueError, OverflowError):
        raise component.refuse(lasting, "has a DURATION that cannot be read") from None


def _read_moments(component: Component, name: str, zones: Zones) -> Iterator[Moment]:
    """Yield the moments of every property of a name."""
    for found in component.all(name):
        given = [each.strip() for each in found.value.split(",") if each.strip()]
        if len(given) > _MOST_DATES:
            raise component.refuse(found, f"has more than {_MOST_DATES:,} values of {name}")
        yield from (_read_moment(component, found._replace(value=each), zones) for each in given)


def _read_moment(component: Component, found: Property, zones: Zones) -> Moment:
    text = found.value.upper()
    match = _MOMENT.fullmatch(text)
    local = _parse_time(text[:15] if match and match[2] else f"{text}T000000") if match else None
    if match is None or local is None:
        raise component.refuse(found, f"has a {found.name} that is neither a day nor a time, such as 20261225")
    if match[2] is None or found.parameters.get("VALUE", "").upper() == "DATE":
        return local.date()
    named = "UTC" if match[3] else found.parameters.get("TZID", "").strip('"')
    return local.replace(tzinfo=zones.find(component, found, named) if named else zones.floating)


def _parse_time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - its zone is found beside it
    except ValueError:
        return None


def _read_rule(component: Component, found: Property, start: Moment) -> str:
    rule = parse_rule(found.value)
    mistake = find_mistake(rule, start)
    if mistake:
        raise component.refuse(found, f"has an RRULE that {mistake}")
    if "UNTIL" in rule and isinstance(start, datetime):
        rule["UNTIL"] = _write_until(component, found, rule["UNTIL"], start)
    return write_rule(rule)


def _write_until(component: Component, found: Property, until: str, start: datetime) -> str:
    """Return the last moment of a timed series in UTC: of a day its end, and a time without a zone is in that of the start."""
    local = _parse_time(until.removesuffix("Z") if "T" in until else f"{until}T235959")
    if local is None:
        raise component.refuse(found, "has an RRULE with an UNTIL that is neither a day nor a time")
    if until.endswith("Z"):
        return until
    in_utc = to_utc(local.replace(tzinfo=start.tzinfo)).replace(tzinfo=None)
    return f"{in_utc.isoformat(timespec='seconds').replace('-', '').replace(':', '')}Z"


def _read_sequence(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0  # noqa: PLR2004 - digits
