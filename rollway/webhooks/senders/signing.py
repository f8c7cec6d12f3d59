"""What the senders' signatures have in common: HMAC-SHA256, comparison in constant time, and times that have to be near ours."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from rollway.webhooks.senders.delivery import Delivery, Refusal, forged, not_understood, stale, unsigned

TOLERANCE_S: Final = 300
"""How far a signed time may be from ours, either way: MLflow's last try carries a time of up to two minutes ago."""

SHA256_BASE64: Final = r"[A-Za-z0-9+/]{43}="
"""The form of HMAC-SHA256 in Base64, as a regular expression."""
_SECONDS: Final = re.compile(r"[0-9]{1,11}")


def sign(key: bytes, *parts: bytes) -> bytes:
    """Return HMAC-SHA256 over the parts, joined by dots."""
    return hmac.digest(key, b".".join(parts), hashlib.sha256)


def is_any(given: bytes, expected: Iterable[bytes]) -> bool:
    """Say whether something given is one of what is expected, in a time that tells nothing of how much of it is right."""
    found = False
    for each in expected:
        found |= hmac.compare_digest(given, each)
    return found


def base64_of(raw: bytes) -> bytes:
    """Return bytes in Base64."""
    return base64.b64encode(raw)


def as_bytes(header: str) -> bytes:
    """Return a header's value as it came over the wire."""
    return header.encode("latin-1")


def read_seconds(text: str) -> datetime | None:
    """Return the time that a count of seconds since 1970 names, or None when the text is no such thing."""
    return datetime.fromtimestamp(int(text), UTC) if _SECONDS.fullmatch(text) else None


def read_time(text: str, otherwise: datetime) -> datetime:
    """Return the time in ISO 8601 or seconds since 1970, or else another: it is told to people, nothing depends on it."""
    try:
        found = read_seconds(text) or datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return otherwise


def is_near(one: datetime, other: datetime, tolerance_s: float = TOLERANCE_S) -> bool:
    """Say whether two times are at most so many seconds apart."""
    return abs((one - other).total_seconds()) <= tolerance_s


def check_time(text: str, header: str, at: datetime) -> Refusal | None:
    """Refuse a header that is not a count of seconds, or is too far from our time."""
    sent_at = read_seconds(text)
    if sent_at is None:
        return not_understood(f"{header} is not a time")
    return None if is_near(sent_at, at) else stale(TOLERANCE_S)


def check_key(delivery: Delivery, header: str, secrets: Iterable[str]) -> Refusal | None:
    """Refuse a delivery that does not have one of the secrets, as it is, in a header."""
    given = delivery.headers.get(header, "")
    if not given:
        return unsigned(header)
    return None if is_any(as_bytes(given), (each.encode() for each in secrets)) else forged()


def name_by_content(*parts: str | bytes) -> str:
    """Return a name that only the same parts have, for events whose sender gives them none."""
    whole = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        whole.update(len(raw).to_bytes(8))
        whole.update(raw)
    return whole.hexdigest()
