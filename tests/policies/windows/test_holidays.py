"""Holidays from an iCalendar file become days of the policy; what is no calendar is one clear problem."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from policies.errors import PolicyError
from policies.loading import load_policy, read_policy
from policies.windows.calendars.components import LARGEST, CalendarError
from policies.windows.calendars.reading import read_calendar
from policies.windows.opening import explain_closed, is_open, next_opening
from policies.windows.running_out import find_calendar_doubts
from policies.windows.spec import WindowsSpec
from tests.policies.windows.feeds import BERLIN_RULES, FEEDS, calendar, day, event

EXAMPLES = Path(__file__).parents[3] / "examples"
POLICY = "strategy: canary\nstages: [{share: 10, bake: 10m}]\nwindows: {%s}\n"
BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize("name", FEEDS)
def test_feeds_are_read_as_far_as_days_depend_on_them(name: str) -> None:
    """A feed closes the days of its events by the clock of the windows, or is refused by line, event and property."""
    feed = FEEDS[name]
    if feed.refused:
        with pytest.raises(CalendarError) as caught:
            read_calendar(feed.text, BERLIN)
        assert feed.refused in str(caught.value)
    else:
        found = read_calendar(feed.text, BERLIN)
        assert (tuple(map(str, found.closed[: len(feed.days) or None])), found.open_times) == (feed.days, None)


def test_an_evening_in_los_angeles_is_a_morning_in_tokyo() -> None:
    """Times become days by the clock of the windows, and whole days are days there."""
    text = calendar(
        event("DTSTART;TZID=America/Los_Angeles:20261224T180000", "DTEND;TZID=America/Los_Angeles:20261224T220000"),
        day("20261231", uid="2"),
    )
    assert read_calendar(text, TOKYO).closed == (date(2026, 12, 25), date(2026, 12, 31))
    assert read_calendar(text, ZoneInfo("America/Los_Angeles")).closed == (date(2026, 12, 24), date(2026, 12, 31))


def test_a_zone_is_its_own_calendars_own() -> None:
    """Two calendars may define one name differently; neither takes the other's."""
    shifted = BERLIN_RULES.replace("+0100", "-0900").replace("+0200", "-0800")
    texts = [
        calendar(event("DTSTART;TZID=Own:20261224T200000"), zones={"Own": rules}) for rules in (BERLIN_RULES, shifted)
    ]
    assert [read_calendar(each, BERLIN).closed for each in texts] == [(date(2026, 12, 24),), (date(2026, 12, 25),)]


CLOSED_BY_DEFAULT = calendar(
    event("DTSTART;TZID=Europe/Berlin:20261201T120000", "DTEND;TZID=Europe/Berlin:20261201T140000",
          "RRULE:FREQ=WEEKLY;COUNT=2"),
    event("DTSTART;TZID=Europe/Berlin:20261201T133000", "DTEND;TZID=Europe/Berlin:20261201T150000", uid="2"),
    day("20261212", uid="3"),
    head="X-CALENDAR-TYPE:DEFAULT_CLOSED\r\n",
)  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-12-01 11:00", True),
        ("2026-12-01 13:59", True),
        ("2026-12-01 10:59", False),
        ("2026-12-01 14:00", False),
        ("2026-12-02 11:30", False),
        ("2026-12-08 11:30", True),
        ("2026-12-12 08:00", False),  # a Saturday: open by the calendar, and not by the windows
        ("2026-12-15 11:30", False),
    ],
)
def test_the_events_of_a_calendar_closed_by_default_are_when_it_is_open(
    tmp_path: Path,
    moment: str,
    open_: bool,  # noqa: FBT001 - a case
) -> None:
    """AWS Systems Manager's other type: what its events do not cover is closed, and the hours of the windows hold as well."""
    (tmp_path / "days.ics").write_text(CLOSED_BY_DEFAULT, newline="")
    (tmp_path / "policy.yaml").write_text(POLICY % "time_zone: Europe/Berlin, days: mon-fri, holidays: days.ics")
    windows = load_policy(tmp_path / "policy.yaml").windows
    assert windows is not None

    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert is_open(windows, at) is open_
    assert windows.model_validate(windows.model_dump(mode="json")) == windows
    assert "within 3 open times" in str(windows)
    following = next_opening(windows, datetime(2026, 12, 1, 15, tzinfo=UTC))
    assert following is not None
    assert following.begins == datetime(2026, 12, 8, 11, tzinfo=UTC)
    assert "not open in days.ics" in explain_closed(windows, datetime(2026, 12, 2, 11, tzinfo=UTC))


@pytest.mark.parametrize(
    ("windows", "told"),
    [
        ({}, []),
        ({"holidays": ["2026-12-24"]}, []),
        ({"holidays": ["2024-12-24"], "calendar": "days.ics"}, ["days.ics ended on 2024-12-24: after that it closes no day; renew it"]),
        ({"holidays": ["2026-08-24"]}, ["windows.holidays ends on 2026-08-24: after that it closes no day; renew it"]),
        ({"calendar": "days.ics"}, ["days.ics has no event from 2020 to 2040: it closes no day"]),
        ({"calendar": "days.ics", "open_times": []}, ["days.ics has no event from 2020 to 2040: nothing ever opens"]),
        (
            {"open_times": [{"begins": "2026-01-01T00:00Z", "ends": "2026-01-02T00:00Z"}], "calendar": "a.ics"},
            ["a.ics ended on 2026-01-02: after that nothing is open; renew it"],
        ),
    ],
)  # fmt: skip
def test_a_calendar_that_runs_out_is_told(windows: dict[str, Any], told: list[str]) -> None:
    """One that has ended, ends within 90 days or is empty says nothing any more, which nobody would notice."""
    assert [*find_calendar_doubts(WindowsSpec.model_validate(windows), datetime(2026, 6, 1, tzinfo=UTC))] == told


def test_a_policy_is_whole_without_the_file() -> None:
    """The days of the file beside a policy are part of it once it is loaded."""
    windows = load_policy(EXAMPLES / "office-hours.yaml").windows

    assert windows is not None
    assert {date(2027, 1, 1), date(2027, 3, 26), date(2027, 3, 29), date(2040, 5, 1)} <= set(windows.holidays)
    assert date(2027, 3, 30) not in windows.holidays
    assert windows.calendar == "holidays.ics"


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "No such file"), (b"days off: all", "is not an iCalendar file"), (b"x" * (LARGEST + 1), "is larger than")],
)
def test_what_is_no_calendar_of_holidays_is_a_problem(tmp_path: Path, content: bytes | None, told: str) -> None:
    """A file that is missing, of another kind or too large is told by its field and line, with what to do."""
    if content is not None:
        (tmp_path / "days.ics").write_bytes(content)
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY % "holidays: days.ics")

    with pytest.raises(PolicyError) as caught:
        load_policy(policy)

    (problem,) = caught.value.problems
    assert (problem.where, problem.line) == ("windows.holidays", 3)
    assert problem.what.startswith("days.ics: ")
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
        ("holidays: [20261225]", "windows.holidays[0]", "is no date; write it as 2026-12-24"),
        ("holidays: [2026-02-30]", "windows.holidays[0]", "valid date"),
        ("freezes: [{first: 2026, last: 2027-01-02}]", "windows.freezes[0].first", "is no date"),
        (
            "open_times: [{begins: 2026-01-01T10:00, ends: 2026-01-01T11:00Z}]",
            "windows.open_times[0].begins",
            "timezone",
        ),
        ("open_times: [{begins: 2026-01-02T10:00Z, ends: 2026-01-01T11:00Z}]", "windows.open_times[0]", "is not after"),
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


@pytest.mark.parametrize("until", ["20261224", "20261224T090000", "20261224T140000Z"])
def test_a_series_lasts_until_the_end_that_it_names(until: str) -> None:
    """An UNTIL without a zone is in that of its event, and a day lasts until its end: the last occurrence closes its day."""
    text = calendar(
        event(
            "DTSTART;TZID=America/New_York:20261221T090000",
            "DTEND;TZID=America/New_York:20261221T170000",
            f"RRULE:FREQ=DAILY;UNTIL={until}",
        )
    )

    closed = read_calendar(text, ZoneInfo("America/New_York")).closed

    assert closed == tuple(date(2026, 12, each) for each in (21, 22, 23, 24))


def test_an_until_that_is_no_day_is_named() -> None:
    """By its event and property, as every mistake of a calendar."""
    text = calendar(event("DTSTART:20261221T090000Z", "RRULE:FREQ=DAILY;UNTIL=20260230"))

    with pytest.raises(CalendarError, match="RRULE with an UNTIL"):
        read_calendar(text, BERLIN)


def test_a_definition_comes_before_the_tail_of_a_name() -> None:
    """A zone that a calendar defines is that one, although its name ends like another's."""
    rules = BERLIN_RULES.replace("+0100", "+1100").replace("+0200", "+1200")
    text = calendar(event("DTSTART;TZID=Corp/EST:20260101T080000"), zones={"Corp/EST": rules})

    assert read_calendar(text, BERLIN).closed == (date(2025, 12, 31),)


def test_an_event_without_a_uid_is_like_no_other() -> None:
    """A cancelled event whose UID looks like a number of ours cancels no other."""
    text = calendar(
        day("20261224", uid=""),
        event("DTSTART;VALUE=DATE:20261224", "RECURRENCE-ID;VALUE=DATE:20261224", "STATUS:CANCELLED", uid="number 0"),
    )

    assert read_calendar(text, BERLIN).closed == (date(2026, 12, 24),)


def test_the_last_day_of_all_is_read() -> None:
    """It has no day after it, and closes nothing of the years that are read."""
    assert read_calendar(calendar(event("DTSTART;VALUE=DATE:99991231")), BERLIN).closed == ()


def test_a_zone_with_thousands_of_parts_is_refused() -> None:
    """A name without end is looked up no further than names go."""
    text = calendar(event("DTSTART;TZID=" + "a/" * 2000 + ":20260101T080000"))

    with pytest.raises(CalendarError, match="time zone"):
        read_calendar(text, BERLIN)


def test_a_zone_with_hundreds_of_parts_is_no_zone() -> None:
    """A form's text is judged as a file is."""
    with pytest.raises(PolicyError, match="is no time zone"):
        read_policy(POLICY % f"time_zone: {'a/' * 400}b")


def test_open_times_to_the_end_of_the_calendar_run_out_of_nothing() -> None:
    """The last hour of the year 9999 has no day in zones that are ahead."""
    times = [{"begins": "2026-01-01T00:00:00Z", "ends": "9999-12-31T23:59:59Z"}]
    windows = WindowsSpec.model_validate({"time_zone": "Europe/Berlin", "open_times": times})

    assert [*find_calendar_doubts(windows, datetime(2026, 6, 1, tzinfo=UTC))] == []
