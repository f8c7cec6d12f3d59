"""When at() and rate() are due."""

from datetime import UTC, datetime, timedelta

import pytest

from rollway.sandbox.autoscaling.schedules import Window, next_due
from rollway.sandbox.errors import Refusal

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "minutes"),
    [("rate(1 minute)", 1), ("rate(5 minutes)", 5), ("rate(2 hours)", 120), ("rate(1 day)", 1440)],
)
def test_a_rate_is_first_due_after_one_period(schedule: str, minutes: int) -> None:
    """Without a start, a rate counts from the moment at which it was put."""
    assert next_due(schedule, None, Window(NOON), NOON) == NOON + timedelta(minutes=minutes)


def test_a_rate_keeps_its_step() -> None:
    """Being asked late does not move the later moments: they stay a whole number of periods from the start."""
    late = NOON + timedelta(minutes=17, seconds=3)
    assert next_due("rate(5 minutes)", None, Window(NOON), late) == NOON + timedelta(minutes=20)
    exactly = NOON + timedelta(minutes=15)
    assert next_due("rate(5 minutes)", None, Window(NOON), exactly) == NOON + timedelta(minutes=20)


def test_a_rate_begins_at_its_start_and_ends_at_its_end() -> None:
    """The start is the first moment, the end the last possible one."""
    start = NOON + timedelta(hours=1)
    window = Window(start, start + timedelta(minutes=5))
    assert next_due("rate(5 minutes)", None, window, NOON) == start
    assert next_due("rate(5 minutes)", None, window, start) == start + timedelta(minutes=5)
    assert next_due("rate(5 minutes)", None, window, start + timedelta(minutes=5)) is None


@pytest.mark.parametrize(
    ("timezone", "hour"), [(None, 20), ("Europe/Paris", 18), ("America/New_York", 24), ("Etc/GMT+9", 29)]
)
def test_at_means_its_own_time_zone(timezone: str | None, hour: int) -> None:
    """Eight in the evening is another moment in Paris and New York; the oracle is the zones' offset in summer."""
    due = next_due("at(2026-06-01T20:00:00)", timezone, Window(NOON), NOON)
    assert due == datetime(2026, 6, 1, tzinfo=UTC) + timedelta(hours=hour)


def test_at_is_due_once() -> None:
    """A moment that has come does not come again."""
    moment = datetime(2026, 6, 1, 20, tzinfo=UTC)
    assert next_due("at(2026-06-01T20:00:00)", None, Window(NOON), moment) is None


@pytest.mark.parametrize(
    ("schedule", "timezone", "why"),
    [
        ("cron(0 8 * * ? *)", None, "Not part of the simulated AWS: cron"),
        ("rate(0 minutes)", None, "is no schedule"),
        ("rate(5 seconds)", None, "is no schedule"),
        ("tomorrow", None, "is no schedule"),
        ("at(2026-06-31T20:00:00)", None, "does not exist"),
        ("at(2026-06-01T20:00:00)", "Mars/Olympus", 'no time zone "Mars/Olympus"'),
        ("at(2026-06-01T20:00:00)", "../etc/passwd", "no time zone"),
    ],
)
def test_what_is_no_schedule(schedule: str, timezone: str | None, why: str) -> None:
    """What AWS has no meaning for is refused, and cron as not simulated."""
    with pytest.raises(Refusal, match=why):
        next_due(schedule, timezone, Window(NOON), NOON)
