"""Serving a receiver over HTTP, until SIGTERM or SIGINT: then nothing new is let in, and what is under way may end."""

import signal
import socket
from types import FrameType
from typing import Final

import uvicorn

from policies.errors import RolloutError
from rollway.webhooks.receiver import DRAIN_S, Receiver

_AT_A_TIME: Final = 200
"""Connections and requests at a time; more are answered with 503 at once."""
_IDLE_S: Final = 10
_HEADERS_BYTES: Final = 16_384


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        RolloutError: the address is taken, or not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError, UnicodeError) as error:
        raise RolloutError(f"cannot listen on {host}:{port}: {error}", hint="See --host and --port.") from error


def serve(receiver: Receiver, sock: socket.socket) -> None:
    """Serve until this process is told to end."""
    config = uvicorn.Config(
        receiver.app,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_AT_A_TIME,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=DRAIN_S,
        h11_max_incomplete_event_size=_HEADERS_BYTES,
        http="h11",
        lifespan="on",
    )
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # uvicorn ends by them, then raises them again: for us, it has ended well
        signal.signal(number, _let_pass)
    uvicorn.Server(config).run(sockets=[sock])


def _let_pass(_number: int, _frame: FrameType | None) -> None:
    return
