"""What belongs to an endpoint beside its description: its tags, and how Application Auto Scaling looks after its variants.

Only instance counts of variants are scaled here. No registration is made or removed: that is its owner's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from policies.commands import CommandResult, SetScaling, explain
from policies.errors import DeadlineExceeded
from policies.facts import Endpoint, ScalingTarget, Surroundings, Suspension
from rollway.aws.errors import translating
from rollway.aws.sagemaker import read_tags
from rollway.aws.session import Aws
from rollway.aws.waiting import REAL_TIME, Timing, wait_until

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling.type_defs import ScalableTargetTypeDef

NAMESPACE: Final = "sagemaker"
DIMENSION: Final = "sagemaker:variant:DesiredInstanceCount"

VISIBLE_WITHIN: Final = timedelta(seconds=10)
"""How long an accepted registration is given to show: Application Auto Scaling is eventually consistent."""

_RESERVED_TAG_PREFIX: Final = "aws:"
_LOOK_EVERY: Final = timedelta(seconds=1)


def read_surroundings(aws: Aws, endpoint: Endpoint) -> Surroundings:
    """Read an endpoint's tags, without those that AWS sets, and the registrations of its variants for instance scaling.

    Raises:
        AwsError: AWS turned a request down.
    """
    tags = read_tags(aws, endpoint.arn)
    return Surroundings(
        tags={key: value for key, value in tags.items() if not key.startswith(_RESERVED_TAG_PREFIX)},
        scaling=read_scaling(aws, endpoint.name, [variant.name for variant in endpoint.variants]),
    )


def set_scaling(aws: Aws, command: SetScaling, timing: Timing = REAL_TIME) -> CommandResult:
    """See to it that a variant's registration has these bounds and suspensions. One that is gone stays gone.

    Returns:
        ``done``; ``busy`` when AWS accepted it and does not give it back as wanted yet; or ``refused`` when there is no
        registration any more.

    Raises:
        AwsError: AWS turned a request down.
    """
    said, found = explain(command), _find_target(aws, command)
    if found is None:
        return CommandResult(
            status="refused", message=f"{said}: autoscaling does not look after it any more; left alone"
        )
    if found == command.scaling:
        return CommandResult(status="done", message=f"{said}: already so")
    register_target(aws, command.endpoint, command.scaling)
    return _read_back(aws, command, timing)


def _read_back(aws: Aws, command: SetScaling, timing: Timing) -> CommandResult:
    """Wait some seconds for a registration to show."""
    try:
        wait_until(
            lambda: _find_target(aws, command) == command.scaling or None,
            f"the registration of variant {command.scaling.variant}",
            deadline=VISIBLE_WITHIN,
            every=_LOOK_EVERY,
            timing=timing,
        )
    except DeadlineExceeded as error:
        return CommandResult(status="busy", message=f"{explain(command)}: {error}")
    return CommandResult(status="done", message=explain(command))


def register_target(aws: Aws, endpoint: str, wanted: ScalingTarget) -> None:
    """Register the variant, with its whole suspension: what a request leaves out stays as it is.

    Raises:
        AwsError: AWS turned the request down.
    """
    with translating("RegisterScalableTarget", f"variant {wanted.variant} of endpoint {endpoint}"):
        aws.application_autoscaling.register_scalable_target(
            ServiceNamespace=NAMESPACE,
            ScalableDimension=DIMENSION,
            ResourceId=resource_id(endpoint, wanted.variant),
            MinCapacity=wanted.minimum,
            MaxCapacity=wanted.maximum,
            SuspendedState={
                "DynamicScalingInSuspended": "scale_in" in wanted.suspended,
                "DynamicScalingOutSuspended": "scale_out" in wanted.suspended,
                "ScheduledScalingSuspended": "scheduled" in wanted.suspended,
            },
        )


def _find_target(aws: Aws, command: SetScaling) -> ScalingTarget | None:
    """Return the registration that a command is about, or None when there is none."""
    return next(iter(read_scaling(aws, command.endpoint, [command.scaling.variant])), None)


def read_scaling(aws: Aws, endpoint: str, variants: Sequence[str]) -> tuple[ScalingTarget, ...]:
    """Return the registrations of some variants, sorted by variant.

    Raises:
        AwsError: AWS turned the request down.
    """
    targets = [_read_target(target, endpoint) for target in describe_targets(aws, endpoint, variants)]
    return tuple(sorted(targets, key=lambda target: target.variant))


def describe_targets(aws: Aws, endpoint: str, variants: Sequence[str]) -> list[ScalableTargetTypeDef]:
    """Return the registrations of some variants of an endpoint as AWS describes them.

    Raises:
        AwsError: AWS turned the request down.
    """
    if not variants:
        return []  # without resources the request would ask for the whole account
    with translating("DescribeScalableTargets", f"endpoint {endpoint}"):
        pages = aws.application_autoscaling.get_paginator("describe_scalable_targets").paginate(
            ServiceNamespace=NAMESPACE,
            ScalableDimension=DIMENSION,
            ResourceIds=[resource_id(endpoint, variant) for variant in variants],
        )
        return [target for page in pages for target in page["ScalableTargets"]]


def resource_id(endpoint: str, variant: str) -> str:
    """Return what Application Auto Scaling calls a variant."""
    return f"endpoint/{endpoint}/variant/{variant}"


def _read_target(target: ScalableTargetTypeDef, endpoint: str) -> ScalingTarget:
    state = target.get("SuspendedState", {})
    suspended: dict[Suspension, bool] = {
        "scale_in": state.get("DynamicScalingInSuspended", False),
        "scale_out": state.get("DynamicScalingOutSuspended", False),
        "scheduled": state.get("ScheduledScalingSuspended", False),
    }
    return ScalingTarget(
        variant=target["ResourceId"].removeprefix(resource_id(endpoint, "")),
        minimum=target["MinCapacity"],
        maximum=target["MaxCapacity"],
        suspended=tuple(sorted(what for what, is_suspended in suspended.items() if is_suspended)),
    )
