"""Handing a message to its addresses, all at once, so that none has to wait for another that is silent."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from policies.notices.notice import Level
from policies.notices.rendering import Message
from policies.notices.spec import Route
from rollway.notices.loading import Notifications, Target
from rollway.notices.services import LIMIT

_SPARED_FOR: Final = timedelta(seconds=30)
"""How long an address is left alone that has let a message wait for the whole time: the next ones shall not wait behind it."""


class Dispatch:
    """The addresses of a notifications file, in use. Threads may share it."""

    def __init__(self, notifications: Notifications, limit: timedelta = LIMIT) -> None:
        self.routes = notifications.routes
        self._source = notifications.source
        self._targets = {target.name: target for targets in notifications.targets.values() for target in targets}
        self._names = {route: tuple(each.name for each in targets) for route, targets in notifications.targets.items()}
        self._limit = limit
        self._silent: dict[str, datetime] = {}
        self._lock = Lock()

    def names_of(self, routes: Collection[Route]) -> tuple[str, ...]:
        """Return the names of the addresses that routes lead to."""
        return tuple(name for route in routes for name in self._names[route.name])

    def send(self, messages: Mapping[str, Message], level: Level, now: datetime) -> dict[str, str | None]:
        """Send each address its message; return by address why that failed, or None where it was taken. Never raises."""
        if not messages:
            return {}
        with ThreadPoolExecutor(len(messages), "notices") as pool:
            answers = {name: pool.submit(self._send, name, message, level, now) for name, message in messages.items()}
        return {name: answer.result() for name, answer in answers.items()}

    def _send(self, name: str, message: Message, level: Level, now: datetime) -> str | None:
        target: Target | None = self._targets.get(name)
        if target is None:
            return f"there is no {name} in {self._source}"
        with self._lock:
            silent_since = self._silent.get(name)
        if silent_since is not None and now - silent_since < _SPARED_FOR:
            return f"not tried: it was silent at {silent_since:%H:%M:%S} UTC"
        why = target.service.send(message, level, self._limit)
        with self._lock:
            if why and why.startswith("no answer"):
                self._silent[name] = now
            else:
                self._silent.pop(name, None)
        return why
