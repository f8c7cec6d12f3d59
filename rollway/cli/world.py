"""What the verbs need of the outside world besides AWS: time."""

from dataclasses import dataclass, field

import click

from rollway.aws.waiting import REAL_TIME, Timing
from rollway.loop.clock import Clock, SystemClock


@dataclass(frozen=True)
class World:
    """The time that a verb lives by.

    Attributes:
        clock: tells the time and lets it pass.
        timing: the pauses while an accepted change becomes visible in AWS.
    """

    clock: Clock = field(default_factory=SystemClock)
    timing: Timing = REAL_TIME


def current_world() -> World:
    """Return the world that ``main`` was given, or the real one."""
    return click.get_current_context().find_object(World) or World()
