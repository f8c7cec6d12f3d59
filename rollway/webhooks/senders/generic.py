"""Anybody else: Standard Webhooks (standardwebhooks.com) around the fields of an event."""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from pydantic import AwareDatetime, TypeAdapter, field_validator

from policies.bindings.event import Happening, Registry, RegistryEvent, Text
from policies.bindings.immutable import is_immutable
from policies.values import Frozen
from rollway.webhooks.senders.delivery import (
    Accepted,
    Delivery,
    Reading,
    Refusal,
    forged,
    moving,
    unsigned,
)
from rollway.webhooks.senders.signing import (
    SHA256_BASE64,
    as_bytes,
    base64_of,
    check_time,
    is_any,
    read_seconds,
    sign,
)

ID: Final = "webhook-id"
TIME: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
HEADERS: Final = (ID, TIME, SIGNATURE)

_ENCODED: Final = "whsec_"
_MOST_SIGNATURES: Final = 10
"""Signatures that are looked at; a sender that changes its secret sends two."""
_FORM: Final = re.compile(f"v1,{SHA256_BASE64}")
_MOMENT: Final = TypeAdapter(AwareDatetime)


class Body(Frozen):
    """What happened; whose word it is, its id and its time are in the headers.

    Attributes:
        happening: what happened.
        model: the registered model.
        version: the version it happened to; empty where that is not known.
        label: the alias that was set, or a tag as ``key=value``; empty for the others.
        timestamp: when it happened, in ISO 8601 with its offset from UTC, as Standard Webhooks recommends. A retry carries a new time in
            its header, so without this one an event that is sent again late looks newer than what happened since.
    """

    happening: Happening
    model: Text
    version: str = ""
    label: str = ""
    timestamp: str = ""

    @field_validator("timestamp")
    @classmethod
    def _is_a_time(cls, text: str) -> str:
        if text:
            _read_moment(text)
        return text


def check_headers(delivery: Delivery, _secrets: Sequence[str]) -> Refusal | None:
    """Refuse what is not signed at all, not in the standard's form, or not now."""
    given = [delivery.headers.get(name, "") for name in HEADERS]
    if not all(given):
        return unsigned(", ".join(HEADERS))
    _, time, signatures = given
    return check_time(time, TIME, delivery.at) if any(map(_FORM.fullmatch, _split(signatures))) else forged()


def read(delivery: Delivery, secrets: Sequence[str]) -> Reading:
    """Check who sent it and read it.

    Raises:
        ValidationError: the body has other fields than an event.
    """
    refusal = check_headers(delivery, secrets) or _check_signature(delivery, secrets)
    if refusal:
        return refusal
    body = Body.model_validate_json(delivery.body)
    alias = body.label if body.happening is Happening.ALIAS_SET else ""
    if body.version and not is_immutable(Registry.GENERIC, body.version, alias):
        return moving(Registry.GENERIC, body.version)
    event = RegistryEvent(
        registry=Registry.GENERIC,
        id=delivery.headers[ID],
        at=_moment(body, delivery),
        **body.model_dump(exclude={"timestamp"}),
    )
    return Accepted((event,))


def _moment(body: Body, delivery: Delivery) -> datetime:
    """Return when it happened, as far as the sender says, and never later than it was sent."""
    sent_at = read_seconds(delivery.headers[TIME]) or delivery.at
    return min(_read_moment(body.timestamp), sent_at) if body.timestamp else sent_at


def _read_moment(text: str) -> datetime:
    """Return a moment in UTC; a ValueError where it is none, or none of the years that there are."""
    try:
        return _MOMENT.validate_python(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is in no year between 1 and 9999") from error


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for: Base64 after ``whsec_``, or the text itself."""
    if not secret.startswith(_ENCODED):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_ENCODED), validate=True)
    except binascii.Error:
        return secret.encode()


def _check_signature(delivery: Delivery, secrets: Sequence[str]) -> Refusal | None:
    identity, time = (as_bytes(delivery.headers[name]) for name in (ID, TIME))
    signed = [b"v1," + base64_of(sign(key_of(each), identity, time, delivery.body)) for each in secrets]
    candidates = map(as_bytes, _split(delivery.headers[SIGNATURE]))
    return None if sum(is_any(each, signed) for each in candidates) else forged()


def _split(signatures: str) -> list[str]:
    return signatures.split(" ")[:_MOST_SIGNATURES]
