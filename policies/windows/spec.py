"""What a policy says of when shifts may happen."""

import re
from datetime import date, time
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, PlainSerializer, field_validator, model_validator

from policies.documents.text import show
from policies.values import Frozen
from policies.windows.zones import find_zone

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN: Final = re.compile(r"(?P<first>[a-z]{3})(?:\s*-\s*(?P<last>[a-z]{3}))?")
_HOURS: Final = re.compile(r"(?P<begins>\d{2}:\d{2})\s*-\s*(?P<ends>\d{2}:\d{2})")
_MIDNIGHT: Final = time(0)
_END_OF_DAY: Final = "24:00"


class Hours(Frozen):
    """The hours of an opening, in the window's time zone.

    Attributes:
        begins: from when.
        ends: until when; on the next day where it is not later than ``begins``, so that midnight to midnight is a whole day.
    """

    begins: time
    ends: time


def parse_days(value: object) -> object:
    """Read days such as ``mon-fri`` or ``mon, wed, fri``.

    Raises:
        ValueError: when the text names no day of the week, or something else.
    """
    if not isinstance(value, str):
        return value
    chosen: set[str] = set()
    for part in value.lower().split(","):
        match = _SPAN.fullmatch(part.strip())
        if match is None or not {match["first"], match["last"] or "mon"} <= {*DAYS}:
            raise ValueError(f"{value!r} names no days; write mon-fri, or mon, wed, fri")
        first, last = DAYS.index(match["first"]), DAYS.index(match["last"] or match["first"])
        chosen |= {DAYS[(first + step) % 7] for step in range((last - first) % 7 + 1)}
    return tuple(day for day in DAYS if day in chosen)


def parse_hours(value: object) -> object:
    """Read hours such as ``09:00-16:00`` or, over midnight, ``22:00-04:00``.

    Raises:
        ValueError: when the text is no such span, or one of no length.
    """
    if not isinstance(value, str):
        return value
    match = _HOURS.fullmatch(value.strip())
    try:
        begins, ends = (_read_time(match[part]) for part in ("begins", "ends")) if match else (None, None)
    except ValueError:
        begins = ends = None
    if match is None or begins is None or ends is None:
        raise ValueError(
            f"{value!r} are no hours; write them as 09:00-16:00, in 24 hours, 00:00-24:00 for the whole day"
        )
    if begins == ends and match["ends"] != _END_OF_DAY:
        raise ValueError(f"{value!r} has no length; write 00:00-24:00 for the whole day")
    return {"begins": begins, "ends": ends}


def _read_time(text: str) -> time:
    return _MIDNIGHT if text == _END_OF_DAY else time.fromisoformat(text)


def write_hours(hours: Hours) -> str:
    """Write hours the way users do."""
    ends = _END_OF_DAY if hours.ends == _MIDNIGHT else f"{hours.ends:%H:%M}"
    return f"{hours.begins:%H:%M}-{ends}"


def write_days(days: tuple[str, ...]) -> str:
    """Write days the way users do, those in a row as a span: ``mon-fri``; ``mon, wed``."""
    spans: list[list[str]] = []
    for day in (day for day in DAYS if day in days):
        if spans and DAYS.index(day) == DAYS.index(spans[-1][-1]) + 1:
            spans[-1].append(day)
        else:
            spans.append([day])
    return ", ".join(span[0] if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Days = Annotated[tuple[Day, ...], BeforeValidator(parse_days), Field(min_length=1)]
_Hours = Annotated[Hours, BeforeValidator(parse_hours), PlainSerializer(write_hours, str)]


def _refuse_numbers(value: object) -> object:
    """Refuse numbers, which would be read as seconds since 1970."""
    if isinstance(value, int | float):
        told = f"{value!r} is no date; write it as 2026-12-24"
        raise ValueError(told)  # noqa: TRY004 - Pydantic tells it as a problem of the field
    return value


_WrittenDay = Annotated[date, BeforeValidator(_refuse_numbers)]
_Moment = Annotated[AwareDatetime, BeforeValidator(_refuse_numbers)]


class OpenTime(Frozen):
    """A time in which there are openings.

    Attributes:
        begins: its first moment.
        ends: the first moment after it.
    """

    begins: _Moment
    ends: _Moment

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "OpenTime":
        if self.ends <= self.begins:
            raise ValueError(f"ends ({self.ends}) is not after begins ({self.begins})")
        return self


class Freeze(Frozen):
    """Days on which nothing shifts, the first and the last among them.

    Attributes:
        first: the first day.
        last: the last day.
        why: told to whoever waits.
    """

    first: _WrittenDay
    last: _WrittenDay
    why: str = Field(default="freeze", min_length=1)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Freeze":
        if self.last < self.first:
            raise ValueError(f"last ({self.last}) is before first ({self.first})")
        return self


class WindowsSpec(Frozen):
    """When the candidate may get more: begin, rise from stage to stage, be promoted. Baking, judging and the way back go on at all hours.

    Attributes:
        time_zone: whose clock the rest is by, as in ``Europe/Berlin``.
        days: on which days an opening begins: ``mon-fri``, or ``mon, wed, fri``.
        hours: from when until when: ``09:00-16:00``; over midnight ``22:00-04:00``, which belongs to the day on which it begins.
        freezes: spans of days without openings, for example ``{first: 2026-12-20, last: 2027-01-02, why: year's end}``.
        holidays: more days without openings: dates, or the path of an iCalendar file (``.ics``), beside the policy or absolute.
        open_times: the only times in which there are openings, each with its offset from UTC. Read from the file of ``holidays`` where
            that is a calendar of the type DEFAULT_CLOSED; not given: at any time.
        calendar: the file that days or times were read from; filled in by Rollway.
        outside: what a rollout does that is started while nothing may shift: ``hold`` its first step until the next opening, or
            ``refuse`` to start.
    """

    time_zone: str = "UTC"
    days: Days = DAYS
    hours: _Hours = Hours(begins=_MIDNIGHT, ends=_MIDNIGHT)
    freezes: tuple[Freeze, ...] = ()
    holidays: tuple[_WrittenDay, ...] = ()
    open_times: Annotated[tuple[OpenTime, ...], Field(max_length=2000)] | None = None
    calendar: str = ""
    outside: Literal["hold", "refuse"] = "hold"

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if find_zone(name) is None:
            raise ValueError(f"{show(name)} is no time zone; write one such as Europe/Berlin, America/New_York or UTC")
        return name

    @field_validator("open_times")
    @classmethod
    def _are_in_order(cls, times: tuple[OpenTime, ...] | None) -> tuple[OpenTime, ...] | None:
        """Sort them, and refuse those that overlap: each moment is looked up in one of them."""
        ordered = tuple(sorted(times or (), key=lambda each: each.begins))
        for one, following in pairwise(ordered):
            if following.begins < one.ends:
                told = f"{one.begins} to {one.ends} and {following.begins} to {following.ends} overlap"
                raise ValueError(f"{told}; write one of them")
        return None if times is None else ordered

    @field_validator("holidays", mode="before")
    @classmethod
    def _are_dates(cls, given: Any) -> Any:  # noqa: ANN401 - whatever the user wrote
        if isinstance(given, str):
            told = "is a file, and a policy that is given as text has no place to read it from; list the dates"
            raise ValueError(f"{given!r} {told}")  # noqa: TRY004 - Pydantic tells it as a problem of the field
        return given

    def __str__(self) -> str:
        """Say it in a line: ``mon-fri 09:00-16:00 Europe/Berlin, but for 1 freeze and 12 holidays``."""
        counts = [(len(self.freezes), "freeze"), (len(self.holidays), "holiday")]
        told = " and ".join(f"{count} {what}{'s' if count > 1 else ''}" for count, what in counts if count)
        within = "" if self.open_times is None else f", within {len(self.open_times)} open times"
        hours = f"{write_days(self.days)} {write_hours(self.hours)} {self.time_zone}{within}"
        return f"{hours}, but for {told}" if told else hours
