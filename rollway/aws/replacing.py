"""Replacing a variant's whole registration for autoscaling by another, and reading it back: bounds, policies, scheduled actions.

What is as wanted already is left alone, and nothing that is to stay is deleted first, so an interruption leaves the variant scaled. Doing
all of it twice is harmless.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from policies.blueprint.defaults import complete_policy, leave_out_defaults
from policies.blueprint.model import Document, type_policy
from policies.commands import CommandResult, ReplaceScaling, explain
from policies.errors import DeadlineExceeded, NotFound
from policies.registration import Registration
from rollway.aws.autoscaling import VISIBLE_WITHIN, read_scaling, register_target
from rollway.aws.errors import translating
from rollway.aws.session import Aws
from rollway.aws.variant_scaling import ScaledVariant, read_variant_scaling
from rollway.aws.waiting import REAL_TIME, Timing, wait_until

_LOOK_EVERY: Final = timedelta(seconds=1)


def replace_scaling(aws: Aws, command: ReplaceScaling, timing: Timing = REAL_TIME) -> CommandResult:
    """See to it that a variant's registration is exactly as wanted, or that there is none.

    A step scaling policy that was deregistered comes back under another ARN, so alarms that call it have to be pointed to it anew. The
    result says so.

    Returns:
        ``done``; or ``busy`` when AWS accepted all of it and does not give it back as wanted yet.

    Raises:
        AwsError: AWS turned a request down.
    """
    of = ScaledVariant(command.endpoint, command.variant, "instances")
    wanted = command.registration.without_past(command.at) if command.registration else None
    found = read_registration(aws, of)
    if _is_as(found, wanted):
        return CommandResult(status="done", message=f"{explain(command)}: already so")
    try:
        told = _deregister(aws, of) if wanted is None else _change(aws, of, found, wanted)
    except NotFound as error:  # the registration that was just made or removed is not seen everywhere yet
        return CommandResult(status="busy", message=str(error))
    try:
        wait_until(
            lambda: _is_as(read_registration(aws, of), wanted) or None,
            f"the scaling of {of} to read back as wanted",
            deadline=VISIBLE_WITHIN,
            every=_LOOK_EVERY,
            timing=timing,
        )
    except DeadlineExceeded as error:
        return CommandResult(status="busy", message=f"{explain(command)}: {error}")
    return CommandResult(status="done", message=f"{explain(command)}{told}")


def read_registration(aws: Aws, of: ScaledVariant) -> Registration | None:
    """Read a variant's whole registration, or return None when autoscaling does not look after it.

    Raises:
        AwsError: AWS turned a request down.
    """
    scaling, targets = read_variant_scaling(aws, of), read_scaling(aws, of.endpoint, [of.variant])
    return Registration(scaling=scaling, suspended=targets[0].suspended) if scaling and targets else None


def _is_as(found: Registration | None, wanted: Registration | None) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return not found.differs_from(wanted)


def _deregister(aws: Aws, of: ScaledVariant) -> str:
    """Take the registration away, with its policies and scheduled actions."""
    with translating("DeregisterScalableTarget", str(of)):
        aws.application_autoscaling.deregister_scalable_target(**of.members)
    return ""


def _change(aws: Aws, of: ScaledVariant, found: Registration | None, wanted: Registration) -> str:
    """Bring everything to what is wanted: the registration first, since AWS takes nothing else without it."""
    if found is None or found.target(of.variant) != wanted.target(of.variant):
        register_target(aws, of.endpoint, wanted.target(of.variant))
    _change_policies(aws, of, found.scaling.policies if found else {}, wanted.scaling.policies)
    _change_actions(aws, of, found.scaling.scheduled if found else {}, wanted.scaling.scheduled)
    known = found.scaling.policies if found else {}
    stepping = [
        name
        for name, policy in wanted.scaling.policies.items()
        if "StepScalingPolicyConfiguration" in policy and name not in known
    ]
    return f"; point the alarms that call {', '.join(stepping)} to the new ARN" if stepping else ""


def _change_policies(
    aws: Aws, of: ScaledVariant, found: Mapping[str, Document], wanted: Mapping[str, Document]
) -> None:
    client: Any = aws.application_autoscaling
    for name, policy in wanted.items():
        if name in found and complete_policy(found[name]) == complete_policy(policy):
            continue
        with translating("PutScalingPolicy", f"{name} of {of}"):
            client.put_scaling_policy(PolicyName=name, **of.members, **type_policy(policy))
    for name in found.keys() - wanted.keys():
        with translating("DeleteScalingPolicy", f"{name} of {of}"):
            client.delete_scaling_policy(PolicyName=name, **of.members)


def _change_actions(aws: Aws, of: ScaledVariant, found: Mapping[str, Document], wanted: Mapping[str, Document]) -> None:
    client: Any = aws.application_autoscaling
    for name, action in wanted.items():
        if name in found and leave_out_defaults(found[name]) == leave_out_defaults(action):
            continue
        zone = {"Timezone": "UTC"} if "Timezone" in found.get(name, {}) else {}  # one that is not given would stay
        with translating("PutScheduledAction", f"{name} of {of}"):
            client.put_scheduled_action(ScheduledActionName=name, **of.members, **(zone | action))
    for name in found.keys() - wanted.keys():
        with translating("DeleteScheduledAction", f"{name} of {of}"):
            client.delete_scheduled_action(ScheduledActionName=name, **of.members)
