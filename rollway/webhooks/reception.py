"""What happens to a request at a door, from its first byte to the answer: the checks, the inbox, one line in the log. Never raises.

Nothing is answered with 202 before it is kept, so that a sender that hears anything else may send it again. What is refused uses up
the requests of a source apart from what is authentic, so that a flood of forged requests keeps out none that is signed.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request

from policies.errors import RolloutError
from rollway.webhooks.access import log_fields, source_of
from rollway.webhooks.answers import NOT_FOUND, UNFORESEEN, Answer, acknowledge, refuse
from rollway.webhooks.doors import Door
from rollway.webhooks.figures import Figures
from rollway.webhooks.inbox import Entry, Inbox, name_of
from rollway.webhooks.limits import Buckets, Limits
from rollway.webhooks.senders.certificates import Fetch, Unavailable
from rollway.webhooks.senders.delivery import Accepted, Confirmation, Delivery, Ignored, Reading, Refusal
from rollway.webhooks.workers import Workers

_log = logging.getLogger(__name__)

_RETRY_S: Final = 5
_TYPE: Final = "content-type"

_TOO_LARGE: Final = Refusal(413, "too_large", "the body is longer than this receiver takes")
_TOO_SLOW: Final = Refusal(408, "too_slow", "the body did not arrive in time")
_GONE: Final = Refusal(400, "disconnected", "the sender hung up, or its body is not valid HTTP/1.1")
_BUSY: Final = Refusal(503, "busy", "the event could not be kept in time", retry_after_s=_RETRY_S)
_AWAY: Final = Refusal(503, "store_unavailable", "the event could not be kept: send it again", retry_after_s=_RETRY_S)


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
        workers: where everything runs that reads or writes the journal.
        fetchers: where doors run that may fetch something, so that a slow place elsewhere holds up no other door.
    """

    inbox: Inbox
    figures: Figures
    limits: Limits
    fetch: Fetch
    wake: Callable[[], None]
    now: Callable[[], datetime]
    buckets: Buckets
    workers: Workers
    fetchers: Workers

    async def take(self, door: Door, request: Request) -> Answer:
        """Return the answer to a request."""
        began = time.perf_counter()
        log_fields(request.scope)["sender"] = door.sender
        try:
            async with asyncio.timeout(self.limits.body_s + self.limits.answer_s):
                answer = await self._decide(door, request)
        except TimeoutError:
            answer = refuse(_BUSY)
        except Exception as error:  # noqa: BLE001 - an unforeseen error must not cost an event: its sender repeats it
            _log.error("an error in Rollway", exc_info=error)
            self.buckets.take(f"{door.sender} refused", source_of(request.scope))
            answer = refuse(UNFORESEEN)
        self.figures.requests.labels(door.sender, answer.outcome).inc()
        self.figures.seconds.labels(door.sender).observe(time.perf_counter() - began)
        return answer

    async def _decide(self, door: Door, request: Request) -> Answer:
        if not door.is_open():
            return refuse(NOT_FOUND)
        at = self.now()
        reading = await self._read(door, request, at)
        proven = "refused" if isinstance(reading, Refusal) else "authentic"
        wait_s = self.buckets.take(f"{door.sender} {proven}", source_of(request.scope))
        if wait_s:
            return refuse(Refusal(429, "too_many", "too many requests from this source", retry_after_s=wait_s))
        match reading:
            case Refusal():
                return refuse(reading)
            case Ignored():
                return acknowledge("ignored", "nothing to do", reading.why)
            case Confirmation():
                return await self._confirm(reading)
            case Accepted():
                return await self._put(door, reading, at, log_fields(request.scope))

    async def _read(self, door: Door, request: Request, at: datetime) -> Reading:
        """Check and read a delivery, the cheapest first: nothing of the body is waited for that the headers rule out."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers.raw}
        refusal = self._look_at(door, request) or door.check_headers(Delivery(headers, b"", at))
        if refusal:
            return refusal
        body = await self.read_body(request)
        if isinstance(body, Refusal):
            return body
        log_fields(request.scope)["bytes"] = len(body)
        delivery = Delivery(headers, body, at)
        return await self.fetchers.run(door.read, delivery) if door.fetches else door.read(delivery)

    def _look_at(self, door: Door, request: Request) -> Refusal | None:
        """Check the form of a request before its body is here."""
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

    async def _put(self, door: Door, accepted: Accepted, at: datetime, line: dict[str, Any]) -> Answer:
        given = [Entry(event=event, door=door.sender, received_at=at) for event in accepted.events]
        line["model"] = given[0].event.model
        try:
            entries = [await self.workers.run(self.inbox.identify, entry) for entry in given]
            line["names"] = [name_of(entry.event) for entry in entries]
            is_new = [await self.workers.run(self.inbox.put, entry) for entry in entries]
        except RolloutError as error:
            line["why"] = str(error)
            return refuse(_AWAY)
        self.wake()
        ids = [entry.event.id for entry in entries]
        return (
            acknowledge("accepted", "accepted", ids=ids)
            if any(is_new)
            else acknowledge("known", "known already", ids=ids)
        )

    async def _confirm(self, confirmation: Confirmation) -> Answer:
        try:
            await self.fetchers.run(self.fetch, confirmation.url)
        except Unavailable:
            return refuse(Refusal(503, "unavailable", "SNS cannot be reached now", retry_after_s=_RETRY_S))
        return acknowledge("confirmed", "nothing to do", "the subscription is confirmed")


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
