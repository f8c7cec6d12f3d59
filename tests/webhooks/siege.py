"""A siege of a receiver, from one address: silent connections, hostile requests, genuine deliveries, and a watch on its health.

Everything is bounded in count, and goes to 127.0.0.1 alone.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.webhooks import signing
from tests.webhooks.served import SECRET
from tests.webhooks.wire import HEALTH, post, status_of

PATIENCE_S = 60.0
_PAUSE_S = 0.25
_HOSTILE_AT_A_TIME = 40
_GENUINE_AT_A_TIME = 4
"""With a pause after each, below the 20 a second that one source may send."""
_TRICKLE_S = 0.5


@dataclass
class Siege:
    """Clients of a receiver, and what they saw.

    Attributes:
        port: the receiver's.
        is_up: set while a receiver runs; what fails while it is not set is not counted against it.
        hostile: statuses of the hostile requests.
        first: statuses of the genuine deliveries at their first try, 0 for no answer.
        health: statuses of the health check.
        again: genuine deliveries that had to be sent again since the receiver was killed meanwhile.
        silent: how often a silent connection was opened.
    """

    port: int
    is_up: asyncio.Event = field(default_factory=asyncio.Event)
    hostile: Counter[int] = field(default_factory=Counter[int])
    first: Counter[int] = field(default_factory=Counter[int])
    health: Counter[int] = field(default_factory=Counter[int])
    again: int = 0
    silent: int = 0
    kills: int = 0

    async def ask(self, request: bytes) -> int:
        """Send a request and return the status; 0 where the connection ends without an answer."""
        answer = b""
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    writer.write(request)
                    with suppress(ConnectionError):
                        await writer.drain()
                    answer = await reader.read()
                finally:
                    writer.close()
        return status_of(answer)

    async def stay_silent(self, number: int) -> None:
        """Keep a connection open without ever ending a request; when it is closed, open the next."""
        while True:
            start, trickle = silent(number)
            with suppress(ConnectionError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                self.silent += 1
                try:
                    writer.write(start)
                    while not reader.at_eof():
                        writer.write(trickle)
                        await writer.drain()
                        with suppress(TimeoutError):
                            async with asyncio.timeout(_TRICKLE_S):
                                await reader.read(4096)
                finally:
                    writer.close()
            await asyncio.sleep(_PAUSE_S)

    async def deliver(self, number: int) -> None:
        """Send a genuine delivery, again and again until it is taken, as its sender does."""
        is_first = True
        while True:
            await self.is_up.wait()
            kills = self.kills
            body, headers = signing.mlflow(signing.alias_set(), SECRET, datetime.now(UTC), f"siege-{number}")
            status = await self.ask(post("/mlflow", body, headers))
            was_killed = kills != self.kills or not self.is_up.is_set()
            if is_first and not was_killed:
                self.first[status] += 1
            is_first = False
            self.again += was_killed
            await asyncio.sleep(_PAUSE_S)
            if status == 202:
                return

    async def watch(self) -> None:
        """Ask for the health all the time."""
        while True:
            await self.is_up.wait()
            kills = self.kills
            status = await self.ask(HEALTH)
            if kills == self.kills and self.is_up.is_set():
                self.health[status] += 1
            await asyncio.sleep(_PAUSE_S)

    async def attack(self, number: int) -> None:
        """Send one hostile request."""
        await self.is_up.wait()
        self.hostile[await self.ask(hostile(number))] += 1


def hostile(number: int) -> bytes:
    """Return the n-th hostile request."""
    body, headers = signing.mlflow(signing.alias_set(), SECRET, datetime.now(UTC), f"hostile-{number}")
    old = signing.mlflow(signing.alias_set(), SECRET, datetime(2020, 1, 1, tzinfo=UTC), f"hostile-{number}")
    chunked = headers | {"transfer-encoding": "chunked"}
    return (
        post("/mlflow", body + b" ", headers),  # forged
        post("/mlflow", b"x" * 60_000, headers),  # forged, and as long as may be
        post("/mlflow", *old),  # recorded long ago
        post("/mlflow", body, {}),  # unsigned
        post("/mlflow", b" " * 200_000, headers),  # too long
        post("/mlflow", b"1\r\n \r\n" * 10_000, chunked).replace(b"content-length", b"x-length"),
        post("/mlflow", b"zz\r\n", chunked).replace(b"content-length", b"x-length"),
        b"GET /" + b"a" * 30_000,
        b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        f"GET /approvals/{number}.{random.random()} HTTP/1.1\r\nhost: a\r\n\r\n".encode(),
        f"PUT /{number}/ HTTP/1.1\r\nhost: evil.example\r\n\r\n".encode(),
        random.randbytes(200) + b"\r\n\r\n",
    )[number % 12]


def silent(number: int) -> tuple[bytes, bytes]:
    """Return how the n-th silent connection begins, and what it sends now and then."""
    _, headers = signing.mlflow(b"", SECRET, datetime.now(UTC))
    return (
        (b"", b""),
        (b"POST /mlfl", b""),
        (b"POST /mlflow HTTP/1.1\r\nhost: a\r\n", b"x-endless: header\r\n"),
        (post("/mlflow", b"", headers).replace(b"length: 0", b"length: 60000"), b" "),  # a body without end
    )[number % 4]


async def in_turn(act: Callable[[int], Awaitable[None]], count: int, at_a_time: int) -> None:
    """Do something so many times, some of them side by side."""
    numbers = iter(range(count))

    async def go_on() -> None:
        for number in numbers:
            await act(number)

    await asyncio.gather(*(go_on() for _ in range(at_a_time)))


async def lay(siege: Siege, hostile_count: int, genuine_count: int, silent_count: int) -> None:
    """Lay the siege, and return when every hostile request was sent and every genuine delivery was taken."""
    lasting = [asyncio.create_task(siege.stay_silent(number)) for number in range(silent_count)]
    lasting.append(asyncio.create_task(siege.watch()))
    try:
        await asyncio.gather(
            in_turn(siege.attack, hostile_count, _HOSTILE_AT_A_TIME),
            in_turn(siege.deliver, genuine_count, _GENUINE_AT_A_TIME),
        )
    finally:
        for each in lasting:
            each.cancel()
        await asyncio.gather(*lasting, return_exceptions=True)
