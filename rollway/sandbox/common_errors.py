"""The refusals that any AWS service may give, each in its service's own code, words and HTTP status.

The codes are those of botocore's service models and of the services' "common errors". Which of them is due is decided
elsewhere.
"""

from typing import Final

from rollway.sandbox.errors import Refusal

_BROKEN: Final = {
    "s3": ("InternalError", "We encountered an internal error. Please try again."),
    "cloudwatch": ("InternalServiceError", "Request processing has failed due to some unknown error."),
    "scheduler": ("InternalServerException", "Unexpected error encountered while processing the request."),
    "application-autoscaling": ("InternalServiceException", "The service encountered an internal error."),
}
_BROKEN_ELSEWHERE: Final = ("InternalFailure", "The request processing has failed because of an unknown error.")
_UNAVAILABLE: Final = "The request has failed due to a temporary failure of the server."
_EXPIRED: Final = "The security token included in the request is expired"
_XML: Final = frozenset({"cloudwatch", "sts", "sns", "sqs"})
"""Services of older protocols, whose codes for a denied caller have no suffix."""
_BAD_REQUEST: Final = 400
_FORBIDDEN: Final = 403
_INTERNAL_ERROR: Final = 500
_SERVICE_UNAVAILABLE: Final = 503


def throttled(service: str) -> Refusal:
    """Return how a service says that it is asked too often."""
    if service == "s3":
        return Refusal("SlowDown", "Please reduce your request rate.", _SERVICE_UNAVAILABLE)
    return Refusal("ThrottlingException", "Rate exceeded")


def failed(service: str, status: int = _INTERNAL_ERROR) -> Refusal:
    """Return how a service says that it cannot answer: with status 500 it is broken, with 503 unavailable."""
    if status == _SERVICE_UNAVAILABLE:
        return Refusal("ServiceUnavailable", _UNAVAILABLE, status)
    return Refusal(*_BROKEN.get(service, _BROKEN_ELSEWHERE), status)


def denied(service: str, operation: str, account_id: str) -> Refusal:
    """Return how a service says that the caller may not use an operation."""
    if service == "s3":
        return Refusal("AccessDenied", "Access Denied", _FORBIDDEN)
    who = f"arn:aws:sts::{account_id}:assumed-role/simulated/caller"
    words = (
        f"User: {who} is not authorized to perform: {service}:{operation} because no identity-based policy allows it"
    )
    if service in _XML:
        return Refusal("AccessDenied", words, _FORBIDDEN)
    return Refusal("AccessDeniedException", words, _BAD_REQUEST)


def expired_token(service: str) -> Refusal:
    """Return how a service says that the temporary credentials are over.

    The protocols differ: XML services know the short code, and only some of all services call it forbidden.
    """
    match service:
        case "s3":
            return Refusal("ExpiredToken", "The provided token has expired.")
        case "sts":
            return Refusal("ExpiredToken", _EXPIRED, _FORBIDDEN)
        case "scheduler":
            return Refusal("ExpiredTokenException", _EXPIRED, _FORBIDDEN)
        case _:
            return Refusal("ExpiredTokenException", _EXPIRED)
