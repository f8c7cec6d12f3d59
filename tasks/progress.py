"""The candidate's share as a progress bar in Prefect's UI, kept up to date without the loop ever waiting for it.

Prefect's client goes on trying for more than a minute when its server is away. A rollout, least of all one on its way back, must not
stand still for so long: the newest value is sent by a task of its own, and values that it has overtaken are not sent at all.
"""

import asyncio
import logging
from datetime import timedelta
from uuid import UUID

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact

log = logging.getLogger(__name__)


class ProgressBar:
    """One progress artifact, from 0 to 100. Nothing here raises, and only ``settle`` waits."""

    def __init__(self) -> None:
        self._artifact: UUID | None = None
        self._wanted: tuple[float, str] | None = None
        self._sending: asyncio.Task[None] | None = None

    def move(self, key: str, percent: float, told: str) -> None:
        """Have the bar show a value, soon.

        Args:
            key: the artifact's key.
            percent: the value.
            told: what to say beside it.
        """
        self._wanted = (percent, told)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send(key))

    async def settle(self, limit: timedelta) -> None:
        """Wait until the newest value is shown or could not be, at most so long."""
        if self._sending is not None:
            await asyncio.wait({self._sending}, timeout=limit.total_seconds())

    async def _send(self, key: str) -> None:
        while self._wanted is not None:
            (percent, told), self._wanted = self._wanted, None
            try:
                await self._publish(key, percent, told)
            except Exception as error:  # noqa: BLE001 - whatever it is, a bar that is not shown is no reason to stop
                log.warning("could not show the progress in Prefect: %r", error)

    async def _publish(self, key: str, percent: float, told: str) -> None:
        if self._artifact is None:
            self._artifact = await acreate_progress_artifact(percent, key=key, description=told)
        else:
            await aupdate_progress_artifact(self._artifact, percent, description=told)
