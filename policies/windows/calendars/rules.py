"""Which recurrence rules are read: those that name days. Others are refused by name, and so is what could be looked for without end.

``dateutil`` steps from one period to the next until a rule has found a day, up to the year 9999. So a rule is refused that does not find
one within a few decades.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

_DAYS_OF_PERIODS: Final = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 30, "YEARLY": 365}
_KNOWN: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"})
_OF_THE_YEAR: Final = frozenset({"BYYEARDAY", "BYWEEKNO"})
_OF_THE_CLOCK: Final = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})
_LIMITS: Final = {"BYMONTH": 12, "BYMONTHDAY": 31, "BYSETPOS": 366, "BYYEARDAY": 366, "BYWEEKNO": 53}
_DAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_UNTIL: Final = re.compile(r"\d{8}(?:T\d{6}Z?)?", re.ASCII)
_LONGEST_INTERVAL: Final = 1000
_MOST_VALUES: Final = 366
_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SHORTEST: Final = 28


def parse_rule(value: str) -> dict[str, str]:
    """Return the parts of a rule, in capitals; those of other standards (``X-``) and empty ones are left out."""
    pairs = (
        (name.strip(), given.strip()) for name, _, given in (part.partition("=") for part in value.upper().split(";"))
    )
    return {name: given for name, given in pairs if given and not name.startswith("X-")}


def find_mistake(rule: Mapping[str, str], start: date) -> str:
    """Return why a rule is not read, as what follows "the rule"; nothing where it is.

    Args:
        rule: its parts.
        start: the day of the event's DTSTART, which stands for the parts that are not given.
    """
    frequency, interval = rule.get("FREQ"), _number(rule.get("INTERVAL", "1"), _LONGEST_INTERVAL)
    if frequency not in _DAYS_OF_PERIODS:
        return "repeats by another period than a day, week, month or year"
    if not interval:
        return f"repeats at another INTERVAL than 1 to {_LONGEST_INTERVAL}"
    if rule.keys() & _OF_THE_CLOCK:
        return "repeats by the time of day"
    if rule.keys() - _KNOWN - (_OF_THE_YEAR if frequency == "YEARLY" else frozenset()):
        return f"has a part that is not read with {frequency}"
    return _find_wrong_value(rule) or ("" if _finds(rule, frequency, interval, start) else "may never find a day")


def steps(rule: Mapping[str, str], days: int) -> int:
    """Return about how many periods a rule goes through in so many days; the rule is one that is read."""
    return days // (_DAYS_OF_PERIODS[rule["FREQ"]] * int(rule.get("INTERVAL", "1"))) + 1


def _find_wrong_value(rule: Mapping[str, str]) -> str:
    for name, most in _LIMITS.items():
        given = rule.get(name, "1").split(",")
        signless = given if name == "BYMONTH" else [each.removeprefix("-").removeprefix("+") for each in given]
        if len(given) > _MOST_VALUES or not all(_number(each, most) for each in signless):
            return f"has a {name} that is not 1 to {most}"
    if not all(_DAY.fullmatch(each) for each in (*rule.get("BYDAY", "MO").split(","), rule.get("WKST", "MO"))):
        return "names no days of the week"
    if "COUNT" in rule and not _number(rule["COUNT"], 10**9):
        return "has a COUNT that is not a number above 0"
    return "" if _UNTIL.fullmatch(rule.get("UNTIL", "20260101")) else "has an UNTIL that is neither a day nor a time"


def _finds(rule: Mapping[str, str], frequency: str, interval: int, start: date) -> bool:
    """Whether a rule finds a day within a few decades. What hardly a calendar has is taken for one that does not."""
    numbered = [abs(int(match[1])) for match in _DAY.finditer(rule.get("BYDAY", "")) if match[1]]
    positions = [abs(each) for each in _numbers(rule, "BYSETPOS")]
    parts = rule.keys() & {"BYDAY", "BYMONTH", "BYMONTHDAY", *_OF_THE_YEAR}
    weeks = 5 if interval == 1 else 4  # a month has a fifth Monday, say, now and then
    of_months = frequency == "MONTHLY" or (frequency == "YEARLY" and "BYMONTH" in rule)
    if numbered and ("BYMONTHDAY" in parts or not 1 <= min(numbered) <= max(numbered) <= (weeks if of_months else 52)):
        return False
    if numbered and frequency in {"DAILY", "WEEKLY"}:
        return False
    if parts & _OF_THE_YEAR and (interval > 1 or len(parts - {"BYDAY"}) > 1 or numbered):
        return False
    if positions and not (of_months or frequency == "YEARLY"):
        return False
    if positions and min(positions) > 1 and (parts - {"BYMONTH"} != {"BYDAY"} or numbered or min(positions) > weeks):
        return False
    return _has_a_date(rule, frequency, interval, start)


def _has_a_date(rule: Mapping[str, str], frequency: str, interval: int, start: date) -> bool:
    """Whether one of the months has one of the days, also when the interval leaves out leap years."""
    parts = rule.keys() & {"BYDAY", "BYMONTH", "BYMONTHDAY"}
    implied = start.day if frequency in {"MONTHLY", "YEARLY"} and not rule.keys() & {"BYDAY", *_OF_THE_YEAR} else 1
    days = [abs(each) for each in _numbers(rule, "BYMONTHDAY")] or [implied]
    months = _numbers(rule, "BYMONTH") or range(1, 13)
    if interval == 1:
        return any(day <= _MONTHS[month - 1] for day in days for month in months)
    match frequency:
        case "DAILY":
            return not parts
        case "WEEKLY":
            return parts <= {"BYDAY"}
        case "MONTHLY":
            return "BYMONTH" not in parts and ("BYMONTHDAY" not in parts or min(days) <= _SHORTEST)
        case _:
            lengths = (31, 28, *_MONTHS[2:])
            return parts <= {"BYDAY"} or any(day <= lengths[month - 1] for day in days for month in months)


def _numbers(rule: Mapping[str, str], name: str) -> list[int]:
    return [int(each) for each in rule[name].split(",")] if name in rule else []


def _number(text: str, most: int) -> int:
    """Return a number from 1 to a greatest one; 0 for anything else."""
    readable = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    return int(text) if readable and int(text) <= most else 0


def write_rule(rule: Mapping[str, str]) -> str:
    """Write a rule the way that it is read."""
    return ";".join(f"{name}={value}" for name, value in rule.items())
