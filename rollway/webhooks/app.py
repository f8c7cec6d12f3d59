"""The receiver as a web application: its paths and their description. What it does is in ``reception``."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from policies.errors import RolloutError
from rollway import __version__
from rollway.notices.signing import PATH
from rollway.webhooks.access import Access, respond
from rollway.webhooks.answers import NOT_FOUND, refuse
from rollway.webhooks.doors import Door
from rollway.webhooks.figures import MEDIA_TYPE
from rollway.webhooks.reception import Reception
from rollway.webhooks.senders.delivery import Refusal

_READY_FOR_S: Final = 5.0
_REFUSALS: Final = {
    400: "The request has the wrong form.",
    401: "It is not signed, wrongly signed, or signed too long ago.",
    403: "It comes from a topic that is not allowed, or names a place that is not SNS's.",
    404: "This sender is not set up here.",
    408: "The body did not arrive in time.",
    413: "The body is too long.",
    415: "The body is not of the right type.",
    429: "Too many requests from this source.",
    431: "The headers are too long.",
    503: "The event could not be kept: send it again.",
}
_CHECKS: Final = ("healthz", "readyz", "metrics")
_COMPONENT: Final = "#/components/schemas/{model}"


class Taken(BaseModel):
    """The answer to what is let in.

    Attributes:
        status: ``accepted``, ``known already`` (nothing more happens) or ``nothing to do``.
        ids: the ids of the events that are kept.
        why: more, for a person.
    """

    status: str
    ids: list[str]
    why: str


class Problem(BaseModel):
    """What is wrong: a stable slug, a sentence, and what to do about it."""

    code: str
    message: str
    hint: str


class Refused(BaseModel):
    """The answer to what is not let in."""

    error: Problem


class Health(BaseModel):
    """The answer of the two health checks."""

    status: str


Background = Callable[[], AbstractAsyncContextManager[None]]
"""What runs beside the application, from its start to its end."""


@asynccontextmanager
async def nothing() -> AsyncGenerator[None]:
    """Run nothing beside the application."""
    yield


@dataclass
class _Readiness:
    """Whether the journal can be read, asked no more often than every few seconds."""

    reception: Reception
    asked_at: float = float("-inf")
    answer: bool = False

    async def is_ready(self) -> bool:
        if time.monotonic() - self.asked_at >= _READY_FOR_S:
            self.asked_at = time.monotonic()
            try:
                self.answer = await asyncio.wait_for(self.reception.workers.run(self._ask), _READY_FOR_S)
            except TimeoutError:
                self.answer = False
        return self.answer

    def _ask(self) -> bool:
        try:
            self.reception.inbox.store.list_keys("inbox/ready/")
        except RolloutError:
            return False
        return True


def make_app(doors: tuple[Door, ...], reception: Reception, background: Background = nothing) -> FastAPI:
    """Return the application.

    Args:
        doors: where senders come in.
        reception: what happens there.
        background: what runs beside it.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        async with background():
            yield

    app = FastAPI(
        title="Rollway's receiver of model-registry events",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from elsewhere, in a place where links that are keys are opened
        redoc_url=None,
        redirect_slashes=False,  # a redirect would lead to the host that the request names
    )
    names = {*(door.sender for door in doors), PATH, *_CHECKS, "openapi.json"}
    app.add_middleware(Access, limits=reception.limits, names=names)
    for door in doors:
        _add_door(app, door, reception)
    _add_checks(app, reception)
    app.add_exception_handler(HTTPException, _refuse_path)
    app.openapi = lambda: _describe(app, doors)
    return app


def _add_door(app: FastAPI, door: Door, reception: Reception) -> None:
    async def receive(request: Request) -> Response:
        return respond(request.scope, await reception.take(door, request))

    schema = {"$ref": _COMPONENT.format(model=_name(door))}
    parameters = [{"name": name, "in": "header", "schema": {"type": "string"}} for name in door.headers]
    app.add_api_route(
        f"/{door.sender}",
        receive,
        methods=["POST"],
        status_code=202,
        response_model=Taken,
        responses={status: {"model": Refused, "description": why} for status, why in _REFUSALS.items()},
        summary=f"An event from {door.sender}",
        operation_id=f"receive_{door.sender}",
        openapi_extra={
            "parameters": parameters,
            "requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in sorted(door.media)}},
        },
    )


def _add_checks(app: FastAPI, reception: Reception) -> None:
    readiness = _Readiness(reception)

    @app.get("/healthz", summary="Is the process up?")
    async def healthz() -> Health:
        return Health(status="ok")

    @app.get("/readyz", summary="Can events be kept?", response_model=Health, responses={503: {"model": Refused}})
    async def readyz(request: Request) -> Response:
        if await readiness.is_ready():
            return JSONResponse({"status": "ok"})
        away = Refusal(503, "store_unavailable", "the journal cannot be read", retry_after_s=5)
        return respond(request.scope, refuse(away))

    @app.get("/metrics", summary="Counters, for Prometheus", response_class=Response)
    async def metrics() -> Response:
        return Response(reception.figures.page(), media_type=MEDIA_TYPE)

    del healthz, readyz, metrics  # the application has them


async def _refuse_path(request: Request, error: Exception) -> Response:
    """Answer what is no path, or no method of one, in the shape of all refusals."""
    if isinstance(error, HTTPException) and error.status_code != NOT_FOUND.status:
        refusal = Refusal(error.status_code, "not_allowed", str(error.detail))
        answer = refuse(refusal)
        answer.headers.update(error.headers or {})
        return respond(request.scope, answer)
    return respond(request.scope, refuse(NOT_FOUND))


def _name(door: Door) -> str:
    return f"{door.sender}_body"


def _describe(app: FastAPI, doors: tuple[Door, ...]) -> dict[str, Any]:
    """Return the OpenAPI description, with the bodies, which are read by hand since signatures are over their bytes."""
    if app.openapi_schema is None:
        described = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = described.setdefault("components", {}).setdefault("schemas", {})
        for door in doors:
            _, definitions = models_json_schema([(door.body, "validation")], ref_template=_COMPONENT)
            found = definitions.get("$defs", {})
            schemas |= {name: schema for name, schema in found.items() if name != door.body.__name__}
            schemas[_name(door)] = found[door.body.__name__]
        app.openapi_schema = described
    return app.openapi_schema
