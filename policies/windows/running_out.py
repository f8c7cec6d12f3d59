"""Calendars that say nothing any more, or soon will not: a warning before a rollout, and never a reason to refuse one."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from policies.windows.spec import WindowsSpec

AHEAD: Final = timedelta(days=90)
"""How far a calendar should reach: feeds of holidays are renewed once a year, mostly before its last quarter."""


def find_calendar_doubts(windows: WindowsSpec | None, now: datetime) -> Iterator[str]:
    """Yield what is doubtful of the days and times that windows were given, a sentence each."""
    if windows is None:
        return
    name, zone = windows.calendar or "windows.holidays", ZoneInfo(windows.time_zone)
    times, opens = windows.open_times or (), windows.open_times is not None
    days = [*windows.holidays, *(_day_of(each.ends, zone) for each in times)]
    if windows.calendar and not days:
        yield f"{name} has no event from 2020 to 2040: {'nothing ever opens' if opens else 'it closes no day'}"
    elif days and max(days) < (now + AHEAD).astimezone(zone).date():
        ended = "ended" if max(days) < now.astimezone(zone).date() else "ends"
        after = "nothing is open" if opens else "it closes no day"
        yield f"{name} {ended} on {max(days)}: after that {after}; renew it"


def _day_of(moment: datetime, zone: ZoneInfo) -> date:
    try:
        return moment.astimezone(zone).date()
    except OverflowError:  # in the last hours of the year 9999
        return moment.date()
