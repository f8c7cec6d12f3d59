"""Signed links: whoever holds one may answer one stage of one rollout, until it expires. Pure: the secret and the time are given.

A token is ``payload.signature``, both in the URL alphabet of base64 without padding. The payload is JSON, the signature HMAC-SHA256 over
its text (RFC 2104).
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from pydantic import Field

from policies.values import Frozen

LASTS: Final = timedelta(days=7)
"""How long a link may be used; the stage that it is about may be over much sooner."""
_MOST: Final = 1024
_LATEST: Final = 253_402_300_799
"""The last second of the year 9999: Python has no later moment."""
_CONTEXT: Final = b"rollway approval 1:"
"""Is signed as well, so that nothing else that the same secret signs passes for a token."""


class Question(Frozen):
    """What a person is asked.

    Attributes:
        rollout_id: of which rollout.
        stage: index of the stage that waits.
    """

    rollout_id: str = Field(min_length=1)
    stage: int = Field(ge=0)


class Refusal(Enum):
    """Why a token is not taken."""

    FORGED = "this link was not signed by this Rollway, or has been changed"
    EXPIRED = "this link has expired"


class _Payload(Question):
    expires: int = Field(ge=0, le=_LATEST)


def sign(secret: str, question: Question, now: datetime) -> str:
    """Return the token for a question, good for ``LASTS`` from now on."""
    payload = _Payload(**question.model_dump(), expires=int((now + LASTS).timestamp()))
    text = _encode(payload.model_dump_json().encode())
    return f"{text}.{_encode(_signature(secret, text))}"


def read(secrets: Sequence[str], token: str, now: datetime) -> Question | Refusal:
    """Return the question that a token was signed for, or why it is not taken; any of the secrets may have signed it."""
    text, _, signature = token.partition(".")
    if not token.isascii() or len(token) > _MOST or not any(_is_signed(secret, text, signature) for secret in secrets):
        return Refusal.FORGED
    try:
        payload = _Payload.model_validate(json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        expires = datetime.fromtimestamp(payload.expires, UTC)
    except (ValueError, OverflowError, OSError, RecursionError):
        return Refusal.FORGED
    if now >= expires:
        return Refusal.EXPIRED
    return Question(rollout_id=payload.rollout_id, stage=payload.stage)


def _is_signed(secret: str, text: str, signature: str) -> bool:
    """Compare in constant time, and the text of the signature rather than its bytes: base64 has several texts for some bytes."""
    return hmac.compare_digest(_encode(_signature(secret, text)).encode(), signature.encode())


def _signature(secret: str, text: str) -> bytes:
    return hmac.new(secret.encode(), _CONTEXT + text.encode(), hashlib.sha256).digest()


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
