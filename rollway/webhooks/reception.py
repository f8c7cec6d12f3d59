"""What happens to a request at a door, from its first byte to the answer: the checks, the inbox, one line in the log. Never raises.

Nothing is answered with 202 before it is kept, so that a sender that hears anything else may send it again.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request

from policies.errors import RolloutError
from rollway.webhooks.doors import Door
from rollway.webhooks.figures import Figures
from rollway.webhooks.inbox import Entry, Inbox, name_of
from rollway.webhooks.limits import Buckets, Limits
from rollway.webhooks.logs import fields
from rollway.webhooks.senders.certificates import Fetch, Unavailable
from rollway.webhooks.senders.delivery import Accepted, Confirmation, Delivery, Ignored, Reading, Refusal

_log = logging.getLogger(__name__)

ACCEPTED: Final = 202
_RETRY_S: Final = 5
_THREADS: Final = 16
_TYPE: Final = "content-type"

NO_DOOR: Final = Refusal(404, "not_found", "there is nothing here")
_TOO_LARGE: Final = Refusal(413, "too_large", "the body is longer than this receiver takes")
_TOO_SLOW: Final = Refusal(408, "too_slow", "the body did not arrive in time")
_GONE: Final = Refusal(400, "disconnected", "the sender hung up")
_BUSY: Final = Refusal(503, "busy", "the event could not be kept in time", retry_after_s=_RETRY_S)
_AWAY: Final = Refusal(503, "store_unavailable", "the event could not be kept: send it again", retry_after_s=_RETRY_S)
_UNFORESEEN: Final = Refusal(503, "unforeseen", "an error in Rollway: send it again", retry_after_s=_RETRY_S)


@dataclass(frozen=True)
class Answer:
    """What a sender is told.

    Attributes:
        status: the HTTP status.
        body: the JSON document.
        headers: more headers.
        outcome: for the count and the log: ``accepted``, ``known``, ``ignored``, ``confirmed`` or a refusal's code.
    """

    status: int
    body: dict[str, Any]
    outcome: str
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Reception:
    """Takes requests.

    Attributes:
        inbox: keeps events.
        figures: counts.
        limits: what a request and a source may ask for.
        fetch: confirms a subscription.
        wake: is called when an event was kept.
        now: tells the time.
        buckets: of the sources.
        threads: where everything runs that may take a while.
    """

    inbox: Inbox
    figures: Figures
    limits: Limits
    fetch: Fetch
    wake: Callable[[], None]
    now: Callable[[], datetime]
    buckets: Buckets
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_THREADS, "rollway-reception"))

    async def take(self, door: Door, request: Request) -> Answer:
        """Return the answer to a request."""
        began = time.perf_counter()
        told: dict[str, Any] = {"sender": door.sender, "source": request.client.host if request.client else ""}
        try:
            answer = await self._decide(door, request, told)
        except Exception as error:  # noqa: BLE001 - an unforeseen error must not cost an event: its sender repeats it
            _log.error("an error in Rollway", exc_info=error)
            answer = refuse(_UNFORESEEN)
        self.figures.requests.labels(door.sender, answer.outcome).inc()
        self.figures.seconds.labels(door.sender).observe(time.perf_counter() - began)
        level = logging.INFO if answer.status == ACCEPTED else logging.WARNING
        _log.log(level, answer.outcome, extra=fields(**told, status=answer.status))
        return answer

    async def _decide(self, door: Door, request: Request, told: dict[str, Any]) -> Answer:
        refusal = self._look_at(door, request)
        if refusal:
            return refuse(refusal)
        body = await self.read_body(request)
        if isinstance(body, Refusal):
            return refuse(body)
        told["bytes"] = len(body)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers.raw}
        try:
            async with asyncio.timeout(self.limits.answer_s):
                return await self._keep(door, Delivery(headers, body, self.now()), told)
        except TimeoutError:
            return refuse(_BUSY)

    def _look_at(self, door: Door, request: Request) -> Refusal | None:
        """Check what can be told before the body is here."""
        if not door.is_open():
            return NO_DOOR
        wait_s = self.buckets.take(door.sender, request.client.host if request.client else "")
        if wait_s:
            return Refusal(429, "too_many", "too many requests from this source", retry_after_s=wait_s)
        for name in (_TYPE, *door.headers):
            if len(request.headers.getlist(name)) > 1:
                return Refusal(400, "ambiguous", f"the header {name} is there more than once")
        if not _is_plain(request, door.media):
            kinds = " or ".join(sorted(door.media))
            return Refusal(415, "wrong_type", f"the content type has to be {kinds} in UTF-8, not compressed")
        length = request.headers.get("content-length", "")
        return _TOO_LARGE if length.isdecimal() and int(length[:20]) > self.limits.body_bytes else None

    async def read_body(self, request: Request) -> bytes | Refusal:
        """Return a body, or why it is not taken: no more of it than is allowed, and for no longer, is waited for."""
        try:
            async with asyncio.timeout(self.limits.body_s):
                return await _gather(request.stream(), self.limits.body_bytes)
        except TimeoutError:
            return _TOO_SLOW
        except ClientDisconnect:
            return _GONE

    async def _keep(self, door: Door, delivery: Delivery, told: dict[str, Any]) -> Answer:
        """Read a delivery and keep its events."""
        reading: Reading = await self._aside(door.read, delivery) if door.fetches else door.read(delivery)
        match reading:
            case Refusal():
                return refuse(reading)
            case Ignored():
                return _taken("ignored", "nothing to do", reading.why)
            case Confirmation():
                return await self._confirm(reading)
            case Accepted():
                return await self._put(door, reading, delivery.at, told)

    async def _put(self, door: Door, accepted: Accepted, at: datetime, told: dict[str, Any]) -> Answer:
        given = [Entry(event=event, door=door.sender, received_at=at) for event in accepted.events]
        told["model"] = given[0].event.model
        try:
            entries = [await self._aside(self.inbox.identify, entry) for entry in given]
            told["names"] = [name_of(entry.event) for entry in entries]
            is_new = [await self._aside(self.inbox.put, entry) for entry in entries]
        except RolloutError as error:
            told["why"] = str(error)
            return refuse(_AWAY)
        self.wake()
        ids = [entry.event.id for entry in entries]
        return _taken("accepted", "accepted", ids=ids) if any(is_new) else _taken("known", "known already", ids=ids)

    async def _confirm(self, confirmation: Confirmation) -> Answer:
        try:
            await self._aside(self.fetch, confirmation.url)
        except Unavailable:
            return refuse(Refusal(503, "unavailable", "SNS cannot be reached now", retry_after_s=_RETRY_S))
        return _taken("confirmed", "nothing to do", "the subscription is confirmed")

    async def _aside(self, function: Callable[..., Any], *arguments: object) -> Any:  # noqa: ANN401 - whatever it returns
        return await asyncio.get_running_loop().run_in_executor(self.threads, function, *arguments)


def refuse(refusal: Refusal) -> Answer:
    """Return the answer to a request that is not let in."""
    error = {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}
    headers = {"retry-after": str(refusal.retry_after_s)} if refusal.retry_after_s else {}
    return Answer(refusal.status, {"error": error}, refusal.code, headers)


def _taken(outcome: str, status: str, why: str = "", ids: list[str] | None = None) -> Answer:
    return Answer(ACCEPTED, {"status": status, "ids": ids or [], "why": why}, outcome)


def _is_plain(request: Request, media: frozenset[str]) -> bool:
    """Say whether a body is of one of these types, in UTF-8 and not compressed."""
    kind, *parameters = (part.strip().lower() for part in request.headers.get(_TYPE, "").split(";"))
    charsets = {part.partition("=")[2].strip('" ') for part in parameters if part.startswith("charset")}
    encoding = request.headers.get("content-encoding", "identity").lower()
    return kind in media and charsets <= {"utf-8", "utf8"} and encoding == "identity"


async def _gather(parts: AsyncIterator[bytes], limit: int) -> bytes | Refusal:
    """Return a body, of which no more is kept than is allowed."""
    body = bytearray()
    async for part in parts:
        body += part
        if len(body) > limit:
            return _TOO_LARGE
    return bytes(body)
