"""The scaling of variants as blueprints declare it: reading it, and registering what is missing. Changes nothing that is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from policies.blueprint.defaults import in_utc
from policies.blueprint.model import Blueprint, Dimension, Document, VariantScaling, type_policy
from rollway.aws.autoscaling import DIMENSION, NAMESPACE, resource_id
from rollway.aws.errors import translating
from rollway.aws.session import Aws

_DIMENSIONS: Final[Mapping[Dimension, str]] = {
    "instances": DIMENSION,
    "provisioned concurrency": "sagemaker:variant:DesiredProvisionedConcurrency",
}
_NOT_CONTENT: Final = frozenset(
    {"PolicyName", "ScheduledActionName", "ServiceNamespace", "ResourceId", "ScalableDimension", "RoleARN"}
)


@dataclass(frozen=True)
class ScaledVariant:
    """A variant in the eyes of Application Auto Scaling.

    Attributes:
        endpoint: the endpoint's name.
        variant: the variant's name.
        dimension: what is scaled of it.
    """

    endpoint: str
    variant: str
    dimension: Dimension

    @property
    def members(self) -> dict[str, Any]:
        """The members of every request that is about it."""
        return {
            "ServiceNamespace": NAMESPACE,
            "ResourceId": resource_id(self.endpoint, self.variant),
            "ScalableDimension": _DIMENSIONS[self.dimension],
        }

    def __str__(self) -> str:
        """Return what to call it in a message."""
        return f"variant {self.variant} of endpoint {self.endpoint}"


def read_variant_scaling(aws: Aws, of: ScaledVariant) -> VariantScaling | None:
    """Read how autoscaling looks after a variant, or return None when it does not.

    Raises:
        AwsError: AWS turned a request down.
    """
    where = of.members
    lookup = {name: value for name, value in where.items() if name != "ResourceId"}
    with translating("DescribeScalableTargets", str(of)):
        targets = _pages(
            aws, "describe_scalable_targets", "ScalableTargets", ResourceIds=[where["ResourceId"]], **lookup
        )
    if not targets:
        return None
    with translating("DescribeScalingPolicies", str(of)):
        policies = _pages(aws, "describe_scaling_policies", "ScalingPolicies", **where)
    with translating("DescribeScheduledActions", str(of)):
        actions = _pages(aws, "describe_scheduled_actions", "ScheduledActions", **where)
    return VariantScaling(
        min=targets[0]["MinCapacity"],
        max=targets[0]["MaxCapacity"],
        policies={each["PolicyName"]: _content(aws, "PutScalingPolicy", each) for each in policies},
        scheduled={each["ScheduledActionName"]: _content(aws, "PutScheduledAction", each) for each in actions},
    )


def add_scaling(aws: Aws, blueprint: Blueprint, variant: str) -> Iterator[str]:
    """Register of a variant's declared scaling what is not there, and yield each thing when it is. What is there stays as it is.

    Raises:
        AwsError: AWS turned a request down.
    """
    of, wanted = ScaledVariant(blueprint.endpoint, variant, blueprint.dimension(variant)), blueprint.scaling[variant]
    found = read_variant_scaling(aws, of)
    client: Any = aws.application_autoscaling
    if found is None:
        found = VariantScaling(min=wanted.min, max=wanted.max)
        with translating("RegisterScalableTarget", str(of)):
            client.register_scalable_target(**of.members, MinCapacity=wanted.min, MaxCapacity=wanted.max)
        yield f"registration of {variant} for {wanted.min} to {wanted.max}"
    for name in _missing(wanted.policies, found.policies):
        with translating("PutScalingPolicy", f"{name} of {of}"):
            client.put_scaling_policy(PolicyName=name, **of.members, **type_policy(wanted.policies[name]))
        yield f"scaling policy {name} of {variant}"
    for name in _missing(wanted.scheduled, found.scheduled):
        with translating("PutScheduledAction", f"{name} of {of}"):
            client.put_scheduled_action(ScheduledActionName=name, **of.members, **in_utc(wanted.scheduled[name]))
        yield f"scheduled action {name} of {variant}"


def _missing(wanted: Iterable[str], found: Mapping[str, Document]) -> list[str]:
    return [name for name in wanted if name not in found]


def _pages(aws: Aws, operation: str, listed: str, **members: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a request's members
    client: Any = aws.application_autoscaling
    return [each for page in client.get_paginator(operation).paginate(**members) for each in page[listed]]


def _content(aws: Aws, operation: str, described: Mapping[str, Any]) -> Document:
    """Return a description's members that a request has, except those that identify it."""
    shape = aws.application_autoscaling.meta.service_model.operation_model(operation).input_shape
    members = [member for member in cast("Any", shape).members if member not in _NOT_CONTENT]
    return in_utc({member: described[member] for member in members if member in described})
