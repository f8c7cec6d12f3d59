"""The background of a receiver: looks into the inbox, has a few events handled at a time, and ends when it is told to."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from policies.errors import RolloutError
from rollway.webhooks.desk import LOOK_EVERY, Desk
from rollway.webhooks.logs import fields

_log = logging.getLogger(__name__)

_AT_A_TIME: Final = 4
"""Events that are handled side by side, so that one that hangs does not hold the others up."""


class Dispatcher:
    """Runs a desk."""

    def __init__(self, desk: Desk, now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._now = now
        self._woken = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._ending = False
        self._threads = ThreadPoolExecutor(_AT_A_TIME + 1, "rollway-desk")

    def wake(self) -> None:
        """Have it look at once: something came."""
        self._woken.set()

    async def run(self) -> None:
        """Look at once, whenever it is woken, and every ten seconds, until ``stop``."""
        while not self._ending:
            self._woken.clear()
            pause_s = await self._look()
            try:
                await asyncio.wait_for(self._woken.wait(), pause_s)
            except TimeoutError:
                continue

    async def stop(self, within_s: float) -> None:
        """Begin nothing more, and give what is being handled some seconds to end; what does not is found open by the next process."""
        self._ending = True
        self.wake()
        if self._busy:
            await asyncio.wait(self._busy.values(), timeout=within_s)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _look(self) -> float:
        """Begin what is due, and return the seconds until the next look."""
        loop = asyncio.get_running_loop()
        now = self._now()
        try:
            names = await loop.run_in_executor(self._threads, self._desk.due, now)
        except Exception as error:  # noqa: BLE001 - whatever it is, events stay in the inbox, and it is read again
            why = str(error) if isinstance(error, RolloutError) else type(error).__name__
            _log.error("the inbox cannot be read", extra=fields(why=why))
            return LOOK_EVERY.total_seconds()
        for name in names:
            if len(self._busy) >= _AT_A_TIME or self._ending:
                break
            if name not in self._busy:
                self._busy[name] = asyncio.create_task(self._work(name))
        return self._desk.next_look(now).total_seconds() if not self._busy else LOOK_EVERY.total_seconds()

    async def _work(self, name: str) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._desk.work, name, self._now())
        finally:
            del self._busy[name]
            self.wake()
