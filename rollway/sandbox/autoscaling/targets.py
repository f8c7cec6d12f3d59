"""RegisterScalableTarget, DeregisterScalableTarget, DescribeScalableTargets."""

from dataclasses import replace
from typing import Any

from rollway.sandbox.autoscaling.acting import Acting
from rollway.sandbox.autoscaling.activities import Trigger
from rollway.sandbox.autoscaling.names import (
    CONCURRENCY,
    ScaledVariant,
    ScalingArns,
    described_variants,
    not_found,
    scaled_variant,
)
from rollway.sandbox.autoscaling.paging import cut_page
from rollway.sandbox.autoscaling.registry import SUSPENDABLE, Registry, Target
from rollway.sandbox.clock import Clock
from rollway.sandbox.errors import invalid
from rollway.sandbox.sagemaker.constraints import Request, section


class TargetOperations:
    """The operations on scalable targets."""

    def __init__(self, registry: Registry, acting: Acting, arns: ScalingArns, clock: Clock) -> None:
        self._registry = registry
        self._acting = acting
        self._arns = arns
        self._clock = clock

    def register(self, request: Request) -> dict[str, Any]:
        """Answer RegisterScalableTarget: what a request for a known target does not name stays as it is.

        Whatever it names, a count outside the bounds is brought into them, which updates the endpoint.
        """
        of = scaled_variant(request)
        if self._acting.count(of) is None:
            # AWS checks this too; its wording is not published.
            where = f'in service on an endpoint "{of.endpoint}"'
            raise invalid(f'There is no variant "{of.variant}" {where} that has {of.capacity}.')
        target = _merge(self._registry.targets.find(of) or self._new(of, request), request)
        least = 1 if of.dimension == CONCURRENCY else 0  # the guide to serverless endpoints says 1
        if not least <= target.minimum <= target.maximum:
            raise invalid(
                f"MinCapacity {target.minimum} and MaxCapacity {target.maximum} are no bounds: "
                f"it must be {least} <= MinCapacity <= MaxCapacity."
            )
        self._registry.targets.put(target)
        self._acting.clamp(target, Trigger.REGISTRATION)
        return {"ScalableTargetARN": self._arns.target(of)}

    def deregister(self, request: Request) -> dict[str, Any]:
        """Answer DeregisterScalableTarget: its policies and scheduled actions go with it."""
        of = scaled_variant(request)
        if self._registry.deregister(of) is None:
            raise not_found("scalable target", of)
        return {}

    def describe(self, request: Request) -> dict[str, Any]:
        """Answer DescribeScalableTargets."""
        asked = described_variants(request)
        found = [target for target in self._registry.targets.all() if asked is None or target.of in asked]
        page, more = cut_page(found, request, lambda target: (target.of.endpoint, target.of.variant))
        return {"ScalableTargets": [self._described(target) for target in page], **more}

    def _new(self, of: ScaledVariant, request: Request) -> Target:
        minimum, maximum = request.get("MinCapacity"), request.get("MaxCapacity")
        if minimum is None or maximum is None:
            raise invalid("A new scalable target needs both MinCapacity and MaxCapacity.")
        return Target(of, minimum, maximum, self._arns.service_role, self._clock.now())

    def _described(self, target: Target) -> dict[str, Any]:
        return {
            **target.of.identity,
            "MinCapacity": target.minimum,
            "MaxCapacity": target.maximum,
            "RoleARN": target.role_arn,
            "CreationTime": target.created,
            "SuspendedState": {member: member in target.suspended for member in SUSPENDABLE},
            "ScalableTargetARN": self._arns.target(target.of),
        }


def _merge(target: Target, request: Request) -> Target:
    """Return the target with the values that a request names. Nobody but us assumes a role here, so any will do."""
    suspension = section(request, "SuspendedState")
    return replace(
        target,
        minimum=request.get("MinCapacity", target.minimum),
        maximum=request.get("MaxCapacity", target.maximum),
        role_arn=request.get("RoleARN", target.role_arn),
        suspended=frozenset(each for each in SUSPENDABLE if suspension.get(each, each in target.suspended)),
    )
