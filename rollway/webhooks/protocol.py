"""HTTP/1.1 as uvicorn speaks it, with what uvicorn has no options for: deadlines, and places for connections.

uvicorn bounds neither the time to the first byte, nor that to the last header, nor that in which an answer is read
(docs/adr/0034-a-request-a-connection.md). Each connection has one request: uvicorn is configured to close it with the answer.
"""

import json
import logging
import select
import sys
from dataclasses import dataclass
from typing import Any, Final, cast

import h11
from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from rollway.webhooks.access import log_fields
from rollway.webhooks.answers import PROTECTION, refuse
from rollway.webhooks.connections import Connections
from rollway.webhooks.figures import Figures
from rollway.webhooks.limits import Limits, network_of
from rollway.webhooks.logs import fields
from rollway.webhooks.proxies import Proxies
from rollway.webhooks.senders.delivery import Refusal

_log = logging.getLogger(__name__)

_SLICE_BYTES: Final = 4096
"""How much is parsed at a time, so that no limit is passed by much in one go."""
_CHUNKS: Final = 2048
"""The most lines of a chunked body: a chunk costs two, and the parser some 30 µs."""
_SLACK_BYTES: Final = 16_384
"""What chunked coding may add to a body."""
_RECEIVED: Final = frozenset({h11.DONE, h11.MUST_CLOSE})
_SLOW: Final = Refusal(408, "too_slow", "the headers did not arrive in time")
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
        self._lines = 0

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
        for start in range(0, min(len(data), max(0, most - self._received)), _SLICE_BYTES):
            if self.transport.is_closing():
                return
            part = data[start : start + _SLICE_BYTES]
            super().data_received(part)
            self._count_lines(part)
        self._received += len(data)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, when uvicorn finds that; the error that it has found is being handled."""
        error = sys.exception()
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        status = hint if self._request is None else 400
        reason = next((each for each in _REASONS if str(error).startswith(each)), msg)
        self._refuse(Refusal(status, "malformed_http", f"not valid HTTP/1.1: {reason}"))

    def may_be_displaced(self) -> bool:
        """Whether it waits for its sender: for the rest of the request, or for the answer to be read."""
        if self.transport.is_closing():
            return True
        is_answering = self._request is not None and self.conn.their_state in _RECEIVED
        return not is_answering and not self._has_input()

    def displace(self) -> None:
        """Close it at once, for a newcomer."""
        self._cut("displaced")

    @property
    def _request(self) -> RequestResponseCycle | None:
        """The request, once its head is here: what uvicorn's own type for it leaves out."""
        return self.cycle

    def _count_lines(self, part: bytes) -> None:
        if self._request is None:
            return
        self._head_deadline.cancel()
        if any(name == b"transfer-encoding" for name, _ in self.headers):
            self._lines += part.count(b"\n")
            if self._lines > _CHUNKS and not self.transport.is_closing():
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
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            body = json.dumps(answer.body).encode()
            described = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
            head = h11.Response(status_code=answer.status, headers=list((PROTECTION | described).items()))
            for event in (head, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        if self._request is None:
            _log.warning(answer.outcome, extra=fields(source=self.source, status=answer.status, why=answer.why))
        else:  # the application, which waits for the body, has the line in the log
            log_fields(cast("Scope", self.scope)).setdefault("why", answer.why)
            self._request.disconnected = True
            self._request.message_event.set()
        self.transport.close()
