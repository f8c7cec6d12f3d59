"""Stands in front of every request that moto dispatches: simulated time, faults, the request log, refusals, the answers' dates.

It is patched into moto's dispatch itself, so tests in process and the HTTP server go through the same door.
"""

from contextlib import AbstractContextManager
from functools import cache
from html import escape
from http import HTTPStatus
from threading import RLock
from typing import Any

from moto.core import errors, responses
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.routing import get_service_router
from moto.core.utils import method_names_from_class
from moto.s3.responses import S3Response
from werkzeug.exceptions import HTTPException, NotFound

from rollway.sandbox.cloud import Cloud, Outcome
from rollway.sandbox.envelope import Envelope, agent_of
from rollway.sandbox.errors import Refusal
from rollway.sandbox.moto_adapter.callers import caller_of, parameters_of, s3_conditions_of
from rollway.sandbox.moto_adapter.limits import check_limits
from rollway.sandbox.moto_adapter.patch import Patch
from rollway.sandbox.moto_adapter.s3_time import dated

_FIRST_ERROR_STATUS = 400
_COMMON_ERRORS = (
    "ThrottlingException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InternalFailure",
    "ServiceUnavailable",
)


class SimulatedError(ServiceException):
    """A refusal in moto's terms; defined outside moto, which would take its own modules for services."""


def patches(cloud: Cloud) -> list[Patch]:
    """Return the doors: one for all services, two more for S3, which moto dispatches in its own way."""
    # In moto a conditional write has two steps, and so has a read: an object that is overwritten between them is gone. On S3 each is one.
    one_at_a_time = RLock()
    # moto warns about error codes that no service model lists; these are common to all of AWS.
    known_codes = [*errors.COMMON_ERROR_CODES, *_COMMON_ERRORS]
    return [
        Patch(BaseResponse, "call_action", _guarded_action(cloud, BaseResponse.call_action)),
        Patch(errors, "COMMON_ERROR_CODES", known_codes),
        # moto looks at all members of a class for each request.
        Patch(responses, "method_names_from_class", cache(method_names_from_class)),
        *(
            Patch(S3Response, name, _guarded_s3(cloud, getattr(S3Response, name), one_at_a_time))
            for name in ("bucket_response", "key_response")
        ),
    ]


def _guarded_action(cloud: Cloud, original: Any) -> Any:  # noqa: ANN401 - moto's methods are untyped to us
    def call_action(response: Any) -> Any:  # noqa: ANN401 - as above
        operation = response._get_action() or "Unknown"  # noqa: SLF001 - moto's only way to name the operation
        parameters = parameters_of(response)
        agent, caller = agent_of(response.headers.get("User-Agent")), caller_of(response)
        envelope = Envelope(response.boto3_service_name, agent, caller=caller)
        try:
            with cloud.request(operation, parameters, envelope) as outcome:
                check_limits(envelope.service, operation, parameters)
                answer = original(response)
                _note_error(outcome, answer)
        except Refusal as refusal:
            answer = _refused(response, refusal)
        status, given, body = answer
        return status, dated(given, cloud.clock.now()), body

    return call_action


def _note_error(outcome: Outcome, answer: Any) -> None:  # noqa: ANN401 - as above
    """Log an error that moto has turned into an answer already."""
    status, headers, _ = answer
    if int(status) >= _FIRST_ERROR_STATUS:
        outcome.code = str(headers.get("X-Amzn-Errortype") or f"HTTP {status}")


def _refused(response: Any, refusal: Refusal) -> Any:  # noqa: ANN401 - as above
    """Serialise a refusal in the protocol of the service, as moto does with its own errors."""
    error = SimulatedError(refusal.code, refusal.message)
    _, headers, body = response.serialized(ActionResult(error))
    headers["status"] = refusal.status
    headers, body = response._enrich_response(headers, body)  # noqa: SLF001 - adds the request id, as for every answer
    return refusal.status, headers, body


def _guarded_s3(cloud: Cloud, original: Any, one_at_a_time: AbstractContextManager[Any]) -> Any:  # noqa: ANN401 - as above
    def respond(response: Any, request: Any, full_url: str, headers: Any) -> Any:  # noqa: ANN401 - as above
        operation, parameters = _s3_request(request)
        agent, caller = agent_of(request.headers.get("User-Agent")), caller_of(request)
        envelope = Envelope("s3", agent, parameters.get("Bucket", ""), caller)
        try:
            with cloud.request(operation, parameters, envelope) as outcome, one_at_a_time:
                answer = _answered(original, response, request, full_url, headers)
                if answer[0] == HTTPStatus.NOT_FOUND and operation in {"GetObject", "HeadObject"}:
                    cloud.access.check_missing(caller, parameters)
                _note_error(outcome, answer)
        except Refusal as refusal:
            answer = _s3_refused(response, request, refusal)
        status, given, body = answer
        return status, dated(given, cloud.clock.now()), body

    return respond


def _answered(original: Any, *request: Any) -> Any:  # noqa: ANN401 - as above
    """Have moto answer; what it leaves to its web framework to answer becomes an answer like any other."""
    try:
        return original(*request)
    except HTTPException as error:
        return error.code, dict(error.get_headers()), error.get_body()


def _s3_refused(response: Any, request: Any, refusal: Refusal) -> Any:  # noqa: ANN401 - as above
    """Word a refusal as S3 does. An answer to HEAD has no body, so its status must say it all."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message, quote=False)}</Message></Error>"
    )
    body = "" if request.method == "HEAD" else text
    headers, _ = response._enrich_response({"Content-Type": "application/xml"}, body)  # noqa: SLF001 - as above
    return refusal.status, headers, body


def _s3_request(request: Any) -> tuple[str, dict[str, str]]:  # noqa: ANN401 - as above
    """Return the operation and where it is about: its bucket and key, as far as it has any."""
    try:
        operation, place = get_service_router("s3").match(request)
    except (NotFound, NotImplementedError):
        return f"S3:{request.method}", {"Path": request.path}
    return str(operation.name), dict(place) | s3_conditions_of(request)
