"""Who may change an endpoint, and what is known about who did. ``attribution`` finds it out."""

from datetime import datetime
from enum import StrEnum

from policies.values import Frozen


class Author(StrEnum):
    """Who may change an endpoint."""

    ROLLOUT = "rollout"
    AWS = "aws"
    SWITCH = "switch"
    OTHERS = "others"


class Attribution(Frozen):
    """Who may have made a change, and what is known about it.

    Attributes:
        authors: who may have made it, the likeliest first.
        has_switch: whether the rollout has a dead-man's switch at all.
        switch_due: since when the dead-man's switch was due; None where it cannot have acted.
        unobserved_since: the last sign of life of the process before this one, where that matters.
        failure_reason: AWS's own words on a change that failed; it may leave them empty.
    """

    authors: tuple[Author, ...]
    has_switch: bool = False
    switch_due: datetime | None = None
    unobserved_since: datetime | None = None
    failure_reason: str = ""
