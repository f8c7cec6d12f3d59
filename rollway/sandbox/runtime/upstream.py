"""Pooled keep-alive connections to one HTTP server on the loopback interface, for asyncio.

The front talks to model servers through it, and the traffic generator to the front. Bounded: a pool never has more
connections than it was allowed, further requests wait their turn.
"""

import asyncio

import httptools

from rollway.sandbox.runtime.http1 import Response, ResponseReader


class _Connection(asyncio.Protocol):
    """One connection with at most one exchange at a time."""

    def __init__(self) -> None:
        self._reader = ResponseReader()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Response] | None = None
        self._kept = False
        self._heard = False

    @property
    def stale(self) -> bool:
        """Whether it was kept from an earlier exchange and broke before a byte of this one's response came."""
        return self._kept and not self._heard

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport  # asyncio has set TCP_NODELAY

    async def exchange(self, request: bytes) -> Response:
        if self._transport is None or not self.usable:
            raise ConnectionResetError("the server closed the connection")
        self._heard = False
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        response = await self._waiting
        self._kept = True
        if not response.keep_alive:
            self.close()
        return response

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._heard = True
        try:
            response = self._reader.feed(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"not HTTP: {error}"))
            self.close()
            return
        if response is not None and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(response)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        response = self._reader.finish()
        if response is not None and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(response)
        self._fail(ConnectionResetError(str(exc) if exc else "the server closed the connection without an answer"))

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


class Upstream:
    """A pool of connections to one server. Belongs to one event loop."""

    def __init__(self, port: int, *, max_connections: int, host: str = "127.0.0.1") -> None:
        self._address = (host, port)
        self._idle: list[_Connection] = []
        self._turn = asyncio.Semaphore(max_connections)

    async def exchange(self, request: bytes) -> Response:
        """Send one whole request and return the response.

        A kept connection that the server has meanwhile closed is replaced, once, by a new one.

        Raises:
            OSError: when no connection can be made or it breaks.
        """
        async with self._turn:
            connection = await self._take()
            try:
                response = await connection.exchange(request)
            except ConnectionResetError:
                if not connection.stale:
                    raise
                connection = await self._open()
                response = await self._exchange_or_close(connection, request)
            except BaseException:
                connection.close()  # a late response must not answer the next request
                raise
            if connection.usable:
                self._idle.append(connection)
            return response

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    async def _exchange_or_close(self, connection: _Connection, request: bytes) -> Response:
        try:
            return await connection.exchange(request)
        except BaseException:
            connection.close()
            raise

    async def _take(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return await self._open()

    async def _open(self) -> _Connection:
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, *self._address)
        return connection
