"""Canary: the candidate runs beside the baseline and climbs a ladder of shares by variant weights.

Shifting weights takes seconds and needs no new instances, so the way back is as short as the way up.
"""

import math

from policies.spec import Policy, StageSpec
from policies.strategies.stage import Stage


def plan_stages(policy: Policy, baseline_instances: int) -> tuple[Stage, ...]:
    """Turn the policy's ladder into stages; capacity never falls on the way up."""
    stages: list[Stage] = []
    for index, spec in enumerate(policy.stages):
        instances = max(_instances(spec, baseline_instances), stages[-1].instances if stages else 1)
        gates = policy.gates_at(index)
        stages.append(Stage(share=spec.share, instances=instances, bake=spec.bake, gates=gates, approval=spec.approval))
    return tuple(stages)


def _instances(spec: StageSpec, baseline_instances: int) -> int:
    return spec.instances or math.ceil(baseline_instances * spec.share / 100)
