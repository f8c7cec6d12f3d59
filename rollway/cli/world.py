"""What the verbs need of the outside world besides AWS: time."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

import click

from policies.errors import AwsError
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws
from rollway.aws.waiting import REAL_TIME, Timing
from rollway.loop.clock import AwsClock, Clock, SystemClock


@dataclass(frozen=True)
class World:
    """The time that a verb lives by.

    Attributes:
        clock: tells the time and lets it pass.
        timing: the pauses while an accepted change becomes visible in AWS.
    """

    clock: Clock = field(default_factory=SystemClock)
    timing: Timing = REAL_TIME

    def by_aws(self, aws: Aws) -> Self:
        """Return the world by AWS's time, as its answers to these clients state it: this machine's clock may be wrong."""
        return replace(self, clock=AwsClock(aws, self.clock))

    def now_by_aws(self, aws: Aws, endpoint: str) -> datetime:
        """Return AWS's present time, for which it is asked about an endpoint; without an answer, the local time."""
        clock = AwsClock(aws, self.clock)
        with suppress(AwsError):
            describe_endpoint(aws, endpoint)
        return clock.now()


def current_world() -> World:
    """Return the world that ``main`` was given, or the real one."""
    return click.get_current_context().find_object(World) or World()
