"""PutScalingPolicy, DescribeScalingPolicies, DeleteScalingPolicy.

Every target tracking and step policy is kept and given back as it was given, so that it can be saved and restored. Only target
tracking on invocations per instance acts (``tracking``). The alarms that a policy names do not exist in CloudWatch.
"""

from typing import Any, Final

from rollway.sandbox.autoscaling.names import ScalingArns, described_variants, not_found, scaled_variant
from rollway.sandbox.autoscaling.paging import cut_page
from rollway.sandbox.autoscaling.registry import Policy, Registry
from rollway.sandbox.clock import Clock
from rollway.sandbox.errors import invalid
from rollway.sandbox.sagemaker.constraints import Request, section

TARGET_TRACKING: Final = "TargetTrackingScaling"
_MEMBER_OF: Final = {
    TARGET_TRACKING: "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
}
_MOST: Final = 10


class PolicyOperations:
    """The operations on scaling policies."""

    def __init__(self, registry: Registry, arns: ScalingArns, clock: Clock) -> None:
        self._registry = registry
        self._arns = arns
        self._clock = clock

    def put(self, request: Request) -> dict[str, Any]:
        """Answer PutScalingPolicy: a policy of that name is replaced, but keeps its time of creation."""
        of, name, now = scaled_variant(request), request["PolicyName"], self._clock.now()
        if self._registry.targets.find(of) is None:
            raise not_found("scalable target", of)
        known = self._registry.policies.find(of, name)
        kind = request.get("PolicyType") or (known.kind if known else None)
        configuration = _configuration(kind, request)
        created = known.created if known else now
        policy = Policy(of, name, str(kind), configuration, created=created, updated=now)
        self._registry.policies.put(policy)
        return {"PolicyARN": self._arns.policy(of, name), "Alarms": self._alarms(policy)}

    def delete(self, request: Request) -> dict[str, Any]:
        """Answer DeleteScalingPolicy."""
        of = scaled_variant(request)
        if self._registry.policies.drop(of, request["PolicyName"]) is None:
            raise not_found(f'scaling policy "{request["PolicyName"]}"', of)
        return {}

    def describe(self, request: Request) -> dict[str, Any]:
        """Answer DescribeScalingPolicies."""
        asked, names = described_variants(request), request.get("PolicyNames")
        found = [
            policy
            for policy in self._registry.policies.all()
            if (asked is None or policy.of in asked) and (not names or policy.name in names)
        ]
        page, more = cut_page(found, request, lambda one: (one.of.endpoint, one.of.variant, one.name), _MOST)
        return {"ScalingPolicies": [self._described(policy) for policy in page], **more}

    def _described(self, policy: Policy) -> dict[str, Any]:
        return {
            **policy.of.identity,
            "PolicyARN": self._arns.policy(policy.of, policy.name),
            "PolicyName": policy.name,
            "PolicyType": policy.kind,
            _MEMBER_OF[policy.kind]: policy.configuration,
            "Alarms": self._alarms(policy),
            "CreationTime": policy.created,
        }

    def _alarms(self, policy: Policy) -> list[dict[str, str]]:
        return self._arns.alarms(policy.of, policy.name) if policy.kind == TARGET_TRACKING else []


def _configuration(kind: str | None, request: Request) -> Request:
    if kind is None:
        raise invalid("A new scaling policy needs a PolicyType.")
    if kind not in _MEMBER_OF:
        raise invalid(f"{kind} is not supported for SageMaker, only {' and '.join(_MEMBER_OF)}.")
    configuration = section(request, _MEMBER_OF[kind])
    if not configuration:
        raise invalid(f"A policy of type {kind} needs {_MEMBER_OF[kind]}.")
    if kind == TARGET_TRACKING:
        _check_tracking(configuration)
    return configuration


def _check_tracking(configuration: Request) -> None:
    metrics = [
        name for name in ("PredefinedMetricSpecification", "CustomizedMetricSpecification") if name in configuration
    ]
    if len(metrics) != 1:
        raise invalid("A target tracking policy needs either a predefined or a customized metric, and not both.")
    if configuration["TargetValue"] <= 0:
        raise invalid(f"TargetValue must be greater than 0, not {configuration['TargetValue']}.")
