"""Anybody else: Standard Webhooks (standardwebhooks.com) around the fields of an event."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from policies.bindings.event import Happening, Registry, RegistryEvent, Text
from policies.values import Frozen
from rollway.webhooks.senders.delivery import (
    Accepted,
    Delivery,
    Reading,
    Refusal,
    forged,
    not_understood,
    stale,
    unsigned,
)
from rollway.webhooks.senders.signing import (
    TOLERANCE_S,
    as_bytes,
    base64_of,
    is_any,
    is_near,
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


class Body(Frozen):
    """What happened; whose word it is, its id and its time are in the headers.

    Attributes:
        happening: what happened.
        model: the registered model.
        version: the version it happened to; empty where that is not known.
        label: the alias that was set, or a tag as ``key=value``; empty for the others.
    """

    happening: Happening
    model: Text
    version: str = ""
    label: str = ""


def read(delivery: Delivery, secrets: Sequence[str]) -> Reading:
    """Check who sent it and read it.

    Raises:
        ValidationError: the body has other fields than an event.
    """
    refusal = _check(delivery, secrets)
    if refusal:
        return refusal
    body = Body.model_validate_json(delivery.body)
    sent_at = read_seconds(delivery.headers[TIME]) or delivery.at
    event = RegistryEvent(registry=Registry.GENERIC, id=delivery.headers[ID], at=sent_at, **dict(body))
    return Accepted((event,))


def key_of(secret: str) -> bytes:
    """Return the key that a secret stands for: Base64 after ``whsec_``, or the text itself."""
    if not secret.startswith(_ENCODED):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_ENCODED), validate=True)
    except binascii.Error:
        return secret.encode()


def _check(delivery: Delivery, secrets: Sequence[str]) -> Refusal | None:
    given = [delivery.headers.get(name, "") for name in HEADERS]
    if not all(given):
        return unsigned(", ".join(HEADERS))
    identity, time, signatures = map(as_bytes, given)
    signed = [b"v1," + base64_of(sign(key_of(each), identity, time, delivery.body)) for each in secrets]
    candidates = signatures.split(b" ")[:_MOST_SIGNATURES]
    if sum(is_any(each, signed) for each in candidates) == 0:
        return forged()
    sent_at = read_seconds(given[1])
    if sent_at is None:
        return not_understood(f"{TIME} is no time")
    return None if is_near(sent_at, delivery.at) else stale(TOLERANCE_S)
