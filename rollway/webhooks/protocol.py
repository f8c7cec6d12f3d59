"""HTTP/1.1 as uvicorn speaks it, with what uvicorn has no options for: deadlines, and places for connections.

uvicorn bounds neither the time to the first byte, nor that to the last header, nor that in which an answer is read
(docs/adr/0034-a-request-a-connection.md). Each connection has one request: uvicorn is configured to close it with the answer.
"""

import json
import logging
import re
import select
import sys
from dataclasses import dataclass
from typing import Any, Final, cast

import h11
from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from rollway.webhooks.access import replace_outcome
from rollway.webhooks.answers import PROTECTION, Answer, refuse
from rollway.webhooks.connections import Connections
from rollway.webhooks.figures import Figures
from rollway.webhooks.limits import Limits, network_of
from rollway.webhooks.logs import fields
from rollway.webhooks.proxies import Proxies
from rollway.webhooks.senders.delivery import Refusal

_log = logging.getLogger(__name__)

_SLICE_BYTES: Final = 4096
"""How much is parsed at a time, so that no limit is passed by much in one go."""
_HEAD_LINES: Final = 128
"""The most lines of a head: each costs the parser some 4 µs, in which nothing else is served."""
_CHUNK_LINES: Final = 512
"""The most lines of a chunked body: a chunk costs two, and the parser some 30 µs."""
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_LONGEST_END: Final = 3
_SLACK_BYTES: Final = 16_384
"""What chunked coding may add to a body."""
_SLOW: Final = Refusal(408, "too_slow", "the headers did not arrive in time")
_TOO_MANY_LINES: Final = Refusal(431, "head_too_long", f"the head has more than {_HEAD_LINES} lines")
_CHUNKED_TOO_FINELY: Final = Refusal(400, "malformed_http", "the body comes in too many chunks")
_REASONS: Final = (
    "illegal request line",
    "illegal header line",
    "continuation line at start of headers",
    "no request line received",
    "Missing mandatory Host",
    "Found multiple Host",
    "bad Content-Length",
    "conflicting Content-Length",
    "multiple Transfer-Encoding",
    "Only Transfer-Encoding: chunked is supported",
    "Receive buffer too long",
    "illegal chunk header",
    "malformed chunk footer",
)
"""How h11's messages begin. What follows repeats what was sent, which may be a secret, so only these words are logged."""


@dataclass(frozen=True)
class Shared:
    """What all connections share.

    Attributes:
        connections: the open ones.
        limits: of time and bytes.
        figures: counts.
        proxies: those that stand for many sources.
    """

    connections: Connections
    limits: Limits
    figures: Figures
    proxies: Proxies


class BoundedProtocol(H11Protocol):
    """One connection."""

    def __init__(self, shared: Shared, **uvicorns: Any) -> None:  # noqa: ANN401 - whatever uvicorn gives its own
        """Be ready for a connection.

        Args:
            shared: what all connections share.
            uvicorns: uvicorn's own arguments.
        """
        super().__init__(**uvicorns)
        self._shared = shared
        self._received = 0
        self._head_lines = self._chunk_lines = 0
        self._tail = b""

    @property
    def source(self) -> str:
        """The address or network that it comes from."""
        return network_of(self.client[0]) if self.client else ""

    @property
    def is_proxy(self) -> bool:
        """Whether it comes from a trusted proxy."""
        return self.client is not None and self.client[0] in self._shared.proxies

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - asyncio's transport of this kind
        """Take a place, and begin to count the time."""
        super().connection_made(transport)
        limits = self._shared.limits
        self._head_deadline = self.loop.call_later(limits.head_s, self._end_head)
        self._deadline = self.loop.call_later(limits.connection_s, self._cut, "overlong")
        displaced = self._shared.connections.admit(self)
        if displaced:
            displaced.displace()
        self._shared.figures.connections.set(len(self._shared.connections))

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._head_deadline.cancel()
        self._deadline.cancel()
        self._shared.connections.remove(self)
        self._shared.figures.connections.set(len(self._shared.connections))
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, a little at a time; more than any request may have is dropped, until its time is over."""
        most = self._shared.limits.head_bytes + self._shared.limits.body_bytes + _SLACK_BYTES
        taken = min(len(data), max(0, most - self._received))
        self._received += len(data)
        for start in range(0, taken, _SLICE_BYTES):
            if self.transport.is_closing() or self.is_whole:
                return
            part = data[start : start + _SLICE_BYTES]
            if self._request is None and self._has_too_many_lines(part):
                self._refuse(_TOO_MANY_LINES)
                return
            super().data_received(part)
            self._count_chunks(part)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, when uvicorn finds that; the error that it has found is being handled."""
        error = sys.exception()
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        status = hint if self._request is None else 400
        reason = next((each for each in _REASONS if str(error).startswith(each)), msg)
        self._refuse(Refusal(status, "malformed_http", f"not valid HTTP/1.1: {reason}"))

    def may_be_displaced(self) -> bool:
        """Whether it waits for its sender: for the rest of the request, or for the answer to be read."""
        return self.transport.is_closing() or (not self.is_whole and not self._has_input())

    def displace(self) -> None:
        """Close it at once, for a newcomer."""
        self._cut("displaced")

    @property
    def is_whole(self) -> bool:
        """Whether all of its one request is here. What comes after that is not looked at."""
        return self._request is not None and not self._request.more_body

    @property
    def _request(self) -> RequestResponseCycle | None:
        """The request, once its head is here: what uvicorn's own type for it leaves out."""
        return self.cycle

    def _has_too_many_lines(self, part: bytes) -> bool:
        """Count the lines of the head; those of the body that come with its end are not among them."""
        seen = self._tail + part
        end = _HEAD_END.search(seen)
        self._head_lines += seen.count(b"\n", len(self._tail), end.end() if end else len(seen))
        self._tail = seen[-_LONGEST_END:]
        return self._head_lines > _HEAD_LINES

    def _count_chunks(self, part: bytes) -> None:
        if self._request is None:
            return
        self._head_deadline.cancel()
        if any(name == b"transfer-encoding" for name, _ in self.headers):
            self._chunk_lines += part.count(b"\n")
            if self._chunk_lines > _CHUNK_LINES and not self.transport.is_closing():
                self._refuse(_CHUNKED_TOO_FINELY)

    def _has_input(self) -> bool:
        """Whether something came that was not read yet."""
        poll = select.poll()
        poll.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _end_head(self) -> None:
        if self._received:
            self._refuse(_SLOW)
        else:
            self._cut("silent")

    def _cut(self, why: str) -> None:
        self._shared.figures.cut.labels(why).inc()
        self.transport.abort()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer, and close for good."""
        answer = refuse(refusal)
        is_first = self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}
        if is_first:
            self._write(answer)
        if self._request is None:
            _log.warning(answer.outcome, extra=fields(source=self.source, status=answer.status, why=answer.why))
        else:  # the application, which waits for the body, has the line in the log
            if is_first:
                replace_outcome(cast("Scope", self.scope), answer)
            self._request.disconnected = True
            self._request.message_event.set()
        self.transport.close()

    def _write(self, answer: Answer) -> None:
        body = json.dumps(answer.body).encode()
        described = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
        head = h11.Response(status_code=answer.status, headers=list((PROTECTION | described).items()))
        has_body = self._request is None or self.scope["method"] != "HEAD"
        for event in (head, *([h11.Data(data=body)] if has_body else []), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
