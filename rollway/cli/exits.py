"""The exit codes of every verb."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """What the exit code of a verb says."""

    OK = 0
    INTERNAL = 1
    REFUSED = 2
    ROLLED_BACK = 3
    ABORTED = 4
    WAITING = 5
    ROLLBACK_FAILED = 6


EXIT_OF_OUTCOME: Final[Mapping[str, Exit]] = {
    "PROMOTED": Exit.OK,
    "ROLLED_BACK": Exit.ROLLED_BACK,
    "ABORTED": Exit.ABORTED,
    "INCONCLUSIVE": Exit.WAITING,
    "ROLLBACK_FAILED": Exit.ROLLBACK_FAILED,
}
"""By the outcome's name, so that nothing of the core needs importing here."""
