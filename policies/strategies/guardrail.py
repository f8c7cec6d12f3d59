"""Guardrail: SageMaker's own deployment guardrails move the traffic to a new fleet; Rollway judges, and pulls the brake.

SageMaker climbs by its own clock and waits for nobody. So every gate of a step must have passed by the step's end, or it is taken back.
"""

from policies.spec import Policy
from policies.strategies.stage import Stage


def plan_stages(policy: Policy, baseline_instances: int) -> tuple[Stage, ...]:
    """Turn the policy's ladder into SageMaker's steps. The new fleet is as large as the old one from the start."""
    return tuple(
        Stage(
            share=spec.share,
            instances=baseline_instances,
            bake=spec.bake,
            gates=policy.gates_at(index),
            guarded=True,
        )
        for index, spec in enumerate(policy.stages)
    )
