"""Following a command until its end is read back from AWS, or it turns out that it does not come about.

"InService" alone proves nothing: SageMaker can undo an update by itself, keep silent about it, and be in service again.
"""

from datetime import datetime

from policies.attribution import claim, format_attribution, is_another, is_unchanged, name_change, reverted_by
from policies.commands import ApplyConfig, Command, SetCapacity, SetShares
from policies.facts import IDLE_TROUBLE, Endpoint
from policies.goal import is_reached
from policies.guarded import allowed_time
from policies.lifecycle import REFUSED, Placement, SetbackKind, State, count_failure
from policies.observation import Circumstances
from policies.plan import Plan
from policies.values import format_duration

_NOTHING_KNOWN = Circumstances()


def follow(plan: Plan, state: State, endpoint: Endpoint, now: datetime, known: Circumstances = _NOTHING_KNOWN) -> State:
    """Bring the command on its way up to date with what AWS says now.

    The command leaves the books when its end is reached; with a setback, when AWS is at rest and the endpoint is as before; and without
    one, when the endpoint is as only somebody else can have made it.
    """
    state = claim(plan, state, endpoint, now)
    operation = state.operation
    if operation is None:
        return _forget_attempt(plan, state, endpoint, now)
    if _is_at_rest(endpoint, operation.command) and is_reached(operation.command, endpoint):
        placement = _placement_after(plan, state, operation.command)
        return state.model_copy(update={"operation": None, "placement": placement})
    if _is_replaced(state, endpoint, operation.command):
        return _replaced(plan, state, endpoint, operation.command)
    if endpoint.busy:
        return state.model_copy(update={"operation": operation.model_copy(update={"seen_busy": True})})
    if operation.seen_busy or now - operation.since > plan.policy.timeouts.settle:
        return _reverted(plan, state, endpoint, now, known)
    return state


def note_placement(state: State, endpoint: Endpoint) -> State:
    """On the way back, whatever is found at rest is where the next request starts from, whoever brought it about."""
    if state.operation is not None or endpoint.busy:
        return state
    placement = Placement(config=endpoint.config, shares=endpoint.shares)
    return state.model_copy(update={"placement": placement})


def is_overdue(plan: Plan, state: State, now: datetime) -> str | None:
    """Say so when AWS has taken longer over the command on its way than the policy allows."""
    operation = state.operation
    limit = allowed_time(plan, operation.command) if operation else plan.policy.timeouts.update
    if operation is None or now - operation.since <= limit:
        return None
    return f"AWS has not finished {name_change(plan, operation.command)} within {format_duration(limit)}"


def _forget_attempt(plan: Plan, state: State, endpoint: Endpoint, now: datetime) -> State:
    """Stop expecting the effect of a request without an answer, once it would have shown."""
    attempt = state.attempt
    if attempt is None or endpoint.busy or now - attempt.since <= plan.policy.timeouts.settle:
        return state
    return state.model_copy(update={"attempt": None})


def _is_at_rest(endpoint: Endpoint, command: Command) -> bool:
    """Whether the endpoint can show the end of a command: weights and counts may be set on one in trouble, which stays in trouble."""
    return endpoint.settled or (endpoint.status in IDLE_TROUBLE and not isinstance(command, ApplyConfig))


def _is_replaced(state: State, endpoint: Endpoint, command: Command) -> bool:
    """Whether somebody else's change came after a command: it is under way, or neither what was nor what was ordered is found."""
    if endpoint.busy:
        return is_another(command, endpoint)
    return endpoint.status not in IDLE_TROUBLE and not is_unchanged(state, endpoint)


def _replaced(plan: Plan, state: State, endpoint: Endpoint, command: Command) -> State:
    """Leave the books without a setback: somebody else's change came after ours. What ours left behind stays on record.

    A shift counts as made: what is found then differs from it, and not from what was before.
    """
    placement = state.placement
    shifted = isinstance(command, SetShares) and command.shares.keys() == placement.shares.keys()
    if shifted or (isinstance(command, ApplyConfig) and endpoint.config == command.config):
        placement = _placement_after(plan, state, command)
    return state.model_copy(update={"operation": None, "attempt": None, "placement": placement})


def _reverted(plan: Plan, state: State, endpoint: Endpoint, now: datetime, known: Circumstances) -> State:
    operation = state.operation
    assert operation is not None, "nothing is reverted that was not on its way"  # noqa: S101 - an invariant of follow
    by = format_attribution(reverted_by(plan, state, endpoint, known), now)
    text = (
        f"AWS accepted {name_change(plan, operation.command)} and the endpoint is as it was before: taken back {by}; "
        f"it is {endpoint.status} on config {endpoint.config}"
    )
    needed_instances = isinstance(operation.command, ApplyConfig | SetCapacity)
    own = operation.since >= state.since  # an earlier phase's failure says nothing about this one's requests
    failed = count_failure(state, operation.command, REFUSED, lacks_instances=needed_instances) if own else state
    kind: SetbackKind = "reverted" if own and needed_instances else "refused"
    return failed.model_copy(update={"operation": None, "setback": text, "setback_kind": kind})


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
