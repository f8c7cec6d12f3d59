"""EventBridge through an API destination: a key in a header of the user's choice; the body is the event itself, not signed."""

from collections.abc import Sequence
from typing import Final

from rollway.webhooks.senders.delivery import Delivery, Reading, forged, unsigned
from rollway.webhooks.senders.model_packages import read_event
from rollway.webhooks.senders.signing import as_bytes, is_any

HEADER: Final = "x-api-key"
"""Where the key is, unless the user says otherwise."""


def read(delivery: Delivery, secrets: Sequence[str], header: str = HEADER) -> Reading:
    """Check who sent it and read it.

    Raises:
        ValidationError: the body is no event of EventBridge.
    """
    given = delivery.headers.get(header, "")
    if not given:
        return unsigned(header)
    if not is_any(as_bytes(given), (each.encode() for each in secrets)):
        return forged()
    return read_event(delivery.body, delivery.at)
