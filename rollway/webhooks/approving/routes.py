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
from rollway.webhooks.access import log_fields, source_of
from rollway.webhooks.approving.pages import Page, say
from rollway.webhooks.approving.questions import Questions
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
    "required": ["decision", "name", "reason", "asked"],
    "properties": {
        "decision": {"enum": ["approve", "reject"]},
        "name": {"type": "string", "minLength": 1, "maxLength": 100},
        "reason": {"type": "string", "minLength": 1, "maxLength": 500},
        "asked": {"type": "string", "description": "Since when it is asked, as the page has it."},
    },
}


def add_approvals(app: FastAPI, questions: Questions, reception: Reception) -> None:
    """Give an application the page."""
    answers: dict[int | str, dict[str, Any]] = {
        status: {"description": told, "content": {"text/html": {}}} for status, told in _TOLD.items()
    }

    async def show(token: str, request: Request) -> HTMLResponse:
        is_forged = questions.is_forged(token)
        turned_away = _turn_away(reception, request, is_forged=is_forged)
        if turned_away or is_forged:  # needs nothing of the journal, and so none of the places that wait for it
            return turned_away or _page(request, questions.show(token))
        return await _respond(reception, request, partial(questions.show, token))

    async def answer(token: str, request: Request) -> HTMLResponse:
        is_forged = questions.is_forged(token)
        turned_away = _turn_away(reception, request, is_forged=is_forged)
        if turned_away or is_forged:
            return turned_away or _page(request, questions.answer(token, {}))
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


def _turn_away(reception: Reception, request: Request, *, is_forged: bool) -> HTMLResponse | None:
    """Refuse a source that asks too often; None where it may go on. Requests with a link count apart from those without one."""
    proven = "refused" if is_forged else "authentic"
    wait_s = reception.buckets.take(f"{PATH} {proven}", source_of(request.scope))
    if not wait_s:
        return None
    page = say(429, "Too many requests", f"Try again in {wait_s} s.")
    return _page(request, page, {"retry-after": str(wait_s)})


async def _respond(reception: Reception, request: Request, make: Callable[[], Page]) -> HTMLResponse:
    try:
        async with asyncio.timeout(reception.limits.answer_s):
            page = await reception.workers.run(make)
    except TimeoutError:
        page = say(503, "The journal does not answer", "Whether something was taken is not known: look again.")
    except Exception as error:  # noqa: BLE001 - a person gets a page, whatever is wrong
        _log.error("an error in Rollway", exc_info=error)
        page = say(503, "An error in Rollway", "Whether something was taken is not known: look again.")
    return _page(request, page)


def _page(request: Request, page: Page, headers: dict[str, str] | None = None) -> HTMLResponse:
    """Respond, and say in the log what the status means, never what is on the page."""
    log_fields(request.scope).update(outcome="approval", why=_TOLD[page.status])
    return HTMLResponse(page.html, page.status, headers=headers)
