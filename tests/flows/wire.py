"""A wire between Prefect's client and its server that a test can cut and mend: for the client, the server is gone and back."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

LOOPBACK = "127.0.0.1"
CHUNK = 65_536


class Wire:
    """Forwards TCP connections from a loopback port of its own to a server's.

    Cut, it drops every connection and accepts none: the client is refused, as by a server that has died.

    Attributes:
        port: the port of its own.
        server_port: the server's; it may change, and may come to be known later.
    """

    def __init__(self) -> None:
        self.server_port = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self._accept_from(self._listener)

    def cut(self) -> None:
        """Drop everything and refuse what comes. Safe to repeat."""
        _hang_up(self._listener)
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            _hang_up(end)

    def mend(self) -> None:
        """Listen again, on the same port."""
        self._listener = socket.create_server((LOOPBACK, self.port))
        self._accept_from(self._listener)

    def _accept_from(self, listener: socket.socket) -> None:
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((LOOPBACK, self.server_port))
                with self._lock:
                    self._open |= {near, far}
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


@contextmanager
def laid_wire() -> Generator[Wire]:
    """Lay a wire on loopback, and take it up again."""
    wire = Wire()
    try:
        yield wire
    finally:
        wire.cut()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):  # one of the two ends was closed
        while chunk := source.recv(CHUNK):
            sink.sendall(chunk)
    _hang_up(source)
    _hang_up(sink)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        end.shutdown(socket.SHUT_RDWR)
    end.close()
