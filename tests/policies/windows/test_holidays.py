"""Holidays from an iCalendar file become days of the policy; what is no calendar is one clear problem."""

from datetime import date
from pathlib import Path

import pytest

from policies.errors import PolicyError
from policies.loading import load_policy, read_policy
from policies.windows.holidays import read_holidays

EXAMPLES = Path(__file__).parents[3] / "examples"
EVENT = "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n{}\r\nEND:VEVENT\r\n"
POLICY = "strategy: canary\nstages: [{share: 10, bake: 10m}]\nwindows: {%s}\n"


def calendar(folder: Path, *lines: str) -> Path:
    """A calendar of one event."""
    path = folder / "days.ics"
    event = EVENT.format("\r\n".join(lines))
    path.write_text(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{event}END:VCALENDAR\r\n", newline="")
    return path


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        (["DTSTART;VALUE=DATE:20261225"], ["2026-12-25"]),
        (["DTSTART;VALUE=DATE:20261225", "DTEND;VALUE=DATE:20261227"], ["2026-12-25", "2026-12-26"]),
        (["DTSTART:20261224T140000Z", "DTEND:20261225T020000Z"], ["2026-12-24", "2026-12-25"]),
        (["DTSTART:20261224T140000Z", "DTEND:20261225T000000Z"], ["2026-12-24"]),
        (["DTSTART;VALUE=DATE:20380501", "RRULE:FREQ=YEARLY"], ["2038-05-01", "2039-05-01", "2040-05-01"]),
    ],
)
def test_every_day_that_an_event_touches(tmp_path: Path, lines: list[str], days: list[str]) -> None:
    """Whole days, hours over midnight and recurring events close each day that they touch, until 2040."""
    assert read_holidays(calendar(tmp_path, *lines)) == tuple(map(date.fromisoformat, days))


def test_a_policy_is_whole_without_the_file() -> None:
    """The days of the file beside a policy are part of it once it is loaded."""
    windows = load_policy(EXAMPLES / "office-hours.yaml").windows

    assert windows is not None
    assert {date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29), date(2040, 5, 1)} <= set(windows.holidays)
    assert date(2027, 3, 30) not in windows.holidays


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "no iCalendar file that can be read"),
        ("days off: all", "no iCalendar file that can be read"),
        ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n", "has 0 days"),
        (EVENT.join(["BEGIN:VCALENDAR\r\n", "END:VCALENDAR\r\n"]).format("DTSTART;VALUE=DATE:20200101\r\nRRULE:FREQ=DAILY"), "7671 days"),
    ],
)  # fmt: skip
def test_what_is_no_calendar_of_holidays_is_a_problem(tmp_path: Path, content: str | None, told: str) -> None:
    """A file that is missing, broken, empty or closes every day is told by its field, with what to do."""
    if content is not None:
        (tmp_path / "days.ics").write_text(content, newline="")
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY % "holidays: days.ics")

    with pytest.raises(PolicyError) as caught:
        load_policy(policy)

    (problem,) = caught.value.problems
    assert problem.where == "windows.holidays"
    assert told in problem.what


@pytest.mark.parametrize(
    ("windows", "where", "told"),
    [
        ("time_zone: Berlin", "windows.time_zone", "no time zone; write one such as Europe/Berlin"),
        ("days: workdays", "windows.days", "names no days; write mon-fri"),
        ("days: ''", "windows.days", "names no days"),
        ("hours: 9-17", "windows.hours", "are no hours; write them as 09:00-16:00"),
        ("hours: 09:00-25:00", "windows.hours", "are no hours"),
        ("hours: 09:00-09:00", "windows.hours", "has no length; write 00:00-24:00"),
        ("freezes: [{first: 2027-01-02, last: 2026-12-20}]", "windows.freezes[0]", "is before first"),
        ("holidays: days.ics", "windows.holidays", "list the dates"),
        ("outside: wait", "windows.outside", "hold"),
    ],
)
def test_mistakes_in_windows_are_told(windows: str, where: str, told: str) -> None:
    """Each mistake is one problem that names the field and says how to write it."""
    with pytest.raises(PolicyError) as caught:
        read_policy(POLICY % windows)

    (problem,) = caught.value.problems
    assert problem.where == where
    assert told in problem.what
