"""Strategies: pure functions from a policy and facts to stages. What happens at a stage is the same for all of them."""

from policies.spec import Policy
from policies.strategies import canary
from policies.strategies.stage import Stage


def plan_stages(policy: Policy, baseline_instances: int) -> tuple[Stage, ...]:
    """Return the stages of a policy for a baseline of that many instances."""
    match policy.strategy:
        case "canary":
            return canary.plan_stages(policy, baseline_instances)
