"""The values that pass through the simulated runtime: an invocation in, a model server's reply, AWS's answer out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

NO_ANSWER = 0
"""The status of a reply that never came: AWS reports a time-out or a broken connection as original status 0."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One InvokeEndpoint request.

    Attributes:
        endpoint: the endpoint's name.
        body: what the model gets, byte for byte.
        content_type: the body's media type.
        accept: the media type that the caller wants back, if it said.
        target_variant: the variant that the caller insists on, or None to be routed by weight.
        inference_id: the caller's own id of the request; the model server gets it too.
        custom_attributes: an opaque value for the model server.
    """

    endpoint: str
    body: bytes
    content_type: str = "application/octet-stream"
    accept: str | None = None
    target_variant: str | None = None
    inference_id: str | None = None
    custom_attributes: str | None = None

    def container_headers(self) -> dict[str, str]:
        """Return the headers with which SageMaker hands the request to a container."""
        headers = {
            "Content-Type": self.content_type,
            "Accept": self.accept,
            "X-Amzn-SageMaker-Inference-Id": self.inference_id,
            "X-Amzn-SageMaker-Custom-Attributes": self.custom_attributes,
        }
        return {name: value for name, value in headers.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model server made of a request.

    Attributes:
        status: its HTTP status, or ``NO_ANSWER``.
        body: its body; of a reply that never came, what went wrong in AWS's words.
        latency_s: seconds from sending the request to having the whole reply.
        content_type: the body's media type.
        custom_attributes: the opaque value that the model server gave back, if any.
    """

    status: int
    body: bytes
    latency_s: float
    content_type: str = "application/json"
    custom_attributes: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the status is one of success (2xx)."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the bounds of HTTP's class of success


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller of InvokeEndpoint gets.

    Attributes:
        status: the HTTP status.
        body: the model's own body, or AWS's description of an error as JSON.
        content_type: the body's media type.
        variant: the production variant that was asked, if it came that far.
        headers: all headers but the body's length, ``Content-Type`` included.
    """

    status: int
    body: bytes
    content_type: str
    variant: str | None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@runtime_checkable
class ModelServers(Protocol):
    """Whatever can hand an invocation to a fleet and wait for the reply."""

    def call(self, fleet_id: str, invocation: Invocation, timeout_s: float) -> Reply:
        """Return the fleet's reply; one that never came has the status ``NO_ANSWER``.

        Raises:
            Refusal: ``ServiceUnavailable`` when no server of the fleet is up.
        """
        ...
