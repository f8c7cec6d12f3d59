"""The way back to the baseline, and the clean-up after either end."""

from datetime import datetime, timedelta
from typing import Final

from policies.commands import ApplyConfig, Command, CreateConfig, DeleteConfig, SetCapacity, explain
from policies.decision import Decision
from policies.declared import is_to_be_put_back, put_back, step_aside, tell_models
from policies.facts import Endpoint, Surroundings, format_shares
from policies.goal import Goal, next_commands
from policies.guarded import pull_the_brake
from policies.lifecycle import Ending, Outcome, Phase, State, close_window, enter, finish
from policies.observation import Unavailable
from policies.plan import Plan
from policies.safeguards import lower_safeguards
from policies.values import format_duration

RETRY_EVERY: Final = timedelta(seconds=5)
_HALF: Final = 50.0


def roll_back(plan: Plan, state: State, endpoint: Endpoint, now: datetime) -> Decision:
    """Take the next step back: traffic first, since that takes seconds, then the configuration."""
    ending = state.ending
    assert ending is not None, "rolling back without a reason"  # noqa: S101 - an invariant of turn_back
    if is_too_late(plan, state, now):
        live = f"live now: {endpoint.status}, config {endpoint.config}, traffic {format_shares(endpoint.shares)}"
        return give_up(plan, state, live, now)
    look = min(RETRY_EVERY, plan.policy.metrics.look_every)
    if brake := pull_the_brake(plan, endpoint):
        return Decision(state, "act", f"having SageMaker take {plan.candidate.model} back", look, brake)
    if state.operation is not None or endpoint.busy:
        return Decision(state, "wait", f"rolling back to {plan.baseline.model}; AWS is at work on it", look)
    commands = rollback_commands(plan, endpoint, with_capacity=state.setback is None)
    if commands:
        note = f"; last try failed: {state.setback}" if state.setback else ""
        moves = any(isinstance(command, ApplyConfig) for command in commands)
        again = _mend(plan, endpoint) if state.setback and moves else ()
        aside = step_aside(plan, state, commands, now)
        return Decision(state, "act", f"rolling back to {plan.baseline.model}{note}", look, (*again, *aside, *commands))
    if not endpoint.settled:
        return Decision(state, "wait", f"back on {plan.original.name}, but the endpoint is {endpoint.status}", look)
    cleaning = enter(state, Phase.CLEANING, now)
    return Decision(cleaning, "act", f"back on {plan.baseline.model}; cleaning up", timedelta(0))


def rollback_commands(plan: Plan, endpoint: Endpoint, *, with_capacity: bool = True) -> tuple[Command, ...]:
    """Return the next commands on the way back; nothing when the endpoint runs on its old configuration again.

    Instance counts are autoscaling's business again from then on. ``with_capacity`` is false after a try that failed: where AWS has no
    instances to give, a crowded baseline is still better than a candidate that has to go.
    """
    wanted = {plan.baseline.variant: plan.baseline.instances if with_capacity else 0}
    if endpoint.config == plan.original.name:
        return _give_back(plan, endpoint) if with_capacity else ()
    if endpoint.config == plan.side_by_side.name and not plan.guard:
        first = wanted if _doubles_load(plan, endpoint) else dict[str, int]()
        goal = Goal(config=plan.side_by_side, shares=plan.split(0), instances_first=first)
        commands = next_commands(goal, endpoint)
        if commands:
            return commands
    return next_commands(Goal(config=plan.original, instances_first=wanted), endpoint)


def _give_back(plan: Plan, endpoint: Endpoint) -> tuple[Command, ...]:
    """Take back the instances that the baseline's name was given for the promotion, where no autoscaling does so by itself."""
    live, before = endpoint.variant(plan.baseline.variant), plan.baseline
    ours = live is not None and live.wanted_instances == plan.full_capacity > before.instances
    if not ours or plan.surroundings.target(before.variant):
        return ()
    return (SetCapacity(endpoint=endpoint.name, variant=before.variant, instances=before.instances),)


def _mend(plan: Plan, endpoint: Endpoint) -> tuple[Command, ...]:
    """Create the configuration that the endpoint runs on once more: SageMaker updates no endpoint whose own was deleted."""
    ours = (config for config in plan.configs[1:] if config.name == endpoint.config)
    return tuple(CreateConfig(config=config) for config in ours)


def clean_up(plan: Plan, state: State, surroundings: Surroundings | Unavailable, now: datetime) -> Decision:
    """Put back what the safeguards changed, remove the configurations that nothing needs any more, then end."""
    ending = state.ending
    assert ending is not None, "cleaning up without an ending"  # noqa: S101 - an invariant of promote and roll_back
    kept = {plan.original.name} | ({plan.promoted.name} if ending.outcome is Outcome.PROMOTED else set[str]())
    earlier = () if isinstance(surroundings, Unavailable) else tuple(put_back(plan, state, surroundings, now))
    held = state.model_copy(update={"scaling": "none"}) if earlier else state  # it comes back without our suspensions
    left = (
        *earlier,
        *lower_safeguards(plan, held, surroundings),
        *(DeleteConfig(config=name) for name in state.made if name not in state.cleaned and name not in kept),
    )
    in_doubt = state.scaling != "none" or is_to_be_put_back(plan, state)
    blind = in_doubt and isinstance(surroundings, Unavailable)
    timeouts = plan.policy.timeouts
    late = now - state.since > (timeouts.settle if state.setback else timeouts.update)
    if late or not (left or blind):
        note = _leftovers(left, blind=blind) + ("" if ending.outcome is Outcome.PROMOTED else tell_models(state))
        ended = finish(state, ending.model_copy(update={"reason": ending.reason + note}), now)
        return Decision(ended, "finish", ending.reason + note, timedelta(0))
    look = min(RETRY_EVERY, plan.policy.metrics.look_every)
    if not left:
        return Decision(state, "wait", "cannot read yet whether autoscaling is as before", look)
    due = left[::-1] if state.setback else left  # what AWS refuses must not keep the rest from its turn
    return Decision(state, "act", f"clearing up: {', '.join(map(explain, due))}", look, due)


def _leftovers(left: tuple[Command, ...], *, blind: bool) -> str:
    told = [*map(explain, left), *(["see that autoscaling is as before"] if blind else [])]
    return f"; still to be done by hand: {', '.join(told)}" if told else ""


def leave_alone(plan: Plan, state: State, endpoint: Endpoint | Unavailable, drift: str, now: datetime) -> Decision:
    """End because somebody else has taken over; touch neither configuration nor traffic, only clear up after ourselves."""
    live = (
        f"cannot read the endpoint: {endpoint.why}"
        if isinstance(endpoint, Unavailable)
        else f"live now: config {endpoint.config}, traffic {format_shares(endpoint.shares)}"
    )
    before = f"; this rollout was on its way back: {state.ending.reason}" if state.ending else ""
    reason = (
        f"{drift}; touched nothing since — {live}{before}. To return to the baseline: rollway rollback {plan.endpoint}"
    )
    ending = Ending(outcome=Outcome.ABORTED, reason=reason, at=now)
    cleaning = enter(close_window(state, now), Phase.CLEANING, now).model_copy(update={"ending": ending})
    return Decision(cleaning, "act", reason, timedelta(0))


def _doubles_load(plan: Plan, endpoint: Endpoint) -> bool:
    """Whether taking the traffic back would at least double the baseline's load, so that its capacity has to come first."""
    live = endpoint.variant(plan.baseline.variant)
    return live is not None and live.share < _HALF


def try_again(plan: Plan, state: State, now: datetime) -> State:
    """Take up a rollback that was given up."""
    ending = Ending(outcome=Outcome.ROLLED_BACK, reason=f"trying again to bring back {plan.baseline.model}", at=now)
    return enter(state, Phase.ROLLING_BACK, now).model_copy(update={"ending": ending, "operation": None})


def is_too_late(plan: Plan, state: State, now: datetime) -> bool:
    """Whether the way back has taken longer than the policy allows."""
    return state.phase is Phase.ROLLING_BACK and now - state.since > plan.policy.timeouts.rollback


def give_up(plan: Plan, state: State, live: str, now: datetime) -> Decision:
    """End and call for a person; ``live`` says what is known of the endpoint."""
    limit = format_duration(plan.policy.timeouts.rollback)
    why = f"; last failure: {state.setback}" if state.setback else ""
    reason = (
        f"the rollback did not finish within {limit} — a person is needed. {live}; wanted: config {plan.original.name}, "
        f"traffic {plan.baseline.variant} 100 %{why}. Rollway goes on trying whenever it reconciles; "
        f"once the cause is gone: rollway resume {plan.endpoint}"
    )
    ended = finish(state, Ending(outcome=Outcome.ROLLBACK_FAILED, reason=reason, at=now), now)
    return Decision(ended, "finish", reason, timedelta(0))
