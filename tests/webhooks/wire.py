"""A receiver behind a real socket, as it is served to users, and clients that do with it what HTTP libraries would not."""

import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

import uvicorn

from rollway.webhooks.limits import Limits
from rollway.webhooks.proxies import Proxies
from rollway.webhooks.receiver import Receiver
from rollway.webhooks.serving import configure

PATIENCE_S = 60
"""Only a receiver that never closes what it has to close makes a test wait for so long."""
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: receiver\r\n\r\n"


@contextmanager
def served(receiver: Receiver, limits: Limits, proxies: Proxies = Proxies()) -> Generator[int]:  # noqa: B008 - frozen
    """Serve a receiver on loopback, and return the port."""
    config = configure(receiver.app, limits, receiver.figures, proxies)
    with running(config) as port:
        yield port


@contextmanager
def running(config: uvicorn.Config) -> Generator[int]:
    """Run uvicorn in a thread, and return the port."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([sock],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield sock.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def connect(port: int, source: str = "127.0.0.1") -> socket.socket:
    """Open a connection, from any address of this machine."""
    return socket.create_connection(("127.0.0.1", port), PATIENCE_S, source_address=(source, 0))


def read_all(sock: socket.socket) -> bytes:
    """Read until the receiver has closed the connection, however it does."""
    parts: list[bytes] = []
    try:
        while part := sock.recv(65_536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def is_closed(sock: socket.socket) -> bool:
    """Whether the other side has closed a connection without a word; waits for nothing."""
    sock.setblocking(False)  # noqa: FBT003 - socket's own
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        sock.settimeout(PATIENCE_S)


def ask(port: int, request: bytes) -> bytes:
    """Send a request, in whatever form, and return everything that is answered until the connection is closed."""
    with connect(port) as sock:
        with suppress(ConnectionError):
            sock.sendall(request)
        return read_all(sock)


def status_of(answer: bytes) -> int:
    """Return the status of an answer; 0 where there is none."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return a request as a sender writes it."""
    described = {"host": "receiver", "content-length": str(len(body))} | headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in described.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body
