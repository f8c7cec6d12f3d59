"""A/B test: the challengers keep one share each until one of them has won; then, if the policy wants that, the winner's stage comes first.

In the winner's stage the baseline keeps what is left of the traffic: the part that is held out.
"""

from policies.gates.spec import Superiority
from policies.spec import Policy
from policies.strategies.canary import climb, follow_the_share
from policies.strategies.stage import Stage


def plan_stages(policy: Policy, baseline_instances: int) -> tuple[Stage, ...]:
    """Turn the first stage into the test. The winner need not be shown to be better again in the stage that is its own."""
    test, *held_out = climb(policy, follow_the_share(policy.stages, baseline_instances))
    return (test, *(stage.model_copy(update={"gates": _without_metric(policy, stage.gates)}) for stage in held_out))


def _without_metric(policy: Policy, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if not isinstance(policy.gates[name], Superiority))
