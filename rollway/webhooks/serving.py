"""Serving a receiver over HTTP, until SIGTERM or SIGINT: then nothing new is let in, and what is under way may end."""

import asyncio
import resource
import signal
import socket
import sys
from functools import partial
from types import FrameType
from typing import Final, cast

import uvicorn
from starlette.types import ASGIApp

from policies.errors import RolloutError
from rollway.webhooks.connections import Connections
from rollway.webhooks.figures import Figures
from rollway.webhooks.limits import Limits
from rollway.webhooks.protocol import BoundedProtocol, Shared
from rollway.webhooks.proxies import Proxies
from rollway.webhooks.receiver import DRAIN_S, Receiver

_SHARE_OF_FILES: Final = 2
"""Of the files that this process may open, connections take one in so many; the rest is for the journal and the registries."""

_FILES: Final = 8192
_BACKLOG: Final = 128
"""Connections that are accepted in one go, before any is counted: the files have to do for them as well."""


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


def serve(receiver: Receiver, sock: socket.socket, proxies: Proxies) -> None:
    """Serve until this process is told to end."""
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # uvicorn ends by them, then raises them again: for us, it has ended well
        signal.signal(number, _let_pass)
    raise_file_limit()
    uvicorn.Server(configure(receiver.app, receiver.limits, receiver.figures, proxies)).run(sockets=[sock])


def configure(app: ASGIApp, limits: Limits, figures: Figures, proxies: Proxies) -> uvicorn.Config:
    """Return how an application is served.

    Args:
        app: the application.
        limits: of time, bytes and connections.
        figures: counts.
        proxies: are believed ``X-Forwarded-For`` and ``X-Forwarded-Proto``; without any, these headers mean nothing.
    """
    most = min(limits.connections, _files() // _SHARE_OF_FILES)
    connections = Connections(most, limits.connections_of_source)
    protocol = partial(BoundedProtocol, Shared(connections, limits, figures, proxies))
    return uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", protocol),
        ws="none",
        headers=[("connection", "close")],
        proxy_headers=bool(proxies.networks),
        forwarded_allow_ips=list(map(str, proxies.networks)),
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
        h11_max_incomplete_event_size=limits.head_bytes,
        lifespan="on",
        backlog=_BACKLOG,
    )


def raise_file_limit() -> None:
    """Have this process open as many files as it needs, as far as the system lets it: many systems begin with 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _files() -> int:
    """Return how many files this process may open."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if most == resource.RLIM_INFINITY else most


def _let_pass(_number: int, _frame: FrameType | None) -> None:
    return
