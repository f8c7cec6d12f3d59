"""Taking a whole autoscaling registration down in writing, and putting it back after it had to be deregistered.

Deregistering deletes a variant's policies and scheduled actions with it. A snapshot holds the very requests that put all of it
back, as plain JSON, so that it survives in a journal. Nothing here deregisters, or removes what others added meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from policies.commands import CommandResult
from policies.errors import NotFound
from policies.facts import Endpoint
from policies.values import Frozen
from rollway.aws.autoscaling import DIMENSION, NAMESPACE, describe_targets, resource_id
from rollway.aws.errors import translating
from rollway.aws.session import Aws

Request = dict[str, Any]

_NOT_SENT: Final = frozenset({"RoleARN"})
"""AWS scales endpoints in its service-linked role, whatever a request names; naming it would need a permission to pass it."""


class ScalingSnapshot(Frozen):
    """The registrations of an endpoint's variants for instance scaling, as the requests that put them back.

    The tags of a registration are not part of it.

    Attributes:
        endpoint: the endpoint's name.
        variants: the variants that were registered.
        targets: the parameters of ``RegisterScalableTarget``, one by variant.
        policies: the parameters of ``PutScalingPolicy``.
        actions: the parameters of ``PutScheduledAction``; times are in ISO 8601.
    """

    endpoint: str
    variants: tuple[str, ...]
    targets: tuple[Request, ...]
    policies: tuple[Request, ...]
    actions: tuple[Request, ...]


def snapshot_scaling(aws: Aws, endpoint: Endpoint) -> ScalingSnapshot:
    """Read all registrations of an endpoint's variants, with their policies and scheduled actions.

    Raises:
        AwsError: AWS turned a request down.
    """
    return _snapshot(aws, endpoint.name, [variant.name for variant in endpoint.variants])


def restore_scaling(aws: Aws, snapshot: ScalingSnapshot, now: datetime) -> CommandResult:
    """See to it that everything in a snapshot is there again, exactly as it was. Doing so twice is harmless.

    A scheduled action that was due for the last time meanwhile cannot be put back: AWS takes none that is never due. A step
    scaling policy comes back under another ARN, so alarms that called it have to be pointed to it anew. The result says both.

    Args:
        aws: the clients.
        snapshot: what was there.
        now: the present moment, to tell which scheduled actions are over.

    Returns:
        ``done``, or ``busy`` when AWS does not give everything back as wanted yet.

    Raises:
        AwsError: AWS turned a request down, for example because a variant is gone.
    """
    over = [action for action in snapshot.actions if _is_over(action, now)]
    wanted = snapshot.model_copy(update={"actions": tuple(each for each in snapshot.actions if each not in over)})
    missing = _missing(wanted, _snapshot(aws, wanted.endpoint, wanted.variants))
    try:
        _send(aws, missing)
    except NotFound as error:  # the registration that was just made is not seen everywhere yet
        return CommandResult(status="busy", message=str(error))
    left = _missing(wanted, _snapshot(aws, wanted.endpoint, wanted.variants))
    if any((left.targets, left.policies, left.actions)):
        return CommandResult(status="busy", message=f"the scaling of {wanted.endpoint} is not back as it was yet")
    return CommandResult(status="done", message=_summary(wanted, missing, over))


def _snapshot(aws: Aws, endpoint: str, variants: Iterable[str]) -> ScalingSnapshot:
    targets = [cast("Mapping[str, Any]", target) for target in describe_targets(aws, endpoint, list(variants))]
    prefix = resource_id(endpoint, "")
    registered = sorted(target["ResourceId"].removeprefix(prefix) for target in targets)
    policies = [each for variant in registered for each in _policies(aws, endpoint, variant)]
    actions = [each for variant in registered for each in _actions(aws, endpoint, variant)]
    return ScalingSnapshot(
        endpoint=endpoint,
        variants=tuple(registered),
        targets=_as_requests(aws, "RegisterScalableTarget", targets),
        policies=_as_requests(aws, "PutScalingPolicy", policies),
        actions=_as_requests(aws, "PutScheduledAction", actions),
    )


def _policies(aws: Aws, endpoint: str, variant: str) -> list[Mapping[str, Any]]:
    with translating("DescribeScalingPolicies", f"variant {variant} of endpoint {endpoint}"):
        pages = aws.application_autoscaling.get_paginator("describe_scaling_policies").paginate(
            ServiceNamespace=NAMESPACE, ScalableDimension=DIMENSION, ResourceId=resource_id(endpoint, variant)
        )
        return [cast("Mapping[str, Any]", policy) for page in pages for policy in page["ScalingPolicies"]]


def _actions(aws: Aws, endpoint: str, variant: str) -> list[Mapping[str, Any]]:
    with translating("DescribeScheduledActions", f"variant {variant} of endpoint {endpoint}"):
        pages = aws.application_autoscaling.get_paginator("describe_scheduled_actions").paginate(
            ServiceNamespace=NAMESPACE, ScalableDimension=DIMENSION, ResourceId=resource_id(endpoint, variant)
        )
        return [cast("Mapping[str, Any]", action) for page in pages for action in page["ScheduledActions"]]


def _as_requests(aws: Aws, operation: str, described: Iterable[Mapping[str, Any]]) -> tuple[Request, ...]:
    """Turn descriptions into the requests that put them back: what only answers have (ARNs, alarms, times) falls away."""
    shape = aws.application_autoscaling.meta.service_model.operation_model(operation).input_shape
    members = [member for member in getattr(shape, "members", {}) if member not in _NOT_SENT]
    return tuple({member: _plain(each[member]) for member in members if member in each} for each in described)


def _plain(value: Any) -> Any:  # noqa: ANN401 - a member of a request is a tree of anything
    """Return a member as JSON has it. Only times are not so already; none of them lies deeper than a member."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _missing(wanted: ScalingSnapshot, found: ScalingSnapshot) -> ScalingSnapshot:
    """Return what of a snapshot is not there, or not as it was."""
    return wanted.model_copy(
        update={
            "targets": tuple(each for each in wanted.targets if each not in found.targets),
            "policies": tuple(each for each in wanted.policies if each not in found.policies),
            "actions": tuple(each for each in wanted.actions if each not in found.actions),
        }
    )


def _send(aws: Aws, snapshot: ScalingSnapshot) -> None:
    """Put everything back: the registrations first, since AWS takes nothing else without them."""
    client = aws.application_autoscaling
    for target in snapshot.targets:
        with translating("RegisterScalableTarget", target["ResourceId"]):
            client.register_scalable_target(**target)
    for policy in snapshot.policies:
        with translating("PutScalingPolicy", f"{policy['PolicyName']} of {policy['ResourceId']}"):
            client.put_scaling_policy(**policy)
    for action in snapshot.actions:
        with translating("PutScheduledAction", f"{action['ScheduledActionName']} of {action['ResourceId']}"):
            client.put_scheduled_action(**action)


def _is_over(action: Mapping[str, Any], now: datetime) -> bool:
    """Whether a scheduled action is never due again: its one time, or the end of its schedule, is past."""
    if "EndTime" in action and datetime.fromisoformat(action["EndTime"]) <= now:
        return True
    once = action["Schedule"].removeprefix("at(")
    if once == action["Schedule"]:
        return False
    zone = ZoneInfo(action.get("Timezone", "UTC"))
    return datetime.fromisoformat(once.removesuffix(")")).replace(tzinfo=zone) <= now


def _summary(wanted: ScalingSnapshot, sent: ScalingSnapshot, over: Iterable[Request]) -> str:
    names = ", ".join(wanted.variants) or "no variant"
    told = [f"the scaling of {names} of {wanted.endpoint} is as it was"]
    stepping = [each["PolicyName"] for each in sent.policies if each["PolicyType"] == "StepScaling"]
    if stepping:
        told.append(f"point the alarms that call {', '.join(stepping)} to the new ARN")
    past = [each["ScheduledActionName"] for each in over]
    if past:
        told.append(f"over meanwhile, so not put back: {', '.join(past)}")
    return "; ".join(told)
