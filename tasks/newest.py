"""Showing the newest of several values in Prefect's UI, without the loop ever waiting for it.

Prefect's client goes on trying for more than a minute when its server is away. A rollout, least of all one on its way back, must not
stand still for so long: the newest value is sent by a task of its own, and values that it has overtaken are not sent at all.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class NewestOnly(Generic[T]):
    """Sends the newest of the values that it is given. Nothing here raises, and only ``settle`` waits."""

    def __init__(self, what: str, publish: Callable[[T], Awaitable[None]]) -> None:
        """Begin with nothing to send.

        Args:
            what: what is sent, for the log.
            publish: sends a value.
        """
        self._what = what
        self._publish = publish
        self._wanted: list[T] = []
        self._sending: asyncio.Task[None] | None = None

    def show(self, value: T) -> None:
        """Have a value sent, soon."""
        self._wanted = [value]
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def settle(self, limit: timedelta) -> None:
        """Wait until the newest value was sent or could not be, at most so long."""
        if self._sending is not None:
            await asyncio.wait({self._sending}, timeout=limit.total_seconds())

    async def _send(self) -> None:
        while self._wanted:
            try:
                await self._publish(self._wanted.pop())
            except Exception as error:  # noqa: BLE001 - whatever it is, what is not shown is no reason to stop
                log.warning("could not show %s in Prefect: %r", self._what, error)
