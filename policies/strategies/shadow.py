"""Shadow: the candidate first gets copies of requests, and its answers nobody; then it climbs like a canary, or is promoted at once.

SageMaker cannot hold a shadow beside several production variants, so the canary that follows has a configuration of its own.
"""

from policies.spec import Policy
from policies.strategies.canary import climb, follow_the_share
from policies.strategies.stage import Stage


def plan_stages(policy: Policy, baseline_instances: int) -> tuple[Stage, ...]:
    """Turn the first stage into the shadow, with the baseline's capacity unless the policy says otherwise, the others into rungs."""
    spec, *rest = policy.stages
    shadow = Stage(
        share=spec.share,
        instances=spec.instances or baseline_instances,
        bake=spec.bake,
        gates=policy.gates_at(0),
        approval=spec.approval,
        shadow=True,
    )
    return (shadow, *climb(policy, follow_the_share(rest, baseline_instances)))
