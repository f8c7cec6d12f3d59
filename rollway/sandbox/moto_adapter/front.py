"""Stands in front of every request that moto dispatches: simulated time, throttling faults, the request log, refusals.

It is patched into moto's dispatch itself, so tests in process and the HTTP server go through the same door.
"""

from typing import Any

from moto.core import errors
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.core.routing import get_service_router
from moto.s3.responses import S3Response
from werkzeug.exceptions import NotFound

from rollway.sandbox.cloud import Cloud, Outcome
from rollway.sandbox.errors import Refusal
from rollway.sandbox.moto_adapter.patch import Patch

_FIRST_ERROR_STATUS = 400
_S3_BUSY = 503
_S3_THROTTLED = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)


class SimulatedError(ServiceException):
    """A refusal in moto's terms; defined outside moto, which would take its own modules for services."""


def patches(cloud: Cloud) -> list[Patch]:
    """Return the doors: one for all services, two more for S3, which moto dispatches in its own way."""
    # moto warns about error codes that no service model lists; throttling is common to all of AWS.
    known_codes = [*errors.COMMON_ERROR_CODES, "ThrottlingException"]
    return [
        Patch(BaseResponse, "call_action", _guarded_action(cloud, BaseResponse.call_action)),
        Patch(errors, "COMMON_ERROR_CODES", known_codes),
        *(
            Patch(S3Response, name, _guarded_s3(cloud, getattr(S3Response, name)))
            for name in ("bucket_response", "key_response")
        ),
    ]


def _guarded_action(cloud: Cloud, original: Any) -> Any:  # noqa: ANN401 - moto's methods are untyped to us
    def call_action(response: Any) -> Any:  # noqa: ANN401 - as above
        operation = response._get_action() or "Unknown"  # noqa: SLF001 - moto's only way to name the operation
        parameters = dict(getattr(response, "params", None) or {})
        try:
            with cloud.request(operation, parameters) as outcome:
                answer = original(response)
                _note_error(outcome, answer)
                return answer
        except Refusal as refusal:
            return _refused(response, refusal)

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


def _guarded_s3(cloud: Cloud, original: Any) -> Any:  # noqa: ANN401 - as above
    def respond(response: Any, request: Any, full_url: str, headers: Any) -> Any:  # noqa: ANN401 - as above
        try:
            with cloud.request(_s3_operation(request), {"Path": request.path}) as outcome:
                answer = original(response, request, full_url, headers)
                _note_error(outcome, answer)
                return answer
        except Refusal:
            return _S3_BUSY, {"Content-Type": "application/xml"}, _S3_THROTTLED

    return respond


def _s3_operation(request: Any) -> str:  # noqa: ANN401 - as above
    try:
        operation, _ = get_service_router("s3").match(request)
    except (NotFound, NotImplementedError):
        return f"S3:{request.method}"
    return str(operation.name)
