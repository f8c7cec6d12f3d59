"""Openings by the clock of a time zone, over changes of the clock, midnight, freezes and holidays."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.windows.opening import closed_time, explain_closed, find_openings, is_open, next_opening
from policies.windows.spec import DAYS, WindowsSpec

BERLIN = {"time_zone": "Europe/Berlin"}
OFFICE = BERLIN | {"days": "mon-fri", "hours": "09:00-16:00"}
NIGHT = BERLIN | {"days": "sat", "hours": "22:00-04:00"}
YEARS_END = {"first": "2026-12-21", "last": "2027-01-03", "why": "year's end"}


def windows(**fields: object) -> WindowsSpec:
    return WindowsSpec.model_validate(fields)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "moment", "expected"),
    [
        (OFFICE, "2026-11-27 07:59:59", False),
        (OFFICE, "2026-11-27 08:00", True),
        (OFFICE, "2026-11-27 14:59:59", True),
        (OFFICE, "2026-11-27 15:00", False),
        (OFFICE, "2026-11-28 10:00", False),
        (OFFICE, "2026-07-01 07:00", True),  # summer: 9 o'clock is an hour earlier
        (OFFICE | {"freezes": [YEARS_END]}, "2026-12-21 10:00", False),
        (OFFICE | {"freezes": [YEARS_END]}, "2027-01-04 10:00", True),
        (OFFICE | {"holidays": ["2026-11-27"]}, "2026-11-27 10:00", False),
        (NIGHT, "2026-11-28 22:00", True),
        (NIGHT, "2026-11-29 02:59", True),  # Sunday, by Saturday's opening
        (NIGHT, "2026-11-29 03:00", False),
        (NIGHT, "2026-11-29 22:00", False),
        ({"days": "sat-mon"}, "2026-11-30 23:59", True),
        ({"days": "sat-mon"}, "2026-12-01 00:00", False),
        ({}, "2026-12-01 00:00", True),
        ({"hours": "00:00-24:00", "days": "tue"}, "2026-12-01 23:59", True),
    ],
)
def test_open_or_not(fields, moment, expected):
    """An opening holds from its first moment to the last one before its end, by the local clock."""
    assert is_open(windows(**fields), utc(moment)) is expected


@pytest.mark.parametrize(
    ("zone", "hours", "day", "begins", "ends"),
    [
        ("Europe/Berlin", "01:00-05:00", "2026-03-29", "00:00", "03:00"),  # an hour shorter: 2 to 3 o'clock is left out
        ("Europe/Berlin", "02:30-05:00", "2026-03-29", "01:30", "03:00"),  # begins after the hour that there is not
        ("Europe/Berlin", "01:00-02:30", "2026-03-29", "00:00", "00:30"),
        ("Europe/Berlin", "01:00-05:00", "2026-10-24", "23:00", "03:00"),
        ("Europe/Berlin", "02:30-05:00", "2026-10-25", "01:30", "04:00"),  # the second half past two
        ("Europe/Berlin", "00:00-02:30", "2026-10-25", "22:00", "00:30"),  # the first half past two
        ("America/New_York", "01:30-09:00", "2026-11-01", "06:30", "14:00"),
    ],
)
def test_changes_of_the_clock(zone, hours, day, begins, ends):
    """Where a local time means two moments or none, the opening is the shorter one."""
    spec = windows(time_zone=zone, hours=hours)
    noon = datetime.fromisoformat(f"{day} 12:00").replace(tzinfo=ZoneInfo(zone))

    first, *_ = [
        each
        for each in find_openings(spec, noon - timedelta(hours=14), noon)
        if each.begins > noon - timedelta(hours=15)
    ]

    assert (f"{first.begins:%H:%M}", f"{first.ends:%H:%M}") == (begins, ends)


def test_the_next_opening_is_told_with_its_reason():
    """Who waits is told until when, by the local clock, and for which freeze."""
    spec = windows(**OFFICE, freezes=[YEARS_END])

    assert (
        explain_closed(spec, utc("2026-11-27 15:00")) == "outside the window until Mon 2026-11-30 09:00 Europe/Berlin"
    )
    told = "outside the window until Mon 2027-01-04 09:00 Europe/Berlin (year's end)"
    assert explain_closed(spec, utc("2026-12-23 10:00")) == told


def test_an_opening_that_lasts_long_enough_is_found_or_none():
    """What cannot be held is told an opening into which all of it fits."""
    spec = windows(**OFFICE)

    late = next_opening(spec, utc("2026-11-27 14:00"), timedelta(hours=2))
    assert late is not None
    assert late.begins == utc("2026-11-30 08:00")
    assert next_opening(spec, utc("2026-11-27 14:00"), timedelta(hours=8)) is None


def test_openings_that_meet_are_one():
    """Whole days in a row are one opening, so what lasts over midnight fits in."""
    (found,) = find_openings(windows(days="mon-tue"), utc("2026-11-30 05:00"), utc("2026-12-03 05:00"))

    assert found == (utc("2026-11-30 00:00"), utc("2026-12-02 00:00"))


SPECS = st.builds(
    lambda zone, days, begins, ends: windows(
        time_zone=zone, days=", ".join(days), hours=f"{begins:02d}:00-{ends:02d}:30"
    ),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.sets(st.sampled_from(DAYS), min_size=1),
    st.integers(0, 23),
    st.integers(0, 23),
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone


@settings(deadline=None, max_examples=100)
@given(SPECS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_the_functions_agree(spec: WindowsSpec, moment: datetime, length: timedelta):
    """The next opening is open at its beginning and closed just before, unless it is now; open and closed time make all of it."""
    opening = next_opening(spec, moment)
    assert opening is not None
    assert is_open(spec, opening.begins)
    assert not is_open(spec, opening.ends)
    assert (opening.begins == moment) is is_open(spec, moment)
    assert closed_time(spec, moment, opening.begins) == opening.begins - moment
    until = moment + length
    inside = sum(
        (min(each.ends, until) - max(each.begins, moment) for each in find_openings(spec, moment, until)), timedelta(0)
    )
    assert closed_time(spec, moment, until) + inside == length


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (OFFICE, "mon-fri 09:00-16:00 Europe/Berlin"),
        ({}, "mon-sun 00:00-24:00 UTC"),
        ({"days": "mon, wed-thu, sun", "hours": "22:00-04:00"}, "mon, wed-thu, sun 22:00-04:00 UTC"),
        (
            OFFICE | {"freezes": [YEARS_END], "holidays": ["2026-05-01", "2026-12-25"]},
            "mon-fri 09:00-16:00 Europe/Berlin, but for 1 freeze and 2 holidays",
        ),
    ],
)
def test_windows_are_told_in_a_line(fields, told):
    """As a user would write them."""
    assert str(windows(**fields)) == told
