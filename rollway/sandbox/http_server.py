"""A threaded WSGI server on the loopback interface that keeps connections alive, and drops them all when it stops.

It refuses what a web page sends, and no answer allows a web page anything.

werkzeug's own server closes every connection after one answer, and threads of a stopped one would go on answering. Knows nothing
of AWS.
"""

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BytesIO
from typing import Any, cast
from wsgiref.types import WSGIApplication, WSGIEnvironment

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import ThreadedWSGIServer

from rollway.sandbox.browser_guard import find_refusal

LOOPBACK = "127.0.0.1"
_BACKLOG = 128
_NO_BODY = (204, 304)
_CORS = "access-control-"
_log = logging.getLogger(__name__)


class LoopbackServer:
    """Serves a WSGI application on 127.0.0.1, from construction until :meth:`stop`.

    Args:
        app: the application. It must handle its own errors.
        port: the port to listen on; 0 takes a free one.

    Raises:
        OSError: when the port is taken.
    """

    def __init__(self, app: WSGIApplication, port: int) -> None:
        with socket.create_server((LOOPBACK, port), backlog=_BACKLOG) as listening:
            self._server = _Server(LOOPBACK, port, app, _Handler, fd=listening.fileno())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="control plane", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://{LOOPBACK}:{self._server.port}"

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        self._server.shutdown()
        self._thread.join()
        self._server.drop_connections()


class _Server(ThreadedWSGIServer):
    """Remembers its connections, which outlive the requests on them."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - passed on unread
        self.connections: set[socket.socket] = set()
        super().__init__(*args, **options)

    def drop_connections(self) -> None:
        for connection in tuple(self.connections):
            with suppress(OSError):  # it was closed a moment ago
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(MotoRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        cast("_Server", self.server).connections.add(self.connection)

    def finish(self) -> None:
        cast("_Server", self.server).connections.discard(self.connection)
        super().finish()

    def run_wsgi(self) -> None:
        """Answer one request: its whole body is read first, so that the next request begins where this one ends.

        A web page's request is refused before that, and the connection closed: its body may be as long as it likes.
        """
        environ = self.make_environ()
        refusal = find_refusal(environ["REQUEST_METHOD"], _headers_of(environ))
        if refusal:
            _log.info("%s", refusal)
            self.close_connection = True
            body = json.dumps({"__type": "AccessDeniedException", "message": refusal}).encode()
            self._send("403 Forbidden", [("Content-Type", "application/json"), ("Connection", "close")], body)
            return
        self.environ = environ = _with_whole_body(environ)
        started: list[tuple[str, list[tuple[str, str]]]] = []
        parts: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None, /) -> Callable[[bytes], None]:
            started.append((status, headers))
            return parts.append  # what WSGI calls write

        parts += _taken(self.server.app(environ, start_response))
        self._send(*started[-1], b"".join(parts))

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, reason = status.partition(" ")
        given = {name.lower() for name, _ in headers}
        self.log_request(code)
        self.send_response_only(int(code), reason)
        if "date" not in given:  # the application may keep a time of its own
            self.send_header("Date", self.date_time_string())
        for name, value in headers:
            if not name.lower().startswith(_CORS):  # moto allows every origin
                self.send_header(name, value)
        bodyless = self.command == "HEAD" or int(code) in _NO_BODY
        if not bodyless and "content-length" not in given:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not bodyless:
            self.wfile.write(body)

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Keep quiet per request: the simulated account has its own request log."""
        _log.debug("%s: %s", type, message % args if args else message)


def _headers_of(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the headers, names in lower case; one that was sent several times has all its values, joined by commas."""
    named = ((key.removeprefix("HTTP_"), value) for key, value in environ.items() if key.startswith("HTTP_"))
    return {name.replace("_", "-").lower(): value for name, value in named}


def _with_whole_body(environ: WSGIEnvironment) -> WSGIEnvironment:
    """Read the body, chunked or not, and hand it on as one of known length.

    Raises:
        ConnectionResetError: the client went away in the middle of it. Nothing of such a request may take effect.
    """
    chunked = environ.pop("HTTP_TRANSFER_ENCODING", None)
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(-1 if chunked else length)
    if not chunked and len(body) < length:
        raise ConnectionResetError(f"{len(body)} bytes of {length} came")
    return {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}


def _taken(answer: Iterable[bytes]) -> list[bytes]:
    try:
        return list(answer)
    finally:
        close = getattr(answer, "close", None)
        if close:
            close()
