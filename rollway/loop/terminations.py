"""SIGTERM and SIGINT, delivered to everything that one event loop drives, however many rollouts that is."""

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any, Final
from weakref import WeakKeyDictionary

Listener = Callable[[str], object]
"""Is called in the event loop with the reason, such as ``SIGTERM received``. Must return at once."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@dataclass
class _Registry:
    """The listeners of one event loop, and the handlers that were in place before the first of them.

    ``signal.signal`` is used rather than the event loop's own registration: only so can every earlier handler be restored.
    """

    loop: asyncio.AbstractEventLoop
    listeners: dict[object, Listener] = field(default_factory=dict[object, Listener])
    earlier: dict[signal.Signals, Any] = field(default_factory=dict[signal.Signals, Any])

    def add(self, key: object, listener: Listener) -> None:
        if not self.listeners:
            self._install()
        self.listeners[key] = listener

    def remove(self, key: object) -> None:
        del self.listeners[key]
        if not self.listeners:
            self._restore()

    def _install(self) -> None:
        for number in _SIGNALS:
            try:
                self.earlier[number] = signal.signal(number, self._receive)
            except (
                ValueError
            ):  # only the main thread receives signals; elsewhere the process's owner has to stop the rollouts
                return

    def _restore(self) -> None:
        for number, handler in self.earlier.items():
            # None stands for a handler that was not installed from Python and cannot be restored from it.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self.earlier.clear()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        """Pass the signal on to the event loop: a handler may run between any two instructions."""
        del frame
        self.loop.call_soon_threadsafe(partial(self._notify, f"{signal.Signals(number).name} received"))

    def _notify(self, reason: str) -> None:
        for listener in list(self.listeners.values()):
            listener(reason)


_registries: "WeakKeyDictionary[asyncio.AbstractEventLoop, _Registry]" = WeakKeyDictionary()


@contextmanager
def terminations_sent_to(listener: Listener) -> Generator[None]:
    """Call the listener for every SIGTERM and SIGINT while the block runs, beside all other listeners of this event loop.

    The handlers are installed with the first listener and the earlier ones restored after the last, in whatever order they leave. Outside
    of the main thread nothing is installed: Python delivers no signals there.
    """
    loop = asyncio.get_running_loop()
    registry = _registries.get(loop)
    if registry is None:
        registry = _registries[loop] = _Registry(loop)
    key = object()
    registry.add(key, listener)
    try:
        yield
    finally:
        registry.remove(key)
