"""Waiting for something to become true in AWS.

botocore's own waiters do not fit: they sleep 30 s at a time, up to an hour, and take a silently rolled back update for
a success. Only waits of seconds belong here; a rollout's bakes are ticks of the loop.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from policies.errors import DeadlineExceeded
from policies.values import format_duration

T = TypeVar("T")

JITTER: Final = 0.2
"""A pause differs from the wanted one by up to this fraction, so that many rollouts do not look in step."""


@dataclass(frozen=True)
class Timing:
    """What a wait needs of the outside world.

    Attributes:
        clock: seconds on a clock that never goes back.
        sleep: pauses for so many seconds.
        uniform: draws a number between two others.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform


REAL_TIME: Final = Timing()


def wait_until(
    condition: Callable[[], T | None],
    waited_for: str,
    *,
    deadline: timedelta,
    every: timedelta,
    timing: Timing = REAL_TIME,
) -> T:
    """Ask again and again until the condition gives something other than None, and return that.

    Args:
        condition: asked at once, after every pause, and a last time at the deadline. What it raises is passed on.
        waited_for: what is waited for, for the error message.
        deadline: how long to wait at most.
        every: the mean pause between two questions.
        timing: the clock, the pause and the randomness.

    Raises:
        DeadlineExceeded: the condition still gave None at the deadline.
    """
    ends_at = timing.clock() + deadline.total_seconds()
    while (found := condition()) is None:
        left = ends_at - timing.clock()
        if left <= 0:
            raise DeadlineExceeded(f"waited {format_duration(deadline)} for {waited_for}, in vain")
        timing.sleep(min(left, every.total_seconds() * timing.uniform(1 - JITTER, 1 + JITTER)))
    return found
