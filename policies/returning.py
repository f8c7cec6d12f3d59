"""The way back to the baseline: which request comes next, and when a person is needed.

There is more than one way: the weights, which take seconds; the old configuration, which takes minutes; and the dead-man's switch, which
acts by itself as soon as this rollout stops extending it (``safeguards.may_extend``). One that AWS refuses is not the last: the next try
takes the other one.
"""

from datetime import datetime, timedelta
from typing import Final

from policies.attribution import describe_work, name_change
from policies.commands import ApplyConfig, Command, CreateConfig, SetCapacity, SetShares, SoundAlarm
from policies.decision import Decision
from policies.declared import step_aside
from policies.exposure import may_have_traffic
from policies.facts import IDLE_TROUBLE, Endpoint, format_shares
from policies.goal import Goal, next_commands
from policies.guarded import pull_the_brake
from policies.lifecycle import (
    LACK,
    REFUSED,
    Ending,
    Outcome,
    Phase,
    State,
    close_window,
    enter,
    finish,
)
from policies.observation import Unavailable
from policies.plan import Plan
from policies.values import format_duration, format_moment

RETRY_EVERY: Final = timedelta(seconds=5)
_HALF: Final = 50.0


def roll_back(plan: Plan, state: State, endpoint: Endpoint, now: datetime) -> Decision:
    """Take the next step back: traffic first, since that takes seconds, then the configuration."""
    if is_too_late(plan, state, now):
        return give_up(plan, state, describe_live(endpoint), now)
    look = min(RETRY_EVERY, plan.policy.metrics.look_every)
    if brake := pull_the_brake(plan, endpoint):
        return Decision(state, "act", f"having SageMaker take {plan.candidate.model} back", look, brake)
    if state.operation is not None or endpoint.busy:
        work = describe_work(plan, state, endpoint, now)
        return Decision(state, "wait", f"rolling back to {plan.baseline.model}; {work}", look)
    commands = next_return(plan, state, endpoint)
    if commands:
        note = f"; last try failed: {state.setback}" if state.setback else ""
        moves = any(isinstance(command, ApplyConfig) for command in commands)
        again = _mend(plan, endpoint) if state.failures.get("apply_config") and moves else ()
        aside = step_aside(plan, state, commands, now)
        return Decision(state, "act", f"rolling back to {plan.baseline.model}{note}", look, (*again, *aside, *commands))
    if not endpoint.settled:
        return Decision(state, "wait", f"back on {endpoint.config}, but the endpoint is {endpoint.status}", look)
    cleaning = enter(state, Phase.CLEANING, now)
    return Decision(cleaning, "act", f"back on {plan.baseline.model}; cleaning up", timedelta(0))


def next_return(plan: Plan, state: State, endpoint: Endpoint) -> tuple[Command, ...]:
    """Return the next requests on the way back; nothing when the endpoint runs on its old configuration again.

    Instance counts are autoscaling's business again from then on. Instances that AWS does not give keep nothing from going back: a
    crowded baseline is still better than a candidate that has to go.
    """
    if endpoint.status in IDLE_TROUBLE:
        return _heal(plan, state, endpoint)
    if plan.is_original(endpoint.config):
        return () if _has_failed(state, _capacity_key(plan)) else _give_back(plan, endpoint)
    if endpoint.config == plan.side_by_side.name and not plan.guard and _prefers_weights(state):
        weights = _by_weights(plan, state, endpoint)
        if weights:
            return weights
    return release_idle(plan, state, endpoint) or _by_config(plan, state, endpoint)


def return_unseen(plan: Plan, state: State) -> tuple[Command, ...]:
    """Return what takes the candidate's traffic while the endpoint cannot be described; nothing once AWS has accepted it.

    The weights, where both variants serve as far as is known; where they do not, or AWS refuses that, the old configuration. Nothing where
    somebody else had taken over when the endpoint was last seen, nor after a person was called: what they set up since is theirs.
    """
    if state.taken_over or "earlier" in state.failures or not may_have_traffic(plan, state):
        return ()
    command = _unseen_command(plan, state)
    asked = state.operation is not None and state.operation.command == command
    return () if asked else (command,)


def _unseen_command(plan: Plan, state: State) -> Command:
    if plan.guard and state.placement.config != plan.promoted.name:
        return SoundAlarm(alarm=plan.guard.abort, endpoint=plan.endpoint)
    if state.placement.config == plan.side_by_side.name and not plan.guard and _prefers_weights(state):
        return SetShares(endpoint=plan.endpoint, shares=plan.split(0), unseen=True)
    replaces = state.placement.config
    return ApplyConfig(endpoint=plan.endpoint, config=plan.original.name, replaces=replaces, unseen=True)


def release_idle(plan: Plan, state: State, endpoint: Endpoint) -> tuple[Command, ...]:
    """Return the request that frees the instances of a variant without traffic, after a change that may have lacked instances.

    One remains: SageMaker keeps no instance variant without any.
    """
    if not state.failures.get(LACK):
        return ()
    for newcomer in plan.newcomers:
        live = endpoint.variant(newcomer.variant)
        idle = live is not None and live.share == live.wanted_share == 0 and live.wanted_instances > 1
        if idle and not _has_failed(state, f"set_capacity {newcomer.variant}"):
            return (SetCapacity(endpoint=endpoint.name, variant=newcomer.variant, instances=1, lowers=True),)
    return ()


def is_too_late(plan: Plan, state: State, now: datetime) -> bool:
    """Whether the way back has taken longer than the policy allows."""
    return state.phase is Phase.ROLLING_BACK and now - state.since > plan.policy.timeouts.rollback


def give_up(plan: Plan, state: State, live: str, now: datetime) -> Decision:
    """End and call for a person; ``live`` says what is known of the endpoint."""
    limit = format_duration(plan.policy.timeouts.rollback)
    why = f"; last failure: {state.setback}" if state.setback else ""
    under_way = f"; not finished by AWS: {name_change(plan, state.operation.command)}" if state.operation else ""
    reason = (
        f"the rollback did not finish within {limit} — a person is needed. {live}; wanted: InService on config "
        f"{plan.original.name}, traffic {plan.baseline.variant} 100 %{under_way}{why}. Rollway goes on trying whenever it "
        f"reconciles; once the cause is gone: rollway resume {plan.endpoint}"
    )
    ended = finish(state, Ending(outcome=Outcome.ROLLBACK_FAILED, reason=reason, at=now), now)
    return Decision(ended, "finish", reason, timedelta(0))


def try_again(plan: Plan, state: State, now: datetime) -> State:
    """Take up a rollback that was given up. That it failed before stays known: the dead-man's switch may act until the traffic is back."""
    ending = Ending(outcome=Outcome.ROLLED_BACK, reason=f"trying again to bring back {plan.baseline.model}", at=now)
    update = {"ending": ending, "operation": None, "failures": {"earlier": 1} if state.failures else {}}
    return enter(state, Phase.ROLLING_BACK, now).model_copy(update=update)


def leave_alone(plan: Plan, state: State, endpoint: Endpoint | Unavailable, drift: str, now: datetime) -> Decision:
    """End because somebody else has taken over; touch neither configuration nor traffic, only clear up after ourselves."""
    live = f"cannot read the endpoint: {endpoint.why}" if isinstance(endpoint, Unavailable) else describe_live(endpoint)
    before = f"; this rollout was on its way back: {state.ending.reason}" if state.ending else ""
    reason = (
        f"{drift}; touched nothing since — {live}{before}. To return to the baseline: rollway rollback {plan.endpoint}"
    )
    return _clear_up(state, Ending(outcome=Outcome.ABORTED, reason=reason, at=now), now)


def end_with_endpoint(plan: Plan, state: State, now: datetime) -> Decision:
    """End because the endpoint does not exist any more: nothing is left to bring back, only to clear up."""
    before = f"; this rollout was on its way back: {state.ending.reason}" if state.ending else ""
    reason = f"endpoint {plan.endpoint} was deleted, not by this rollout; nothing is left to bring back{before}"
    ending = Ending(outcome=Outcome.ABORTED, reason=reason, at=now, cause="endpoint_deleted")
    return _clear_up(state.model_copy(update={"operation": None, "attempt": None, "drift": None}), ending, now)


def describe_live(endpoint: Endpoint) -> str:
    """Say what is live, with everything that may differ from what is wanted."""
    pending = f", config {endpoint.pending_config} pending" if endpoint.pending_config else ""
    why = f" ({endpoint.failure_reason})" if endpoint.failure_reason else ""
    return f"live now: {endpoint.status}{why} on config {endpoint.config}{pending}, traffic {format_shares(endpoint.shares)}"


def explain_unseen(plan: Plan, state: State, endpoint: Unavailable, now: datetime) -> str:
    """Say that the endpoint cannot be read, and what AWS has accepted all the same."""
    operation = state.operation
    asked = (
        operation and f"; AWS accepted {name_change(plan, operation.command)} at {format_moment(operation.since, now)}"
    )
    return f"cannot read the endpoint: {endpoint.why}{asked or ''}"


def _clear_up(state: State, ending: Ending, now: datetime) -> Decision:
    cleaning = enter(close_window(state, now), Phase.CLEANING, now).model_copy(update={"ending": ending})
    return Decision(cleaning, "act", ending.reason, timedelta(0))


def _by_weights(plan: Plan, state: State, endpoint: Endpoint) -> tuple[Command, ...]:
    crowded = _doubles_load(plan, endpoint) and not _has_failed(state, _capacity_key(plan))
    first = {plan.baseline.variant: plan.baseline.instances} if crowded else dict[str, int]()
    return next_commands(Goal(config=plan.side_by_side, shares=plan.split(0), instances_first=first), endpoint)


def _by_config(plan: Plan, state: State, endpoint: Endpoint) -> tuple[Command, ...]:
    """Apply the old configuration, with the baseline's instances first unless AWS gives none: twice at the most."""
    lacking = state.failures.get(_capacity_key(plan), 0) >= 2 * REFUSED or _has_failed(state, "set_shares")
    first = dict[str, int]() if lacking else {plan.baseline.variant: plan.baseline.instances}
    return next_commands(Goal(config=plan.original, instances_first=first), endpoint)


def _heal(plan: Plan, state: State, endpoint: Endpoint) -> tuple[Command, ...]:
    """Apply the old configuration to an endpoint in trouble, which may serve a mix of two; then its copy, or set the weights."""
    refused = state.failures.get("apply_config", 0)
    if refused > state.failures.get("set_shares", 0) and endpoint.config != plan.promoted.name:
        shares = {each.name: 100.0 if each.name == plan.baseline.variant else 0.0 for each in endpoint.variants}
        if plan.baseline.variant in shares and shares != endpoint.shares:
            return (SetShares(endpoint=endpoint.name, shares=shares),)
    same = endpoint.config == plan.original.name and refused >= REFUSED
    config = plan.original_copy if same else plan.original
    apply = ApplyConfig(endpoint=endpoint.name, config=config.name, replaces=endpoint.config)
    return (CreateConfig(config=config), apply)


def _prefers_weights(state: State) -> bool:
    """Whether the weights come next: until AWS has refused them, then in turn with the configuration."""
    weights, config = state.failures.get("set_shares", 0), state.failures.get("apply_config", 0)
    return weights < REFUSED or weights <= config


def _capacity_key(plan: Plan) -> str:
    return f"set_capacity {plan.baseline.variant}"


def _has_failed(state: State, key: str) -> bool:
    """Whether a kind of request was refused, or failed in passing as often as counts for that."""
    return state.failures.get(key, 0) >= REFUSED


def _give_back(plan: Plan, endpoint: Endpoint) -> tuple[Command, ...]:
    """Take back the instances that the baseline's name was given for the promotion, where no autoscaling does so by itself."""
    live, before = endpoint.variant(plan.baseline.variant), plan.baseline
    ours = live is not None and live.wanted_instances == plan.full_capacity > before.instances
    if not ours or plan.surroundings.target(before.variant):
        return ()
    return (SetCapacity(endpoint=endpoint.name, variant=before.variant, instances=before.instances, lowers=True),)


def _mend(plan: Plan, endpoint: Endpoint) -> tuple[Command, ...]:
    """Create the configuration that the endpoint runs on once more: SageMaker updates no endpoint whose own was deleted."""
    ours = (config for config in plan.configs[1:] if config.name == endpoint.config)
    return tuple(CreateConfig(config=config) for config in ours)


def _doubles_load(plan: Plan, endpoint: Endpoint) -> bool:
    """Whether taking the traffic back would at least double the baseline's load, so that its capacity has to come first."""
    live = endpoint.variant(plan.baseline.variant)
    return live is not None and live.share < _HALF
