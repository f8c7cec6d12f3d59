"""EventBridge through an API destination: a key in a header of the user's choice; the body is the event itself, not signed."""

from collections.abc import Sequence
from typing import Final

from rollway.webhooks.senders.delivery import Delivery, Reading, Refusal
from rollway.webhooks.senders.model_packages import read_event
from rollway.webhooks.senders.signing import check_key

HEADER: Final = "x-api-key"
"""Where the key is, unless the user says otherwise."""


def check_headers(delivery: Delivery, secrets: Sequence[str], header: str = HEADER) -> Refusal | None:
    """Refuse what does not have the key."""
    return check_key(delivery, header, secrets)


def read(delivery: Delivery, secrets: Sequence[str], header: str = HEADER) -> Reading:
    """Check who sent it and read it.

    Raises:
        ValidationError: the body is no event of EventBridge.
    """
    return check_headers(delivery, secrets, header) or read_event(delivery.body, delivery.at)
