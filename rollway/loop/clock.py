"""Time as the loop knows it: an argument, so tests run hours in milliseconds."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from rollway.aws.session import Aws

JITTER: Final = 0.1
"""Waits are stretched by up to this part of their length, so that many rollouts do not ask AWS in step."""


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        ...

    async def sleep(self, length: timedelta, wake: asyncio.Event) -> None:
        """Let time pass, until it has or until somebody wakes the sleeper."""
        ...


class AwsClock:
    """AWS's time, as its latest answers state it, on top of a local clock.

    One clock for everything that is compared with what AWS dates: metrics, leases, schedules, and what other hosts have written. Until the
    first answer it is the local time.
    """

    def __init__(self, aws: Aws, local: "Clock | None" = None) -> None:
        """Correct a local clock, by default the machine's, by the answers to these clients."""
        self._local = local or SystemClock()
        self._time = aws.answers.correct(self._local.now)

    def now(self) -> datetime:
        """Return AWS's present time."""
        return self._time.now()

    async def sleep(self, length: timedelta, wake: asyncio.Event) -> None:
        """Let time pass as the local clock does."""
        await self._local.sleep(length, wake)


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's present moment in UTC."""
        return datetime.now(UTC)

    async def sleep(self, length: timedelta, wake: asyncio.Event) -> None:
        """Wait, a little longer than asked; return at once when woken."""
        seconds = length.total_seconds() * (1 + JITTER * random.random())  # noqa: S311 - not for secrets
        try:
            await asyncio.wait_for(wake.wait(), seconds)
        except TimeoutError:
            return
