"""A receiver of messages: a real HTTP server on loopback that keeps what it is sent, and does as it is told."""

import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What it got, and how it answers.

    Attributes:
        port: where it listens on loopback.
        got: the messages that it took.
        paths: the paths of all that it was sent.
        status: what it answers.
        sick: paths at which it answers 500.
        on_message: what happens while it has a message in hand.
    """

    port: int = 0
    got: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    status: int = 200
    sick: set[str] = field(default_factory=set)
    on_message: Callable[[], object] = lambda: None

    @property
    def titles(self) -> list[str]:
        """The titles of what it got."""
        return [each["title"] for each in self.got]

    def url(self, path: str = "hook") -> str:
        """Its address, as Apprise writes it."""
        return f"json://127.0.0.1:{self.port}/{path}"


@contextmanager
def receiving() -> Generator[Receiver]:
    """Run a receiver."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = 500 if self.path in receiver.sick else receiver.status
            receiver.paths.append(self.path)
            receiver.on_message()
            if status == 200:
                receiver.got.append(json.loads(body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's own name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
