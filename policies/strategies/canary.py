"""Canary: the candidate runs beside the baseline and climbs a ladder of shares by variant weights; linear is one of equal steps.

Shifting weights takes seconds and needs no new instances, so the way back is as short as the way up.
"""

import math

from policies.spec import Policy, StageSpec
from policies.strategies.stage import Stage


def plan_stages(policy: Policy, baseline_instances: int) -> tuple[Stage, ...]:
    """Turn the policy's ladder into stages; capacity follows the share, and never falls on the way up."""
    return climb(policy, [_instances(spec, baseline_instances) for spec in policy.stages])


def climb(policy: Policy, instances: list[int]) -> tuple[Stage, ...]:
    """Turn the policy's ladder into stages with so many instances each, or with those of the stage before if they are more."""
    most = 1
    stages: list[Stage] = []
    for index, (spec, count) in enumerate(zip(policy.stages, instances, strict=True)):
        most = max(most, count)
        gates = policy.gates_at(index)
        stages.append(Stage(share=spec.share, instances=most, bake=spec.bake, gates=gates, approval=spec.approval))
    return tuple(stages)


def _instances(spec: StageSpec, baseline_instances: int) -> int:
    return spec.instances or math.ceil(baseline_instances * spec.share / 100)
