"""The dead-man's switch: the schedule that brings the traffic back when every process of ours is gone. What it is called and needs.

AWS runs it, not Rollway: it cannot look before it acts. So it only ever repeats what is safe, all traffic to the baseline, under a name
that no other rollout shares.
"""

import hashlib
import re
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator

from policies.values import Duration, Frozen

_NAME_LIMIT: Final = 64
_HASH_LENGTH: Final = 8
_MINUTE: Final = timedelta(minutes=1)


class SwitchSpec(Frozen):
    """How a rollout is protected against the loss of every process of ours.

    Attributes:
        mode: ``required``: without an armed switch the candidate gets no traffic; ``none``: there is none.
        role: name of the IAM role that EventBridge Scheduler acts in; it needs nothing but UpdateEndpointWeightsAndCapacities.
        group: name of the schedule group.
        dead_letters: name of the SQS queue for calls that AWS turned down; empty for none.
        every: time between two tries, in whole minutes: one refused call must not be the last.
        lasts: how long it goes on trying.
    """

    mode: Literal["required", "none"] = "required"
    role: Annotated[str, Field(pattern=r"^[\w+=,.@/-]+$")] = "rollway-dead-mans-switch"
    group: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-_.]{1,64}$")] = "rollway"
    dead_letters: Annotated[str, Field(pattern=r"^[0-9a-zA-Z-_]{0,80}$")] = "rollway-dead-letters"
    every: Duration = _MINUTE
    lasts: Duration = timedelta(hours=6)

    @field_validator("every", "lasts")
    @classmethod
    def _is_whole_minutes(cls, length: timedelta) -> timedelta:
        if length < _MINUTE or length % _MINUTE:
            raise ValueError("EventBridge Scheduler counts in whole minutes; write for example 1m")
        return length


class Switch(Frozen):
    """The schedule of one rollout.

    Attributes:
        name: unique to the rollout.
        group: its schedule group.
        target: ARN of what it calls: SageMaker's UpdateEndpointWeightsAndCapacities.
        role: ARN of the role that it acts in.
        dead_letters: ARN of the queue for calls that AWS turned down; None for none.
        every: time between two tries.
        lasts: how long it goes on trying.
    """

    name: str
    group: str
    target: str
    role: str
    dead_letters: str | None
    every: timedelta
    lasts: timedelta


def make_switch(spec: SwitchSpec, rollout_id: str, endpoint_arn: str) -> Switch | None:
    """Return the switch of a rollout in the endpoint's own account and Region, or None when the policy wants none."""
    if spec.mode == "none":
        return None
    _, partition, _, region, account, _ = endpoint_arn.split(":", 5)
    return Switch(
        name=_name(rollout_id),
        group=spec.group,
        target=f"arn:{partition}:scheduler:::aws-sdk:sagemaker:updateEndpointWeightsAndCapacities",
        role=f"arn:{partition}:iam::{account}:role/{spec.role}",
        dead_letters=f"arn:{partition}:sqs:{region}:{account}:{spec.dead_letters}" if spec.dead_letters else None,
        every=spec.every,
        lasts=spec.lasts,
    )


def _name(rollout_id: str) -> str:
    """Return a name that EventBridge Scheduler accepts; a long one ends in a hash of the whole."""
    plain = re.sub(r"[^0-9a-zA-Z-_.]", "-", f"rollway-{rollout_id}")
    if len(plain) <= _NAME_LIMIT:
        return plain
    digest = hashlib.sha256(plain.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{plain[: _NAME_LIMIT - _HASH_LENGTH - 1]}-{digest}"
