"""Durations and percentages as users write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.values import format_duration, format_percent, parse_duration, parse_percent


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h30m", 5400), ("2d", 172_800), ("0s", 0), ("1.5s", 1.5), (" 1h 5m ", 3900)],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    """Every unit, their combinations and a fraction of a second mean what they say."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["10", "", " ", "m", "-5m", "5 min", "1.5h", "5m10h", 10, 1.5, None, True, [], "١m٢"])
def test_what_is_no_duration_is_refused(value: object) -> None:
    """A bare number or a unit nobody knows is a mistake, not a guess."""
    with pytest.raises(ValueError, match="is no duration; write a number with its unit"):
        parse_duration(value)


@pytest.mark.parametrize("text", ["366d", "9999999999999d"])
def test_a_duration_beyond_a_year_is_refused(text: str) -> None:
    """A slipped digit is told to the user and never overflows a date."""
    with pytest.raises(ValueError, match="is too long; the longest is 365d"):
        parse_duration(text)


@given(st.integers(0, 365 * 86_400))
def test_whole_seconds_survive_writing_and_reading(seconds: int) -> None:
    """A policy written to the journal comes back with the same durations."""
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.25, "0.2s"), (9.5, "9.5s"), (60, "1m"), (5400, "1h30m"), (90_061, "1d1h1m1s")]
)
def test_a_duration_is_written(seconds: float, text: str) -> None:
    """People read durations the way they write them."""
    assert format_duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(("text", "fraction"), [("5%", 0.05), ("0.5%", 0.005), ("100 %", 1.0), ("0%", 0.0)])
def test_a_percentage_is_read_and_written(text: str, fraction: float) -> None:
    """A percentage is a fraction inside and a percentage outside."""
    assert parse_percent(text) == pytest.approx(fraction)
    assert parse_percent(format_percent(fraction)) == pytest.approx(fraction)


@pytest.mark.parametrize("value", ["5", "5 percent", "-5%", "", "%", 5, 0.05, None])
def test_what_is_no_percentage_is_refused(value: object) -> None:
    """Without its sign, nobody knows whether 5 is five percent or five times."""
    with pytest.raises(ValueError, match="write it with its sign"):
        parse_percent(value)
