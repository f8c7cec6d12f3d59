"""The components of an iCalendar file, with the properties that days depend on; all others are left out unread.

Feeds are full of properties that one program or another writes wrongly. Most say nothing of when an event is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Final, NamedTuple

from icalendar.parser import Contentline

from policies.documents.text import show

LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a calendar."""
MOST_EVENTS: Final = 20_000
_NAME: Final = re.compile(r"[A-Za-z0-9-]+")
_PROPERTIES: Final = {
    "VCALENDAR": {"X-CALENDAR-TYPE", "CALSCALE"},
    "VTIMEZONE": {"TZID"},
    "STANDARD": {"DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO"},
    "DAYLIGHT": {"DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO"},
    "VEVENT": {
        "UID", "SEQUENCE", "STATUS", "SUMMARY", "RECURRENCE-ID",
        "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE",
    },
}  # fmt: skip


class CalendarError(ValueError):
    """A calendar that cannot be read: what is wrong, with its line, event and property."""


class Property(NamedTuple):
    """One property: its line in the file, its name and parameters in capitals, its value as written."""

    line: int
    name: str
    parameters: Mapping[str, str]
    value: str


@dataclass
class Component:
    """One component.

    Attributes:
        kind: ``VEVENT`` or another, in capitals.
        line: where it begins.
        properties: those that days depend on.
        parts: the components in it.
    """

    kind: str
    line: int
    properties: list[Property] = field(default_factory=list[Property])
    parts: list["Component"] = field(default_factory=list["Component"])

    def all(self, name: str) -> list[Property]:
        """Return every property of a name."""
        return [each for each in self.properties if each.name == name]

    def first(self, name: str) -> Property | None:
        """Return the first property of a name."""
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str:
        """Return the first value of a name; nothing where there is none."""
        found = self.first(name)
        return found.value.strip() if found else ""

    def refuse(self, found: Property | None, what: str) -> CalendarError:
        """Return the error that names the place, the event, the property and what is wrong."""
        line = found.line if found else self.line
        named = f" of {show(self.text('SUMMARY'))}" if self.text("SUMMARY") else ""
        return CalendarError(f"line {line}: the {self.kind}{named} {what}")


def read_components(text: str) -> list[Component]:
    """Return the calendars of a text: a file may hold several, one after the other.

    Raises:
        CalendarError: it is no calendar, a component does not end, or there are too many events.
    """
    top, events = Component("", 1), 0
    inside = [top]
    for number, line in _unfold(text):
        name = line[:6].upper()
        if name == "BEGIN:":
            kind = line[6:].strip().upper()
            if kind == "VCALENDAR" or len(inside) > 1:
                inside.append(Component(kind, number))
                events += kind == "VEVENT"
        elif line[:4].upper() == "END:" and len(inside) > 1:
            done = inside.pop()
            if line[4:].strip().upper() != done.kind:
                raise CalendarError(f"line {number}: the part that begins in line {done.line} does not end as it began")
            if done.kind in _PROPERTIES:
                inside[-1].parts.append(done)
        elif len(inside) == 1 and line.strip() and not top.parts:
            raise CalendarError("is not an iCalendar file: it does not begin with BEGIN:VCALENDAR")
        else:
            inside[-1].properties += _read_property(inside[-1].kind, number, line)
        if events > MOST_EVENTS:
            raise CalendarError(f"has more than {MOST_EVENTS:,} events")
    if len(inside) > 1 or not top.parts:
        raise CalendarError(
            f"is cut off: the part that begins in line {inside[-1].line} does not end"
            if top.parts or len(inside) > 1
            else "is not an iCalendar file: it does not begin with BEGIN:VCALENDAR"
        )
    return top.parts


def _unfold(text: str) -> Iterator[tuple[int, str]]:
    """Yield the content lines with the number of their first line; one that begins with a space goes on with the one before."""
    parts: list[str] = []
    begun = 1
    for number, whole in enumerate(StringIO(text, newline=None), start=1):
        line = whole.rstrip("\n")
        if line[:1] in {" ", "\t"} and parts:
            parts.append(line[1:])
            continue
        if parts:
            yield begun, "".join(parts)
        parts, begun = [line], number
    yield begun, "".join(parts)


def _read_property(kind: str, number: int, line: str) -> Iterator[Property]:
    """Yield the property of a line where days depend on it."""
    match = _NAME.match(line)
    name = match[0].upper() if match else ""
    if name not in _PROPERTIES.get(kind, ()):
        return
    try:
        _, parameters, value = Contentline(line).raw_parts()
    except ValueError:
        raise CalendarError(f"line {number}: {name} cannot be read") from None
    given = {str(key).upper(): str(each) for key, each in dict[str, object](parameters).items()}
    yield Property(number, name, given, value.strip())
