"""Following a command until its end is read back from AWS, or AWS has taken it back.

"InService" alone proves nothing: SageMaker can undo an update by itself, keep silent about it, and be in service again.
"""

from datetime import datetime

from policies.commands import ApplyConfig, Command, SetShares, explain
from policies.facts import Endpoint
from policies.goal import is_reached
from policies.guarded import allowed_time
from policies.lifecycle import Operation, Placement, State
from policies.plan import Plan
from policies.values import format_duration


def follow(plan: Plan, state: State, endpoint: Endpoint, now: datetime) -> State:
    """Bring the command on its way up to date with what AWS says now.

    The command leaves the books when its end is reached, or with a setback: AWS is at rest and yet it is not reached.
    """
    operation = state.operation
    if operation is None:
        return state
    if endpoint.busy:
        return state.model_copy(update={"operation": operation.model_copy(update={"seen_busy": True})})
    if endpoint.settled and is_reached(operation.command, endpoint):
        placement = _placement_after(plan, state, operation.command)
        return state.model_copy(update={"operation": None, "placement": placement})
    if operation.seen_busy or now - operation.since > plan.policy.timeouts.settle:
        return state.model_copy(update={"operation": None, "setback": _taken_back(operation, endpoint)})
    return state


def is_overdue(plan: Plan, state: State, now: datetime) -> str | None:
    """Say so when AWS has taken longer over the command on its way than the policy allows."""
    operation = state.operation
    limit = allowed_time(plan, operation.command) if operation else plan.policy.timeouts.update
    if operation is None or now - operation.since <= limit:
        return None
    return f"AWS has not finished to {explain(operation.command)} within {format_duration(limit)}"


def _placement_after(plan: Plan, state: State, command: Command) -> Placement:
    match command:
        case ApplyConfig(config=plan.side_by_side.name):
            return Placement(config=command.config, shares=plan.split(0))
        case ApplyConfig():
            return Placement(config=command.config, shares={plan.baseline.variant: 100.0})
        case SetShares():
            return state.placement.model_copy(update={"shares": command.shares})
        case _:
            return state.placement


def _taken_back(operation: Operation, endpoint: Endpoint) -> str:
    why = f"its reason: {endpoint.failure_reason}" if endpoint.failure_reason else "it gave no reason"
    return (
        f"AWS accepted to {explain(operation.command)} and took it back ({why}); "
        f"the endpoint is {endpoint.status} on config {endpoint.config}"
    )
