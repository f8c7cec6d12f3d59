"""The data-plane port of the simulated AWS: InvokeEndpoint over HTTP/1.1 on the loopback interface.

Keep-alive towards clients, pooled keep-alive connections towards the model servers, one event loop in a thread of its
own. Clients reach it with ``AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME`` or with plain HTTP; signatures are accepted unread.
What an invocation means is the runtime's business; this module only moves bytes and time.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from concurrent.futures import Future
from http import HTTPStatus
from typing import Protocol

import httptools

from rollway.sandbox.browser_guard import find_refusal
from rollway.sandbox.errors import Refusal
from rollway.sandbox.runtime import answers
from rollway.sandbox.runtime.http1 import Request, RequestReader, format_request, format_response
from rollway.sandbox.runtime.invocation import MAX_BODY_BYTES, Assignment, Runtime, body_too_large
from rollway.sandbox.runtime.messages import Answer, Invocation, Reply
from rollway.sandbox.runtime.replies import broken_off, received, timed_out
from rollway.sandbox.runtime.upstream import Upstream

_MAX_IN_FLIGHT = 1_000
_MAX_PER_SERVER = 64
_MAX_PIPELINED = 16
_BACKLOG = 1_024
_log = logging.getLogger(__name__)


class Ports(Protocol):
    """Whatever knows on which loopback ports a fleet's model servers listen."""

    def port(self, fleet_id: str) -> int:
        """Return the port of the server whose turn it is, or raise ``Refusal`` (ServiceUnavailable) when none is up."""
        ...


class DataPlane:
    """Serves InvokeEndpoint on 127.0.0.1 until stopped.

    Args:
        runtime: decides and accounts for every invocation.
        ports: where the model servers are.
        port: the port to listen on; 0 takes a free one.
    """

    def __init__(self, runtime: Runtime, ports: Ports, *, port: int = 0) -> None:
        self._front = _Front(runtime, ports)
        self._wanted_port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="data plane", daemon=True)
        self._listening: Future[int] = Future()

    @property
    def url(self) -> str:
        """The address for ``AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME``. Available once started."""
        return f"http://127.0.0.1:{self._listening.result()}"

    def start(self) -> None:
        """Listen, in a thread of its own.

        Raises:
            OSError: when the port is taken.
        """
        self._thread.start()
        self._listening.result()

    def stop(self) -> None:
        """Stop listening, drop the connections and wait for the thread to end."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            listen = self._loop.create_server(
                lambda: _Client(self._front), "127.0.0.1", self._wanted_port, backlog=_BACKLOG
            )
            server = self._loop.run_until_complete(listen)
        except OSError as error:
            self._loop.close()
            self._listening.set_exception(error)
            return
        self._listening.set_result(server.sockets[0].getsockname()[1])
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._front.close())
        self._loop.close()


class _Front:
    """Answers requests; what all client connections share."""

    def __init__(self, runtime: Runtime, ports: Ports) -> None:
        self._runtime = runtime
        self._ports = ports
        self._upstreams: dict[int, Upstream] = {}
        self._shadows: set[asyncio.Task[Answer | None]] = set()
        self._in_flight = 0

    async def answer(self, request: Request) -> Answer:
        """Return the answer to one HTTP request; never raises."""
        if self._in_flight >= _MAX_IN_FLIGHT:
            return answers.refuse(
                Refusal("ServiceUnavailable", f"{_MAX_IN_FLIGHT} requests are in flight already.", 503)
            )
        self._in_flight += 1
        try:
            return await self._invoke(read_invocation(request))
        except Refusal as refusal:
            return answers.refuse(refusal)
        except Exception:  # noqa: BLE001 - the client of a server gets an answer, the log gets the reason
            _log.exception("the simulated runtime failed")
            return answers.refuse(Refusal("InternalFailure", "The simulated runtime failed; its log says why.", 500))
        finally:
            self._in_flight -= 1

    async def close(self) -> None:
        """Drop what is still under way."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for upstream in self._upstreams.values():
            upstream.close()

    async def _invoke(self, invocation: Invocation) -> Answer:
        received_at = time.perf_counter()
        route = self._runtime.route(invocation)
        for shadow in route.shadows:
            self._copy_to(shadow, invocation, received_at)
        return await self._ask(route.answering, invocation, received_at)

    def _copy_to(self, shadow: Assignment, invocation: Invocation, received_at: float) -> None:
        if len(self._shadows) < _MAX_IN_FLIGHT:
            task = asyncio.create_task(self._ask_shadow(shadow, invocation, received_at))
            self._shadows.add(task)
            task.add_done_callback(self._shadows.discard)

    async def _ask_shadow(self, shadow: Assignment, invocation: Invocation, received_at: float) -> Answer | None:
        try:
            return await self._ask(shadow, invocation, received_at)
        except Refusal:  # a shadow without a server costs the caller nothing
            return None

    async def _ask(self, assignment: Assignment, invocation: Invocation, received_at: float) -> Answer:
        port = self._ports.port(assignment.variant.fleet_id)
        asked_at = time.perf_counter()
        reply = await self._exchange(port, invocation)
        if assignment.delay_s:
            # Late by a planted fault, and still no later than the time limit.
            await asyncio.sleep(min(assignment.delay_s, self._runtime.timeout_s - reply.latency_s))
        return self._runtime.settle(assignment, reply, overhead_s=asked_at - received_at)

    async def _exchange(self, port: int, invocation: Invocation) -> Reply:
        request = format_request("/invocations", invocation.container_headers(), invocation.body)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._runtime.timeout_s):
                response = await self._upstream(port).exchange(request)
        except TimeoutError:
            return timed_out(time.perf_counter() - started)
        except OSError as error:
            return broken_off(error, time.perf_counter() - started)
        return received(response.status, response.headers, response.body, time.perf_counter() - started)

    def _upstream(self, port: int) -> Upstream:
        upstream = self._upstreams.get(port)
        if upstream is None:
            upstream = self._upstreams[port] = Upstream(port, max_connections=_MAX_PER_SERVER)
        return upstream


class _Client(asyncio.Protocol):
    """One client connection: requests are answered one after another, in order."""

    def __init__(self, front: _Front) -> None:
        self._front = front
        self._reader = RequestReader(max_body=MAX_BODY_BYTES)
        self._waiting: deque[Request] = deque()
        self._answering: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport  # asyncio has set TCP_NODELAY

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        try:
            self._waiting.extend(self._reader.feed(data))
        except httptools.HttpParserError:
            self._transport.write(format_response(HTTPStatus.BAD_REQUEST, {}, b"not HTTP/1.1", keep_alive=False))
            self._transport.close()
            return
        if self._reader.take_expectation():
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(self._waiting) > _MAX_PIPELINED:
            self._transport.pause_reading()
        if self._waiting and self._answering is None:
            self._answering = asyncio.get_running_loop().create_task(self._answer_waiting())

    async def _answer_waiting(self) -> None:
        while self._waiting and not self._transport.is_closing():
            request = self._waiting.popleft()
            answer = await self._front.answer(request)
            await self._writable.wait()
            self._transport.write(
                format_response(answer.status, answer.headers, answer.body, keep_alive=request.keep_alive)
            )
            if not request.keep_alive:
                self._transport.close()
        self._answering = None
        self._transport.resume_reading()


def read_invocation(request: Request) -> Invocation:
    """Return the invocation that an HTTP request asks for.

    Raises:
        Refusal: when a web page sent it, it asks for something else, or its body is above the limit.
    """
    if refusal := find_refusal(request.method, request.headers):
        raise Refusal("AccessDeniedException", refusal, HTTPStatus.FORBIDDEN)
    parts = request.path.partition("?")[0].split("/")
    if (
        request.method != "POST"
        or len(parts) != len(("", "endpoints", "name", "invocations"))
        or parts[3] != "invocations"
    ):
        message = f"{request.method} {request.path} is not simulated here: only POST /endpoints/NAME/invocations is."
        raise Refusal("UnknownOperationException", message, HTTPStatus.NOT_FOUND)
    if request.size > MAX_BODY_BYTES:
        raise body_too_large()
    headers = request.headers
    return Invocation(
        endpoint=parts[2],
        body=request.body,
        content_type=headers.get("content-type", "application/octet-stream"),
        accept=headers.get("accept"),
        target_variant=headers.get("x-amzn-sagemaker-target-variant"),
        inference_id=headers.get("x-amzn-sagemaker-inference-id"),
        custom_attributes=headers.get("x-amzn-sagemaker-custom-attributes"),
    )
