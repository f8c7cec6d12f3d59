"""The loopback HTTP server: connections are kept while it runs, and not a moment longer."""

from collections.abc import Generator, Iterable
from http.client import HTTPConnection, RemoteDisconnected
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from rollway.sandbox.http_server import LoopbackServer


def echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with the request's body; to HEAD and to ``/empty`` with none."""
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/empty":
        start_response("204 No Content", [])
        return []
    start_response("200 OK", [("Content-Length", "5")] if environ["REQUEST_METHOD"] == "HEAD" else [])
    return [body]


@pytest.fixture
def server() -> Generator[LoopbackServer]:
    """A server that echoes."""
    server = LoopbackServer(echo, 0)
    yield server
    server.stop()


def connect(server: LoopbackServer) -> HTTPConnection:
    return HTTPConnection(urlsplit(server.url).netloc, timeout=10)


def test_one_connection_serves_many_requests(server: LoopbackServer) -> None:
    """With and without bodies, of known length or chunked, each request begins where the last one ended."""
    connection = connect(server)
    answers: list[bytes] = []
    for method, path, body in [
        ("PUT", "/", b"plain"),
        ("PUT", "/", iter([b"one ", b"two"])),
        ("HEAD", "/", None),
        ("DELETE", "/empty", None),
        ("PUT", "/", b"x" * 300_000),
    ]:
        connection.request(method, path, body, encode_chunked=True)
        used = connection.sock
        answer = connection.getresponse()
        answers.append(answer.read())
        assert (answer.version, answer.will_close, connection.sock) == (11, False, used)
    connection.close()
    assert answers == [b"plain", b"one two", b"", b"", b"x" * 300_000]


def test_a_stopped_server_answers_nobody() -> None:
    """Connections that clients keep open die with the server, so none of them reaches what came after it."""
    server = LoopbackServer(echo, 0)
    connection = connect(server)
    connection.request("PUT", "/", b"1")
    connection.getresponse().read()
    server.stop()

    def ask_again() -> None:
        connection.request("PUT", "/", b"2")
        connection.getresponse()

    with pytest.raises((ConnectionError, RemoteDisconnected)):
        ask_again()
