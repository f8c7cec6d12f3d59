"""Blue/green: the candidate gets the baseline's whole capacity before any traffic, and takes over at once or in a few steps.

The baseline stays warm until the last bake is over, so the way back takes no instances and only seconds.
"""

from policies.spec import Policy
from policies.strategies.canary import climb
from policies.strategies.stage import Stage


def plan_stages(policy: Policy, baseline_instances: int) -> tuple[Stage, ...]:
    """Turn the policy's steps into stages with the full capacity from the first."""
    return climb(policy, [spec.instances or baseline_instances for spec in policy.stages])
