"""Which data point a second belongs to, and when it can be seen."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.metrics import MetricStore

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
Ask = Callable[..., list[tuple[str, float]]]


def record_at(store: MetricStore, *offsets_s: float) -> None:
    """Record a 1 at each of these seconds after noon."""
    for offset in offsets_s:
        store.record("Test", "m", {}, 1, at=NOON + offset * SECOND)


@pytest.fixture
def later(clock: VirtualClock) -> VirtualClock:
    """The clock, an hour after noon: everything around noon has arrived."""
    clock.advance(HOUR)
    return clock


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (60, [("12:00:00", 2), ("12:01:00", 1), ("12:05:00", 1)]),
        (300, [("12:00:00", 3), ("12:05:00", 1)]),
        (3600, [("12:00:00", 4)]),
        (30, [("12:00:00", 1), ("12:00:30", 1), ("12:01:00", 1), ("12:05:00", 1)]),
        (1, [("12:00:00", 1), ("12:00:59", 1), ("12:01:00", 1), ("12:05:00", 1)]),
    ],
)
def test_periods_are_multiples_of_their_length(
    store: MetricStore, ask: Ask, period: int, expected: list[tuple[str, float]]
) -> None:
    """Periods are aligned to the epoch, contain their first second and not the first of the next."""
    record_at(store, 0, 59.9, 60, 300)
    assert ask(period=period) == expected


@pytest.mark.usefixtures("later")
def test_start_is_inclusive_and_end_exclusive(store: MetricStore, ask: Ask) -> None:
    """A data point belongs to the answer when its first second lies in ``[StartTime, EndTime)``."""
    record_at(store, 0, 60, 120)
    assert ask(start=NOON, end=NOON + 2 * MINUTE) == [("12:00:00", 1), ("12:01:00", 1)]


@pytest.mark.usefixtures("later")
def test_start_is_rounded_down_to_the_minute(store: MetricStore, ask: Ask) -> None:
    """A start within a minute includes that whole minute, as AWS documents."""
    record_at(store, 0, 60)
    assert ask(start=NOON + 17 * SECOND, end=NOON + MINUTE) == [("12:00:00", 1)]


@pytest.mark.usefixtures("later")
def test_start_of_short_periods_is_rounded_down_to_the_period(store: MetricStore, ask: Ask) -> None:
    """With a period of 10 s a start at :23 includes the data point of :20, as in AWS's own example."""
    record_at(store, 10, 20)
    assert ask(period=10, start=NOON + 23 * SECOND, end=NOON + MINUTE) == [("12:00:20", 1)]


@pytest.mark.usefixtures("later")
def test_period_that_begins_before_the_start_is_left_out(store: MetricStore, ask: Ask) -> None:
    """No data point is older than the requested start, also when its period reaches into the window."""
    record_at(store, 120, 300)
    assert ask(period=300, start=NOON + 2 * MINUTE) == [("12:05:00", 1)]


@pytest.mark.usefixtures("later")
def test_missing_minutes_are_absent(store: MetricStore, ask: Ask) -> None:
    """A minute without traffic has no data point, not a zero."""
    record_at(store, 0, 180)
    assert ask("SampleCount") == [("12:00:00", 1), ("12:03:00", 1)]


def test_datum_is_visible_after_the_delay(store: MetricStore, ask: Ask, clock: VirtualClock) -> None:
    """A datum shows up when the delay has passed since its second, and not before."""
    store.delay = timedelta(seconds=90)
    record_at(store, 0)
    clock.advance(timedelta(seconds=89))
    assert ask() == []
    clock.advance(SECOND)
    assert ask() == [("12:00:00", 1)]


def test_late_data_change_a_minute_that_was_read(store: MetricStore, ask: Ask, clock: VirtualClock) -> None:
    """With a delay the newest minute grows between two reads: code that trusts its first look is caught."""
    store.delay = timedelta(seconds=30)
    record_at(store, *range(60))
    clock.advance(MINUTE)
    assert ask() == [("12:00:00", 31)]
    clock.advance(MINUTE)
    assert ask() == [("12:00:00", 60)]


def test_delay_may_change_while_running(store: MetricStore, ask: Ask, clock: VirtualClock) -> None:
    """A fault that raises the delay hides what was visible before; ending it shows it again."""
    record_at(store, 0)
    clock.advance(MINUTE)
    store.delay = timedelta(minutes=3)
    assert ask() == []
    store.delay = timedelta(0)
    assert ask() == [("12:00:00", 1)]


def test_data_from_the_future_wait_for_their_time(store: MetricStore, ask: Ask, clock: VirtualClock) -> None:
    """A timestamp ahead of the clock is invisible until the clock reaches it."""
    record_at(store, 120)
    assert ask() == []
    clock.advance(2 * MINUTE)
    assert ask() == [("12:02:00", 1)]


def test_detail_below_a_minute_lasts_three_hours(store: MetricStore, ask: Ask, clock: VirtualClock) -> None:
    """After three hours periods below a minute give nothing, those of a minute still do."""
    record_at(store, 0, 10, 3600)
    clock.advance(timedelta(hours=3, seconds=5))
    assert ask(period=10, end=NOON + 2 * HOUR) == [("12:00:10", 1), ("13:00:00", 1)]
    assert ask(period=60, end=NOON + 2 * HOUR) == [("12:00:00", 2), ("13:00:00", 1)]
