"""What a rival does with a rollout: when it rolls back, and when it promotes."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.strata.arrays import Booleans, Integers

NEVER: Final = -1
"""Stands for the minute of a call that was not made."""


@dataclass(frozen=True)
class Calls:
    """The call that ends each rollout; at most one of the two is made.

    Attributes:
        rollback_at: minute index of the rollback, or `NEVER`; shape (runs,).
        promote_at: minute index of the promotion, or `NEVER`; same shape.
    """

    rollback_at: Integers
    promote_at: Integers


def call_at_end(worse: Booleans) -> Calls:
    """Roll back at the first sign of harm, and promote in the last minute where there was none: all rivals do.

    Args:
        worse: where the rival finds the candidate worse, shape (runs, minutes).
    """
    rolled_back = worse.any(axis=-1)
    last = worse.shape[-1] - 1
    return Calls(
        rollback_at=np.where(rolled_back, worse.argmax(axis=-1), NEVER),
        promote_at=np.where(rolled_back, NEVER, last),
    )
