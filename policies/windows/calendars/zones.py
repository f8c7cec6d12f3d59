"""Time zones as calendars name them: by IANA's names, with a maker's path before them or not, by those of Windows, or by definitions."""

import re
from collections.abc import Iterable
from datetime import date, tzinfo
from io import StringIO
from typing import Any, Final

from dateutil.tz import tzical
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from policies.documents.text import show
from policies.windows.calendars.components import Component, Property
from policies.windows.calendars.rules import find_mistake, parse_rule, write_rule
from policies.windows.zones import find_zone

_MOST_PARTS: Final = 3
"""Of a zone's name: America/Argentina/Ushuaia."""
_OFFSET: Final = re.compile(r"[+-](?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?", re.ASCII)
_TIMES: Final = re.compile(r"\d{8}T\d{6}Z?(?:,\d{8}T\d{6}Z?)*", re.ASCII)


class Zones:
    """The time zones that the events of one calendar may name."""

    def __init__(self, definitions: Iterable[Component], floating: tzinfo) -> None:
        """Keep the definitions that a calendar brings; each is read when an event first names it.

        Args:
            definitions: the ``VTIMEZONE`` components.
            floating: the zone of times that name none.
        """
        self.floating = floating
        self._definitions = {each.text("TZID"): each for each in reversed([*definitions])}
        self._known: dict[str, tzinfo] = {}

    def find(self, event: Component, named: Property, tzid: str) -> tzinfo:
        """Return the zone that a property of an event names.

        Raises:
            CalendarError: there is no such zone, or its definition cannot be read.
        """
        if tzid not in self._known:
            zone = find_zone(WINDOWS_TO_OLSON.get(tzid, tzid)) or self._define(tzid) or _find_after_path(tzid)
            if zone is None:
                told = f"has a {named.name} in the time zone {show(tzid)}, which is not known"
                raise event.refuse(named, f"{told}; name one such as Europe/Berlin, or define it in a VTIMEZONE")
            self._known[tzid] = zone
        return self._known[tzid]

    def _define(self, tzid: str) -> tzinfo | None:
        definition = self._definitions.get(tzid)
        if definition is None:
            return None
        kinds = [part.kind for part in definition.parts]
        if "STANDARD" not in kinds and len(kinds) > 1:
            raise definition.refuse(None, f"{show(tzid)} has no STANDARD time")
        text = "\r\n".join(["BEGIN:VTIMEZONE", "TZID:it", *_write(definition), "END:VTIMEZONE", ""])
        try:
            zones: Any = tzical(StringIO(text))
            return zones.get("it")
        except (ValueError, OverflowError):
            raise definition.refuse(None, f"{show(tzid)} cannot be read") from None


def _find_after_path(tzid: str) -> tzinfo | None:
    """Find a zone by what follows a maker's path such as ``/example.org/20210101_1/``."""
    parts = tzid.strip("/").rsplit("/", _MOST_PARTS)[-_MOST_PARTS:]
    found = (find_zone("/".join(parts[start:])) for start in range(len(parts)))
    return next(filter(None, found), None)


def _write(definition: Component) -> Iterable[str]:
    """Write the parts of a definition the one way that dateutil reads."""
    for part in definition.parts:
        yield f"BEGIN:{part.kind}"
        for each in part.properties:
            if each.name == "RRULE":
                yield f"RRULE:{_write_rule(part, each)}"
            elif (_OFFSET if each.name.startswith("TZOFFSET") else _TIMES).fullmatch(each.value):
                yield f"{each.name}:{each.value}"
            else:
                raise part.refuse(each, f"has a {each.name} that cannot be read")
        yield f"END:{part.kind}"


def _write_rule(part: Component, found: Property) -> str:
    rule, start = parse_rule(found.value), part.text("DTSTART")
    try:
        mistake = find_mistake(rule, date.fromisoformat(start[:8]))
    except ValueError:
        mistake = "has no DTSTART"
    if mistake or rule["FREQ"] != "YEARLY":
        raise part.refuse(found, f"has an RRULE that {mistake or 'does not repeat by the year'}")
    return write_rule(rule)
