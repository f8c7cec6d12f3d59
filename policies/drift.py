"""Drift: a change of the endpoint that the rollout did not make.

Only read back while nothing is in flight. Instance counts are no drift: autoscaling changes them by trade.
"""

from policies.facts import Endpoint, format_shares
from policies.goal import has_shares
from policies.lifecycle import Phase, State
from policies.plan import Plan


def find_drift(plan: Plan, state: State, endpoint: Endpoint) -> str | None:
    """Describe what somebody else changed, or return None.

    On the way back only a configuration counts that is none of this rollout's: shares are about to be set anyway. A drift that was seen
    stands until the endpoint is seen at rest without it.
    """
    if state.operation is not None or endpoint.busy:
        return state.drift
    if endpoint.config not in _known_configs(plan, state):
        return (
            f"somebody moved the endpoint to config {endpoint.config}; this rollout left it on {state.placement.config}"
        )
    if state.phase is not Phase.ROLLING_BACK and not has_shares(endpoint, state.placement.shares):
        found, left = format_shares(endpoint.shares), format_shares(state.placement.shares)
        return f"somebody changed the traffic to {found}; this rollout left it at {left}"
    return None


def _known_configs(plan: Plan, state: State) -> set[str]:
    if state.phase is Phase.ROLLING_BACK:
        return {plan.original.name, plan.side_by_side.name, plan.promoted.name}
    return {state.placement.config}
