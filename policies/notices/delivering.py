"""How far the delivery of a message has got, and what comes next: sent once, tried again, told as doubtful, or given up."""

from datetime import datetime, timedelta
from typing import Final, Literal

from policies.values import Frozen

TRY_AGAIN_AFTER: Final = timedelta(seconds=30)
"""How long after a message that could not be delivered it is tried again; each time twice as long."""
LONGEST_PAUSE: Final = timedelta(hours=2)
GIVE_UP_AFTER: Final = timedelta(days=1)
"""How long after the first try a message is given up."""
ABANDONED_AFTER: Final = timedelta(minutes=1)
"""How long a delivery that has begun is left to its process; one that takes longer has died, since sending takes seconds."""


class Delivery(Frozen):
    """What is known of a message to one address.

    Attributes:
        stand: ``sending``: a process is at it, or died at it; ``owed``: it was not taken and is tried again; ``sent``; ``given up``.
        tries: how often it was tried.
        lost: how often a process died while it was at it, so that nobody knows whether the message was taken.
        first: when it was first tried.
        last: when it was last tried.
        why: what went wrong the last time; empty when nothing did.
    """

    stand: Literal["sending", "owed", "sent", "given up"]
    tries: int = 1
    lost: int = 0
    first: datetime
    last: datetime
    why: str = ""

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.stand in {"sending", "owed"}

    @property
    def doubt(self) -> str:
        """Say why the message comes late, or may have come before; empty on the first try."""
        since = f"{self.first:%Y-%m-%d %H:%M:%S} UTC"
        if self.lost:
            return f"This may have been told before: the process that sent it first, at {since}, did not live to say whether it did."
        return f"Told late: tried since {since}." if self.tries > 1 else ""


def begin(now: datetime) -> Delivery:
    """Return a delivery that is about to be tried for the first time."""
    return Delivery(stand="sending", first=now, last=now)


def conclude(delivery: Delivery, why: str | None, now: datetime) -> Delivery:
    """Return a delivery after a try: sent, or owed because of what went wrong."""
    update = {"stand": "sent", "why": ""} if why is None else {"stand": "owed", "why": why}
    return delivery.model_copy(update={**update, "last": now})


def follow_up(delivery: Delivery, now: datetime, *, abandoned: bool) -> Delivery:
    """Return a delivery as it is to go on: ``sending`` when it is to be tried now; unchanged when it is not due.

    Args:
        delivery: what is known of it.
        now: the present moment.
        abandoned: whether the process that was at it has died; one that is alive is left to it.
    """
    if delivery.stand == "sending" and abandoned:
        if delivery.lost:
            why = "two processes died while they sent it; nobody knows whether it was taken"
            return delivery.model_copy(update={"stand": "given up", "why": why})
        return _try_again(delivery, now, lost=1)
    if delivery.stand != "owed":
        return delivery
    due = next_try(delivery.first, delivery.last, delivery.tries)
    if due is None:
        return delivery.model_copy(update={"stand": "given up"})
    return _try_again(delivery, now, lost=delivery.lost) if now >= due else delivery


def next_try(first: datetime, last: datetime, tries: int) -> datetime | None:
    """Return when a message that was not delivered is to be tried again, or None when it is to be given up.

    Args:
        first: when it was first tried.
        last: when it was last tried.
        tries: how often.
    """
    pause = min(TRY_AGAIN_AFTER * 2 ** min(tries - 1, 20), LONGEST_PAUSE)
    due = last + pause
    return due if due - first <= GIVE_UP_AFTER else None


def _try_again(delivery: Delivery, now: datetime, lost: int) -> Delivery:
    return delivery.model_copy(update={"stand": "sending", "tries": delivery.tries + 1, "lost": lost, "last": now})
