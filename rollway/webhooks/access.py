"""What holds for every request, whatever its path: one line in the log, headers that protect, limits of its head, and an answer."""

import logging
import time
from collections.abc import Collection, Iterable
from typing import Any, Final

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rollway.webhooks.answers import NOT_FOUND, PROTECTION, UNFORESEEN, Answer, refuse
from rollway.webhooks.limits import Limits
from rollway.webhooks.logs import fields
from rollway.webhooks.senders.delivery import Refusal

_log = logging.getLogger(__name__)

_LINE: Final = "rollway.line"
_SENT_INSTEAD: Final = "sent instead"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})
_HIDDEN: Final = "..."
_PER_LINE: Final = 4
"""Bytes of a header line beside name and value."""
_LOWEST_ERROR: Final = 400
_AMBIGUOUS: Final = Refusal(400, "ambiguous", "Content-Length and Transfer-Encoding are both there")
_TOO_LONG: Final = Refusal(431, "head_too_long", "the request line and the headers are longer than this receiver takes")


def log_fields(scope: Scope) -> dict[str, Any]:
    """Return what will be in the log's line about a request, to be added to: ``outcome`` becomes its event."""
    return scope.setdefault(_LINE, {})


def replace_outcome(scope: Scope, answer: Answer) -> None:
    """Have an answer logged that was sent in the place of the application's."""
    log_fields(scope)[_SENT_INSTEAD] = answer


def respond(scope: Scope, answer: Answer) -> JSONResponse:
    """Return the response, and have its outcome logged."""
    line = log_fields(scope)
    line["outcome"] = answer.outcome
    if answer.why:
        line.setdefault("why", answer.why)
    return JSONResponse(answer.body, answer.status, headers=answer.headers)


class Access:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, limits: Limits, names: Collection[str]) -> None:
        """Surround an application.

        Args:
            app: the application.
            limits: of the head of a request.
            names: first segments of its paths. Whatever else is in a path may be a key, and is not logged.
        """
        self._app = app
        self._limits = limits
        self._names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def send_protected(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *_missing(message["headers"])]
            await send(message)

        try:
            await self._answer(scope, receive, send_protected)
        except Exception as error:
            _log.error("an error in Rollway", exc_info=error)
            if status:
                raise  # part of an answer is out already: the connection has to be closed
            await respond(scope, refuse(UNFORESEEN))(scope, receive, send_protected)
        finally:
            self._log(scope, status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = check_head(scope, self._limits)
        answering = respond(scope, refuse(refusal)) if refusal else self._app
        await answering(scope, receive, send)

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        line = dict(log_fields(scope))
        outcome = line.pop("outcome", "answered")
        instead: Answer | None = line.pop(_SENT_INSTEAD, None)
        if instead:
            outcome, status, line["why"] = instead.outcome, instead.status, instead.why
        method = scope["method"] if scope["method"] in _METHODS else _HIDDEN
        known = {"source": source_of(scope), "method": method, "path": self._path(scope["path"])}
        level = logging.INFO if 0 < status < _LOWEST_ERROR else logging.WARNING
        _log.log(level, outcome, extra=fields(**known, status=status, ms=round(seconds * 1000, 1), **line))

    def _path(self, path: str) -> str:
        """Return a path as far as it is one of ours."""
        name, slash, rest = path.removeprefix("/").partition("/")
        return f"/{name}{slash}{_HIDDEN if rest else ''}" if name in self._names else _HIDDEN


def source_of(scope: Scope) -> str:
    """Return the address that a request comes from; behind a trusted proxy, the one that the proxy names."""
    return scope["client"][0] if scope.get("client") else ""


def check_head(scope: Scope, limits: Limits) -> Refusal | None:
    """Check what is the same for every path: its end, how long the head is, and whether the body has one length."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    name = scope["path"].removeprefix("/")
    if name.endswith("\n") and "/" not in name:  # the router's patterns match before a last line feed, too
        return NOT_FOUND
    names = {name for name, _ in headers}
    if {b"content-length", b"transfer-encoding"} <= names:
        return _AMBIGUOUS
    target = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    length = target + sum(len(name) + len(value) + _PER_LINE for name, value in headers)
    return _TOO_LONG if length > limits.head_bytes else None


def _missing(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the protecting headers that an answer does not have of its own."""
    there = {name.lower() for name, _ in headers}
    return [(name.encode(), value.encode()) for name, value in PROTECTION.items() if name.encode() not in there]
