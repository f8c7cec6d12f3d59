"""Strategies: pure functions from a policy and facts to stages. What happens at a stage is the same for all of them.

Each has a module of its own, which says who serves beside whom, and with how many instances.
"""

from typing import assert_never

from policies.spec import Policy
from policies.strategies import ab_test, blue_green, canary, guardrail, shadow
from policies.strategies.stage import Stage


def plan_stages(policy: Policy, baseline_instances: int) -> tuple[Stage, ...]:
    """Return the stages of a policy for a baseline of that many instances, with the watch after the promotion if there is one."""
    return (*_climb(policy, baseline_instances), *_watch(policy, baseline_instances))


def _climb(policy: Policy, baseline_instances: int) -> tuple[Stage, ...]:
    match policy.strategy:
        case "canary" | "linear" | "control_twin":
            return canary.plan_stages(policy, baseline_instances)
        case "blue_green":
            return blue_green.plan_stages(policy, baseline_instances)
        case "shadow":
            return shadow.plan_stages(policy, baseline_instances)
        case "guardrail":
            return guardrail.plan_stages(policy, baseline_instances)
        case "ab_test":
            return ab_test.plan_stages(policy, baseline_instances)
        case _:
            assert_never(policy.strategy)


def _watch(policy: Policy, baseline_instances: int) -> tuple[Stage, ...]:
    if not policy.watch:
        return ()
    alone = tuple(name for name in policy.gates if name in policy.judged_alone)
    return (Stage(share=100, instances=baseline_instances, bake=policy.watch, gates=alone, watch=True),)
