"""The simulated AWS's idea of now: an argument everywhere, so hours can pass in milliseconds.

Nothing in the simulator may ask the operating system for the time; it asks its clock.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the present moment in UTC."""

    def now(self) -> datetime:
        """Return the present moment, timezone-aware, in UTC."""
        ...


class WallClock:
    """The machine's own clock: what the sandbox server runs on."""

    def now(self) -> datetime:
        """Return the machine's present moment in UTC."""
        return datetime.now(UTC)


class VirtualClock:
    """A clock that moves only when told to: what tests run on."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """Return the moment that the clock was last moved to."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move forward.

        Raises:
            ValueError: when asked to move backwards.
        """
        if by < timedelta(0):
            raise ValueError(f"a clock only moves forward, not by {by}")
        self._now += by
