"""What arrives at the receiver's door, and what a sender's module makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from policies.bindings.event import Registry, RegistryEvent
from policies.bindings.immutable import explain_moving

_MOST_TOLD: Final = 5
"""Fields that a refusal names; the first few tell what is wrong."""


@dataclass(frozen=True)
class Delivery:
    """A request, as far as it says what happened and who says so.

    Attributes:
        headers: by lower-case name, each byte as one character (latin-1); those that a sender goes by are here once.
        body: the bytes as they came; signatures are over these.
        at: when it arrived, by our clock.
    """

    headers: Mapping[str, str]
    body: bytes
    at: datetime


@dataclass(frozen=True)
class Accepted:
    """It is authentic and says that something happened which somebody may want to roll out for."""

    events: tuple[RegistryEvent, ...]


@dataclass(frozen=True)
class Ignored:
    """It is authentic and no business of ours."""

    why: str


@dataclass(frozen=True)
class Confirmation:
    """It is authentic and asks to be called back before anything else is sent.

    Attributes:
        url: what to get, checked.
    """

    url: str


@dataclass(frozen=True)
class Refusal:
    """It is not let in.

    Attributes:
        status: the HTTP status.
        code: stable slug.
        message: what is wrong, for whoever set the sender up; never repeats what was sent.
        hint: what to do about it.
        retry_after_s: seconds after which it makes sense to try again; 0 for never.
    """

    status: int
    code: str
    message: str
    hint: str = ""
    retry_after_s: int = 0


Reading = Accepted | Ignored | Confirmation | Refusal


def unsigned(headers: str) -> Refusal:
    """Return the refusal of a request that does not prove where it comes from."""
    return Refusal(401, "unsigned", f"the request is not signed: it needs {headers}", "Give the sender the secret.")


def forged() -> Refusal:
    """Return the refusal of a request whose proof is wrong."""
    return Refusal(401, "wrong_signature", "the signature or key is not that of any secret that is known here")


def stale(limit_s: float) -> Refusal:
    """Return the refusal of a request that was signed too long ago, or in the future."""
    message = f"the request's time is not within {limit_s:g} s of the receiver's"
    return Refusal(401, "stale", message, "Look at both machines' clocks.")


def malformed(error: ValidationError) -> Refusal:
    """Return the refusal of a body that is not what its sender sends: names fields, never values."""
    found = [f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['type']}" for each in error.errors()[:_MOST_TOLD]]
    return not_understood("; ".join(found))


def not_understood(what: str) -> Refusal:
    """Return the refusal of a request that has the wrong form."""
    return Refusal(400, "malformed", f"the request is not what this sender sends: {what}")


def moving(registry: Registry, version: str) -> Refusal:
    """Return the refusal of an event whose version is a reference that can move: nothing that follows from it could be relied on."""
    return Refusal(400, "moving_reference", f"version: {explain_moving(registry, version)}")
