"""A lean model server that speaks SageMaker's container contract: ``GET /ping`` and ``POST /invocations``.

One thread per connection: the caller pools its connections, so their number is the number of requests served at once.
It listens only after the model is loaded, so a ping that is answered is a model that is ready.
"""

import json
import logging
import socket
import threading
import traceback
from http import HTTPStatus

import httptools

from rollway.sandbox.browser_guard import find_refusal
from rollway.sandbox.runtime.http1 import Request, RequestReader, format_response
from rollway.sandbox.serving.model import BadInput, Predict

_RECEIVE_BYTES = 65_536
_JSON = {"Content-Type": "application/json"}
_log = logging.getLogger(__name__)


def listen(port: int) -> socket.socket:
    """Return a socket that listens on the loopback interface; port 0 takes a free one."""
    return socket.create_server(("127.0.0.1", port), backlog=128)


def serve(predict: Predict, listener: socket.socket) -> None:
    """Serve a model until the listener is closed."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed from outside
            return
        threading.Thread(target=_converse, args=(predict, connection), daemon=True).start()


def _converse(predict: Predict, connection: socket.socket) -> None:
    reader = RequestReader()
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while data := connection.recv(_RECEIVE_BYTES):
                for request in reader.feed(data):
                    connection.sendall(respond(predict, request))
                    if not request.keep_alive:
                        return
        except (OSError, httptools.HttpParserError) as error:
            _log.info("connection dropped: %s", error)


def respond(predict: Predict, request: Request) -> bytes:
    """Return the response to one request, whatever the model does."""
    if refusal := find_refusal(request.method, request.headers):
        return format_response(HTTPStatus.FORBIDDEN, _JSON, _problem(refusal), keep_alive=request.keep_alive)
    match request.method, request.path:
        case "GET", "/ping":
            return format_response(HTTPStatus.OK, {}, b"", keep_alive=request.keep_alive)
        case "POST", "/invocations":
            status, body = _predict(predict, request)
        case _:
            status, body = HTTPStatus.NOT_FOUND, _problem(f"no such operation: {request.method} {request.path}")
    return format_response(status, _JSON, body, keep_alive=request.keep_alive)


def _predict(predict: Predict, request: Request) -> tuple[HTTPStatus, bytes]:
    try:
        return HTTPStatus.OK, predict(request.body, request.headers.get("content-type", ""))
    except BadInput as error:
        return HTTPStatus.BAD_REQUEST, _problem(str(error))
    except Exception as error:  # noqa: BLE001 - a model may raise anything; a container answers it with 500
        _log_failure(error)
        return HTTPStatus.INTERNAL_SERVER_ERROR, _problem(f"{type(error).__name__}: {error}")


def _log_failure(error: Exception) -> None:
    """Log where the model failed, in one line: a model that fails often must not fill the disk with tracebacks."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    _log.error("the model failed at %s:%s: %r", place.filename, place.lineno, error)


def _problem(message: str) -> bytes:
    return json.dumps({"error": message}).encode()
