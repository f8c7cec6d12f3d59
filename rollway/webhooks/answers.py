"""What is answered: one shape for everything that is let in, another for every refusal, and headers that go with all of it."""

from dataclasses import dataclass, field
from typing import Any, Final

from rollway.webhooks.senders.delivery import Refusal

ACCEPTED: Final = 202
PROTECTION: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
}
"""Goes with every answer. The address of a page for answers is a key: it must not be kept, framed, or sent on by a link."""
NOT_FOUND: Final = Refusal(404, "not_found", "there is nothing here")
UNFORESEEN: Final = Refusal(503, "unforeseen", "an error in Rollway: send it again", retry_after_s=5)


@dataclass(frozen=True)
class Answer:
    """What a sender gets.

    Attributes:
        status: the HTTP status.
        body: the JSON document.
        outcome: for the count and the log: ``accepted``, ``known``, ``ignored``, ``confirmed`` or a refusal's code.
        why: for the log, the reason of a refusal.
        headers: more headers.
    """

    status: int
    body: dict[str, Any]
    outcome: str
    why: str = ""
    headers: dict[str, str] = field(default_factory=dict[str, str])


def refuse(refusal: Refusal) -> Answer:
    """Return the answer to a request that is not let in."""
    error = {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}
    headers = {"retry-after": str(refusal.retry_after_s)} if refusal.retry_after_s else {}
    return Answer(refusal.status, {"error": error}, refusal.code, refusal.message, headers)


def acknowledge(outcome: str, status: str, why: str = "", ids: list[str] | None = None) -> Answer:
    """Return the answer to a delivery that is authentic."""
    return Answer(ACCEPTED, {"status": status, "ids": ids or [], "why": why}, outcome)
