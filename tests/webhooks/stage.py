"""A receiver in this process, on the simulated AWS and virtual time: requests come in through its web application."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from policies.bindings.event import Handled, RegistryEvent
from policies.errors import RolloutError
from rollway.sandbox.clock import VirtualClock
from rollway.webhooks.inbox import Inbox
from rollway.webhooks.receiver import Receiver
from rollway.webhooks.senders.certificates import Unavailable


@dataclass
class Web:
    """What can be fetched, and what was."""

    pages: dict[str, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes:
        """Return a page."""
        self.fetched.append(url)
        if url not in self.pages:
            raise Unavailable("there is no answer")
        return self.pages[url]


@dataclass
class Handler:
    """The caller's handler: keeps what it is given, and fails when it is told to."""

    given: list[RegistryEvent] = field(default_factory=list)
    failing: Exception | None = None

    def __call__(self, event: RegistryEvent) -> Handled:
        """See to an event."""
        self.given.append(event)
        if self.failing:
            raise self.failing
        return Handled(started=("run-1",), why="as bound")

    def fail(self, why: str = "the registry is away") -> None:
        """Fail from now on."""
        self.failing = RolloutError(why)


@dataclass
class Stage:
    """Where a story plays."""

    receiver: Receiver
    inbox: Inbox
    clock: VirtualClock
    handler: Handler
    web: Web

    def post(self, path: str, body: bytes | AsyncIterator[bytes], headers: Any) -> httpx.Response:
        """Send one request and return the answer."""
        return asyncio.run(self._post(path, body, headers))

    async def _post(self, path: str, body: bytes | AsyncIterator[bytes], headers: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.receiver.app, client=("198.51.100.7", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
            return await client.post(path, content=body, headers=headers)

    def get(self, path: str) -> httpx.Response:
        """Read a page."""
        return self.ask("GET", path)

    def ask(self, method: str, path: str, headers: Any = None) -> httpx.Response:
        """Make any request without a body."""

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.receiver.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(go())

    def work(self) -> None:
        """Have everything handled that is due now."""
        for name in self.receiver.desk.due(self.clock.now()):
            self.receiver.desk.work(name, self.clock.now())
