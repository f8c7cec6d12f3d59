"""Canary: the candidate runs beside the baseline and climbs a ladder of shares by variant weights; linear is one of equal steps.

Shifting weights takes seconds and needs no new instances, so the way back is as short as the way up.
"""

import math
from collections.abc import Iterable

from policies.spec import Policy, StageSpec
from policies.strategies.stage import Stage


def plan_stages(policy: Policy, baseline_instances: int) -> tuple[Stage, ...]:
    """Turn the policy's ladder into stages; capacity follows the share, and never falls on the way up."""
    return climb(policy, follow_the_share(policy.stages, baseline_instances))


def climb(policy: Policy, instances: list[int]) -> tuple[Stage, ...]:
    """Turn the last stages of the policy into rungs with so many instances each, or with those of the rung before if they are more."""
    most, first = 1, len(policy.stages) - len(instances)
    stages: list[Stage] = []
    for index, count in enumerate(instances, start=first):
        spec = policy.stages[index]
        most = max(most, count)
        gates = policy.gates_at(index)
        stages.append(Stage(share=spec.share, instances=most, bake=spec.bake, gates=gates, approval=spec.approval))
    return tuple(stages)


def follow_the_share(stages: Iterable[StageSpec], baseline_instances: int) -> list[int]:
    """Return as many of the baseline's instances as the share of each stage calls for, unless the policy says how many."""
    return [spec.instances or share_of(baseline_instances, spec.share) for spec in stages]


def share_of(instances: int, share: float) -> int:
    """Return as many whole instances as a share (percent) of some calls for."""
    return math.ceil(instances * share / 100)
