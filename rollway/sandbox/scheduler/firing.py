"""How a schedule that is due becomes calls of its target: when they are made, how often, and which of them fail.

The permissions of the target's role are those of the simulated IAM. Retries are not simulated: whether the real Scheduler
repeats a call that the target turned down with a 4xx is not documented, here it does not, so that nobody relies on it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from rollway.sandbox.errors import Refusal
from rollway.sandbox.fault_menu import ScheduleFires
from rollway.sandbox.sagemaker.constraints import section
from rollway.sandbox.sagemaker.resources import Account
from rollway.sandbox.scheduler.dead_letters import Failure
from rollway.sandbox.scheduler.schedule import Invocation, Schedule
from rollway.sandbox.scheduler.targets import operation_of, payload_of, read_request

Permit = Callable[[str, str, str, tuple[str, Mapping[str, Any]]], None]
"""Takes the ARNs of a role and a schedule group, boto3's name of a service, and an operation with its parameters."""

_COPY_WITHIN: Final = timedelta(minutes=1)
_AGE: Final = "MaximumEventAgeInSeconds"


@dataclass(frozen=True)
class Reach:
    """What the Scheduler needs of the rest of the account.

    Attributes:
        account: its clock and names.
        operations: the operations of the simulated SageMaker.
        call: makes a request of it on the Scheduler's behalf; raises ``Refusal``.
        fault: says how the next invocation goes wrong, if it does.
        permit: lets a request be made in a role, on behalf of a schedule group, or raises ``Refusal``.
    """

    account: Account
    operations: tuple[str, ...]
    call: Callable[[str, Mapping[str, Any]], object]
    fault: Callable[[], ScheduleFires | None]
    permit: Permit


@dataclass(frozen=True)
class Luck:
    """How late invocations come.

    Attributes:
        lateness: each comes late by a part of this.
        seed: decides by which part. The same schedule at the same time always fares the same.
    """

    lateness: timedelta
    seed: int

    def invocations(self, schedule: Schedule, due: datetime, fault: ScheduleFires | None) -> Iterator[Invocation]:
        """Yield the one invocation that is due, and the copy of it that a fault may want."""
        chance = Random(f"{self.seed}/{schedule.arn}/{due.isoformat()}")  # noqa: S311 - seeded chance for a rehearsal, not a secret
        late = chance.random() * (self.lateness + schedule.window)
        at = due + late + (fault.late if fault else timedelta(0))
        execution = str(UUID(int=chance.getrandbits(128), version=4))
        yield Invocation(schedule, execution, due, at)
        if fault and fault.twice:
            yield Invocation(schedule, execution, due, at + chance.random() * _COPY_WITHIN)


def make(invocation: Invocation, now: datetime, reach: Reach) -> Failure | None:
    """Call the target, and say why that came to nothing, if it did.

    An invocation's age counts from when it comes, so one that a fault makes late is not too old for that.
    """
    target = invocation.schedule.target
    limit = timedelta(seconds=section(target, "RetryPolicy")[_AGE])
    if now - invocation.at > limit:
        return Failure("EventAgeExceeded", f"The invocation is {now - invocation.at} old, the limit is {limit}.", _AGE)
    operation = operation_of(target)
    try:
        request = read_request(operation, payload_of(invocation))
        reach.permit(target["RoleArn"], invocation.schedule.group_arn, "sagemaker", (operation, request))
        reach.call(operation, request)
    except Refusal as refusal:
        return Failure(refusal.code, refusal.message)
    return None
