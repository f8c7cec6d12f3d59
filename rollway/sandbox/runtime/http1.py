"""HTTP/1.1 messages, from bytes and to bytes: what the front, the model servers and the traffic generator share.

No sockets here. Parsing is llhttp's, through httptools.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import responses

import httptools


@dataclass(frozen=True, slots=True)
class Request:
    """One whole request. Header names are in lower case.

    Attributes:
        method: for example ``POST``.
        path: path and query as sent.
        headers: the last value of each header.
        body: the body, cut off where the reader's limit was passed.
        size: the body's true length in bytes.
        keep_alive: whether the client wants the connection kept.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    size: int
    keep_alive: bool


@dataclass(frozen=True, slots=True)
class Response:
    """One whole response. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool


class _Reader:
    """Collects the parts that the parser calls out."""

    def __init__(self, max_body: int | None) -> None:
        self._max_body = max_body
        self._forget()

    def _forget(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._max_body is None or self._size <= self._max_body:
            self._chunks.append(body)


class RequestReader(_Reader):
    """Turns what a client sends into whole requests.

    A body above ``max_body`` bytes is counted and thrown away, so that the client can be told instead of cut off.
    """

    def __init__(self, max_body: int | None = None) -> None:
        super().__init__(max_body)
        self._parser = httptools.HttpRequestParser(self)
        self._requests: list[Request] = []
        self._expects_continue = False

    def feed(self, data: bytes) -> list[Request]:
        """Take in bytes and return the requests that they complete.

        Raises:
            httptools.HttpParserError: when the bytes are not HTTP, or ask for another protocol.
        """
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:  # an exception of another kind
            raise httptools.HttpParserError("no protocol but HTTP/1.1 is spoken here") from error
        requests, self._requests = self._requests, []
        return requests

    def take_expectation(self) -> bool:
        """Say, once per request, whether the client waits for ``100 Continue`` before it sends the body."""
        expects, self._expects_continue = self._expects_continue, False
        return expects

    def on_headers_complete(self) -> None:
        """Note what the client waits for (called by the parser)."""
        self._expects_continue = self._headers.get("expect", "").lower() == "100-continue"

    def on_message_complete(self) -> None:
        """Finish one request (called by the parser)."""
        self._expects_continue = False
        self._requests.append(
            Request(
                method=self._parser.get_method().decode("latin-1"),
                path=self._url.decode("latin-1"),
                headers=self._headers,
                body=b"".join(self._chunks),
                size=self._size,
                keep_alive=self._parser.should_keep_alive(),
            )
        )
        self._forget()


class ResponseReader(_Reader):
    """Turns what a server sends into one whole response at a time."""

    def __init__(self) -> None:
        super().__init__(None)
        self._parser = httptools.HttpResponseParser(self)
        self._response: Response | None = None
        self._ends_with_connection = False

    def feed(self, data: bytes) -> Response | None:
        """Take in bytes and return the response if they complete it.

        Raises:
            httptools.HttpParserError: when the bytes are not HTTP.
        """
        self._parser.feed_data(data)
        response, self._response = self._response, None
        return response

    def finish(self) -> Response | None:
        """Return the response that ends because the server closed the connection, if there is one."""
        return self._whole(keep_alive=False) if self._ends_with_connection else None

    def on_headers_complete(self) -> None:
        """Note whether only the end of the connection will end the body (called by the parser)."""
        self._ends_with_connection = not self._headers.keys() & {"content-length", "transfer-encoding"}

    def on_message_complete(self) -> None:
        """Finish one response, unless it only announces another (called by the parser)."""
        self._ends_with_connection = False
        if self._parser.get_status_code() >= 200:  # noqa: PLR2004 - 1xx announces the real response
            self._response = self._whole(keep_alive=self._parser.should_keep_alive())
        self._forget()

    def _whole(self, *, keep_alive: bool) -> Response:
        return Response(self._parser.get_status_code(), self._headers, b"".join(self._chunks), keep_alive)


def format_request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a POST request to a server on the loopback interface, as bytes."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    return _with_headers(lines, headers) + body


def format_response(status: int, headers: Mapping[str, str], body: bytes, *, keep_alive: bool = True) -> bytes:
    """Return a response as bytes."""
    lines = [f"HTTP/1.1 {status} {responses.get(status, '')}", f"Content-Length: {len(body)}"]
    if not keep_alive:
        lines.append("Connection: close")
    return _with_headers(lines, headers) + body


def _with_headers(lines: list[str], headers: Mapping[str, str]) -> bytes:
    lines.extend(f"{name}: {value}" for name, value in headers.items())
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
