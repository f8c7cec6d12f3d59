"""The page's two routes: GET shows the question, and only POST answers it."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from rollway.notices.signing import PATH
from rollway.webhooks.approving.pages import HEADERS, Page, say
from rollway.webhooks.approving.questions import Questions
from rollway.webhooks.logs import fields
from rollway.webhooks.reception import Reception
from rollway.webhooks.senders.delivery import Refusal

_log = logging.getLogger(__name__)

_FIELDS_AT_MOST: Final = 10
_TOLD: Final = {
    200: "The question, or what was answered.",
    400: "The request has the wrong form.",
    403: "The link was not signed here.",
    404: "There is no such rollout.",
    408: "The form did not arrive in time.",
    409: "There is nothing to answer any more.",
    410: "The link has expired.",
    413: "The form is too long.",
    422: "Something is missing in the form, which is shown again.",
    429: "Too many requests from this source.",
    503: "The journal cannot be reached.",
}
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["decision", "name", "reason"],
    "properties": {
        "decision": {"enum": ["approve", "reject"]},
        "name": {"type": "string", "minLength": 1, "maxLength": 100},
        "reason": {"type": "string", "minLength": 1, "maxLength": 500},
    },
}


def add_approvals(app: FastAPI, questions: Questions, reception: Reception) -> None:
    """Give an application the page."""
    answers: dict[int | str, dict[str, Any]] = {
        status: {"description": told, "content": {"text/html": {}}} for status, told in _TOLD.items()
    }

    async def show(token: str, request: Request) -> HTMLResponse:
        turned_away = _turn_away(reception, request) if questions.is_forged(token) else None
        return turned_away or await _respond(reception, request, partial(questions.show, token))

    async def answer(token: str, request: Request) -> HTMLResponse:
        if questions.is_forged(token):
            return _turn_away(reception, request) or _page(request, questions.answer(token, {}))
        body = await reception.read_body(request)
        if isinstance(body, Refusal):
            return _page(request, say(body.status, "Nothing was taken", f"{body.message}."))
        try:
            form = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS_AT_MOST)
        except ValueError:
            return _page(request, say(400, "Nothing was taken", "This is no form."))
        return await _respond(reception, request, partial(questions.answer, token, form))

    route = partial(app.add_api_route, f"/{PATH}/{{token}}", responses=answers, response_class=HTMLResponse)
    route(show, methods=["GET"], summary="The question that a signed link leads to", operation_id="show_question")
    route(
        answer,
        methods=["POST"],
        summary="A person's answer to it",
        operation_id="answer_question",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/x-www-form-urlencoded": {"schema": _FORM}},
            }
        },
    )


def _turn_away(reception: Reception, request: Request) -> HTMLResponse | None:
    """Refuse a source that guesses too often; None where it may go on. Who has a link is never kept out by somebody who has none."""
    wait_s = reception.buckets.take(PATH, _source_of(request))
    if not wait_s:
        return None
    page = say(429, "Too many requests", f"Try again in {wait_s} s.")
    return _page(request, page, {"retry-after": str(wait_s)})


async def _respond(reception: Reception, request: Request, make: Callable[[], Page]) -> HTMLResponse:
    try:
        async with asyncio.timeout(reception.limits.answer_s):
            page = await asyncio.get_running_loop().run_in_executor(reception.threads, make)
    except TimeoutError:
        page = say(503, "The journal does not answer", "Whether something was taken is not known: look again.")
    except Exception as error:  # noqa: BLE001 - a person gets a page, whatever is wrong
        _log.error("an error in Rollway", exc_info=error)
        page = say(503, "An error in Rollway", "Whether something was taken is not known: look again.")
    return _page(request, page)


def _page(request: Request, page: Page, headers: dict[str, str] | None = None) -> HTMLResponse:
    """Respond, with one line in the log: never with the link, which is a key."""
    told = {"sender": PATH, "source": _source_of(request), "method": request.method, "status": page.status}
    _log.log(logging.INFO if page.status == 200 else logging.WARNING, "approval", extra=fields(**told))  # noqa: PLR2004 - OK
    return HTMLResponse(page.html, page.status, headers=HEADERS | (headers or {}))


def _source_of(request: Request) -> str:
    return request.client.host if request.client else ""
