"""Replies made from what a model server sent, or from the fact that it sent nothing."""

from collections.abc import Mapping

from rollway.sandbox.errors import Refusal
from rollway.sandbox.runtime.messages import NO_ANSWER, Reply

_TIMED_OUT = (
    b"Your invocation timed out while waiting for a response from container primary. "
    b"Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


def received(status: int, headers: Mapping[str, str], body: bytes, latency_s: float) -> Reply:
    """Return the reply that a model server sent; header names are in lower case."""
    content_type = headers.get("content-type", "application/octet-stream")
    return Reply(status, body, latency_s, content_type, headers.get("x-amzn-sagemaker-custom-attributes"))


def timed_out(after_s: float) -> Reply:
    """Return the reply that did not come in time, in AWS's words."""
    return Reply(NO_ANSWER, _TIMED_OUT, after_s)


def broken_off(error: Exception, after_s: float) -> Reply:
    """Return the reply that never came because the connection failed or spoke no HTTP."""
    return Reply(NO_ANSWER, f"The connection to the model server failed: {error}".encode(), after_s)


def no_server() -> Refusal:
    """Return the refusal of an invocation whose variant has no model server up."""
    return Refusal("ServiceUnavailable", "No model server of the variant is up. Try your call again.", 503)
