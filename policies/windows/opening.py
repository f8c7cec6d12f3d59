"""Whether the candidate may get more at a moment, and when next. Pure: the same windows and moment give the same answer.

Where the clock is changed a local time may mean two moments, or none: an opening begins at the later of its two readings and ends at the
earlier one, so that it is never longer than somebody meant.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from policies.windows.spec import DAYS, WindowsSpec

DAY: Final = timedelta(days=1)
HORIZON: Final = timedelta(days=2 * 366)
"""How far ahead the next opening is looked for."""


class Opening(NamedTuple):
    """A stretch of time in which the candidate may get more, both ends in UTC; the end is the first moment after it."""

    begins: datetime
    ends: datetime


def find_openings(windows: WindowsSpec, since: datetime, until: datetime) -> Iterator[Opening]:
    """Yield the openings that have a part between two moments, in order; those that meet are one."""
    held: Opening | None = None
    for each in _daily(windows, since, until):
        if held is not None and each.begins <= held.ends:
            held = Opening(held.begins, max(held.ends, each.ends))
            continue
        if held is not None:
            yield held
        held = each
    if held is not None:
        yield held


def is_open(windows: WindowsSpec | None, moment: datetime) -> bool:
    """Whether the candidate may get more at a moment; always where there are no windows."""
    return windows is None or any(each.begins <= moment < each.ends for each in _daily(windows, moment, moment))


def next_opening(windows: WindowsSpec, moment: datetime, lasting: timedelta = timedelta(0)) -> Opening | None:
    """Return the opening at a moment or the next one after it, what is past cut off; None when there is none within two years.

    Args:
        windows: when shifts may happen.
        moment: the moment.
        lasting: how long it has to last at least.
    """
    for each in find_openings(windows, moment, moment + HORIZON):
        begins = max(each.begins, moment)
        if each.ends - begins >= lasting and each.ends > moment:
            return Opening(begins, each.ends)
    return None


def closed_time(windows: WindowsSpec | None, since: datetime, until: datetime) -> timedelta:
    """Return how much of the time between two moments is outside the windows."""
    if windows is None or until <= since:
        return timedelta(0)
    inside = sum(
        (min(each.ends, until) - max(each.begins, since) for each in find_openings(windows, since, until)), timedelta(0)
    )
    return until - since - inside


def after_open_time(windows: WindowsSpec | None, since: datetime, lasting: timedelta) -> datetime | None:
    """Return when so much time inside the windows will have passed; None when that is not within two years."""
    if windows is None:
        return since + lasting
    left = lasting
    for each in find_openings(windows, since, since + HORIZON):
        begins = max(each.begins, since)
        if each.ends - begins >= left:
            return begins + left
        left -= max(each.ends - begins, timedelta(0))
    return None


def explain_closed(windows: WindowsSpec, moment: datetime, lasting: timedelta = timedelta(0)) -> str:
    """Say that nothing shifts at a moment, why, and until when: "outside the window until Mon 2026-11-30 09:00 Europe/Berlin"."""
    opening = next_opening(windows, moment, lasting)
    day = moment.astimezone(ZoneInfo(windows.time_zone)).date()
    frozen = _why_no_day(windows, day) or _why_no_time(windows, moment)
    because = f" ({frozen})" if frozen else ""
    if opening is None:
        return f"outside the window{because}, and none opens within two years"
    local = opening.begins.astimezone(ZoneInfo(windows.time_zone))
    return f"outside the window until {local:%a %Y-%m-%d %H:%M} {windows.time_zone}{because}"


def _daily(windows: WindowsSpec, since: datetime, until: datetime) -> Iterator[Opening]:
    """Yield the openings of all days between two moments, and of the day before, which may last over midnight."""
    zone = ZoneInfo(windows.time_zone)
    day, last = since.astimezone(zone).date() - DAY, until.astimezone(zone).date()
    while day <= last:
        opening = _opening_of(windows, day, zone)
        if opening is not None:
            yield from (each for each in _within(windows, opening) if each.ends >= since and each.begins <= until)
        day += DAY


def _within(windows: WindowsSpec, opening: Opening) -> Iterator[Opening]:
    """Yield the parts of an opening that lie within the open times; all of it where there are none given."""
    times = windows.open_times
    if times is None:
        yield opening
        return
    for each in times[bisect_right(times, opening.begins, key=attrgetter("ends")) :]:
        if each.begins >= opening.ends:
            return
        yield Opening(max(each.begins, opening.begins), min(each.ends, opening.ends))


def _opening_of(windows: WindowsSpec, day: date, zone: ZoneInfo) -> Opening | None:
    if DAYS[day.weekday()] not in windows.days or _why_no_day(windows, day):
        return None
    hours = windows.hours
    end_day = day if hours.ends > hours.begins else day + DAY
    begins, ends = max(_readings(day, hours.begins, zone)), min(_readings(end_day, hours.ends, zone))
    return Opening(begins, ends) if begins < ends else None


def _readings(day: date, hour: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the two moments that a local time may mean; they differ only where the clock is changed."""
    local = datetime.combine(day, hour, zone)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _why_no_time(windows: WindowsSpec, moment: datetime) -> str:
    """Say why nothing shifts at a moment of a day that has openings; nothing where its hours say so."""
    times = windows.open_times
    if times is None or any(each.begins <= moment < each.ends for each in times):
        return ""
    return f"not open in {windows.calendar or 'open_times'}"


def _why_no_day(windows: WindowsSpec, day: date) -> str:
    """Say why a day has no opening though its weekday would; nothing where it has one."""
    freeze = next((each for each in windows.freezes if each.first <= day <= each.last), None)
    if freeze is not None:
        return freeze.why
    return "holiday" if day in windows.holidays else ""
