"""The units that users write: durations such as ``10m``, percentages such as ``0.5%``, rates such as ``600/min``.

All refuse bare numbers: ``bake: 10`` could be seconds or minutes, ``no_worse_than: 10`` could be ten percent or ten times.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from policies.documents.text import show

_UNITS: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WHOLE: Final = "[0-9]{1,15}"
_NUMBER: Final = rf"{_WHOLE}(?:\.{_WHOLE})?"
_DURATION: Final = re.compile(rf"(?:({_WHOLE})d)?\s*(?:({_WHOLE})h)?\s*(?:({_WHOLE})m)?\s*(?:({_NUMBER})s)?")
_LONGEST: Final = timedelta(days=365)
_PERCENT: Final = re.compile(rf"({_NUMBER})\s*%")
_RATE: Final = re.compile(rf"({_NUMBER})\s*/\s*(min|s)")


class Frozen(BaseModel):
    """An immutable value whose unknown fields are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def parse_duration(value: object) -> timedelta:
    """Read a duration such as ``90s``, ``10m`` or ``1h30m``.

    Raises:
        ValueError: when the text is no duration, carries no unit, or is longer than a year.
    """
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) and value.strip() else None
    if match is None:
        raise ValueError(f"{show(value)} is no duration; write a number with its unit: 90s, 10m, 1h30m or 2d")
    parts = zip(_UNITS.values(), match.groups(), strict=True)
    total = sum(seconds * float(count) for seconds, count in parts if count)
    if total > _LONGEST.total_seconds():
        raise ValueError(f"{show(value)} is too long; the longest is {_LONGEST.days}d")
    return timedelta(seconds=total)


def format_duration(duration: timedelta) -> str:
    """Write a duration the way users write it, to the second: ``1h30m``, ``45s``; tenths only below ten seconds."""
    total = duration.total_seconds()
    if 0 < total < _UNITS["m"] and total != int(total):
        return f"{total:.1f}s"
    text, rest = "", round(total)
    for unit, seconds in _UNITS.items():
        count, rest = divmod(rest, seconds)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def format_moment(moment: datetime, now: datetime) -> str:
    """Write a moment as it is told: ``16:09:00 UTC``, with its date where that is not today's."""
    return f"{moment:%H:%M:%S} UTC" if moment.date() == now.date() else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def parse_percent(value: object) -> float:
    """Read a percentage such as ``0.5%`` as a fraction, here 0.005.

    Raises:
        ValueError: when the percent sign is missing.
    """
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{show(value)} is no percentage; write it with its sign, for example 5% or 0.5%")
    return float(match[1]) / 100


def format_percent(fraction: float) -> str:
    """Write a fraction as a percentage: 0.005 is ``0.5%``."""
    return f"{fraction * 100:.6g}%"


def parse_rate(value: object) -> float:
    """Read a rate such as ``600/min`` or ``10/s`` as requests per minute.

    Raises:
        ValueError: when the text is no rate, carries no unit, or is nothing.
    """
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not float(match[1]):
        raise ValueError(f"{show(value)} is no rate; write a number above 0 with its unit: 600/min or 10/s")
    return float(match[1]) * (_UNITS["m"] if match[2] == "s" else 1)


def format_rate(per_minute: float) -> str:
    """Write requests per minute as a rate: ``600/min``."""
    return f"{per_minute:.10g}/min"


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, when_used="json")]
Percent = Annotated[float, BeforeValidator(parse_percent), PlainSerializer(format_percent, when_used="json")]
Rate = Annotated[float, BeforeValidator(parse_rate), PlainSerializer(format_rate, when_used="json")]
