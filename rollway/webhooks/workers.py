"""Threads for whatever may take a while, such as the journal. What waits for one is bounded, so that a slow journal costs no memory."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore
from typing import Any


class Workers:
    """A few threads, and a queue before them that has an end."""

    def __init__(self, name: str, threads: int, most: int) -> None:
        """Start none yet.

        Args:
            name: of the threads.
            threads: how many work side by side.
            most: calls at a time, at work or waiting.
        """
        self._threads = ThreadPoolExecutor(threads, name)
        self._places = BoundedSemaphore(most)

    async def run(self, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - whatever it returns
        """Call a function in a thread. A caller that waits no longer leaves the call running, and it keeps its place until its end.

        Raises:
            TimeoutError: too many calls wait already.
        """
        if not self._places.acquire(blocking=False):
            raise TimeoutError("too many calls wait for a thread")
        call = self._threads.submit(function, *arguments)
        call.add_done_callback(self._leave)
        return await asyncio.shield(asyncio.wrap_future(call))

    def stop(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _leave(self, _call: Future[Any]) -> None:
        self._places.release()
