"""When the events of a calendar take place, within fixed years and with bounded work. What is cancelled does not take place."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeAlias

from policies.windows.calendars.components import CalendarError
from policies.windows.calendars.events import Event, Moment, periods, to_utc

FIRST: Final = date(2020, 1, 1)
LAST: Final = date(2040, 12, 31)
"""The years that are read: fixed, so that a policy is the same whenever it is loaded."""
MOST_STEPS: Final = 100_000
"""Periods that all rules of a calendar may go through, a second or two of work."""
_STEPS_OF_A_SERIES: Final = 20
"""What a series costs beside its periods, in theirs."""

Occurrence: TypeAlias = tuple[Moment, Moment]
"""The first moment of an event, and the first after it: both days, or both times in a zone, within the years that are read."""


def expand(events: Iterable[Event]) -> Iterator[Occurrence]:
    """Yield when events take place.

    Raises:
        CalendarError: their rules are too much work, or contradict one another.
    """
    series: defaultdict[tuple[str, int], list[Event]] = defaultdict(list)
    for number, event in enumerate(_newest(events)):
        series[event.uid, 0 if event.uid else number].append(event)
    steps = 0
    for number, group in enumerate(series.values()):
        if any(each.rules or each.added or each.replaces for each in group):
            looked_up = 1 + sum(each.and_later for each in group)
            steps += looked_up * sum(periods(each, LAST) + _STEPS_OF_A_SERIES for each in group)
            if steps > MOST_STEPS:
                raise CalendarError(f"repeats events more than {MOST_STEPS:,} times until {LAST.year}")
            yield from _clip(_expand_series(group, number))
        else:
            yield from _clip((each.start, each.end) for each in group if not each.cancelled)


def _newest(events: Iterable[Event]) -> Iterator[Event]:
    """Yield events without those that a later revision replaces."""
    kept = list(events)
    newest: dict[tuple[str, Moment | None], int] = {}
    for each in kept:
        key = each.uid, each.replaces
        newest[key] = max(newest.get(key, 0), each.sequence)
    yield from (each for each in kept if not each.uid or each.sequence == newest[each.uid, each.replaces])


def _expand_series(group: list[Event], number: int) -> Iterator[Occurrence]:
    """Yield the occurrences of events with one UID, of which some are changed occurrences of others.

    Feeds give several events one UID. Each of them takes place, and the first one's occurrences are those that may be changed.
    """
    masters = [each for each in group if each.replaces is None]
    changed = [each for each in group if each.replaces is not None]
    for position, master in enumerate(masters or changed[:1]):
        members = [master, *(changed if position == 0 and masters else changed[1:] if not masters else ())]
        try:
            yield from _ask(members, f"{number}-{position}")
        except Exception as error:  # libraries raise whatever comes where values contradict one another
            raise master.component.refuse(None, "has times or rules that contradict one another") from error


def _ask(members: list[Event], uid: str) -> Iterator[Occurrence]:
    import recurring_ical_events  # noqa: PLC0415 - few policies have calendars, and these take their time
    from icalendar import Calendar  # noqa: PLC0415 - likewise

    calendar: Any = Calendar()
    for each in members:
        calendar.add_component(_write(each, uid))
    found: Any
    for found in recurring_ical_events.of(calendar).between(FIRST - timedelta(days=1), LAST + timedelta(days=2)):
        if found.get("STATUS") != "CANCELLED":
            yield found["DTSTART"].dt, found["DTEND"].dt


def _write(event: Event, uid: str) -> Any:  # noqa: ANN401 - icalendar's components are untyped to us
    """Write an event with nothing but what its days depend on."""
    from icalendar import Event as Written  # noqa: PLC0415 - as above
    from icalendar.prop import vRecur  # noqa: PLC0415 - likewise

    written: Any = Written()
    written.add("UID", uid)
    written.add("DTSTART", event.start)
    written.add("DTEND", event.end)
    if event.cancelled:
        written.add("STATUS", "CANCELLED")
    for rule in event.rules:
        written.add("RRULE", vRecur.from_ical(rule))
    for name, moments in (("RDATE", event.added), ("EXDATE", event.left_out)):
        for each in moments:
            written.add(name, each)
    if event.replaces is not None:
        written.add("RECURRENCE-ID", event.replaces, parameters={"RANGE": "THISANDFUTURE"} if event.and_later else {})
    return written


def _clip(found: Iterable[Occurrence]) -> Iterator[Occurrence]:
    """Yield what is within the years that are read, cut to them: times may lie at the ends of what there is."""
    first, last = (datetime(each.year, each.month, each.day, tzinfo=UTC) for each in (FIRST, LAST + timedelta(days=2)))
    for begins, ends in found:
        if isinstance(begins, datetime) and isinstance(ends, datetime):
            since, until = max(to_utc(begins), first), min(to_utc(ends), last)
            if since <= until:
                yield since, until
        elif begins <= LAST and ends > FIRST:
            yield max(begins, FIRST), min(ends, LAST + timedelta(days=1))
