"""The decision: from plan, state and one look at the world to what happens next. The same for every strategy.

Called with the same values it gives the same decision; it waits for nothing and asks nobody. Order matters and is the same at every
look: what people ask, what failed, what somebody else changed, what the gates say, and only then the next step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from policies.attribution import describe_work
from policies.baking import bake, bake_ends, explain_failures, explain_open, needed_gates
from policies.cleaning import clean_up
from policies.commands import ApplyConfig, Command, Probe
from policies.decision import POLL_EVERY, Decision
from policies.declared import prepare, register
from policies.drift import find_drift, is_taken_over
from policies.experiment import (
    compete,
    competing,
    competition_ends,
    crown_by_word,
    is_testing,
    name_models,
    screen,
    take_out,
    tell_apart,
)
from policies.facts import Endpoint
from policies.goal import Goal, next_commands
from policies.guarded import ended_early, face_early_end, follow_steps
from policies.heeding import heed
from policies.judging import Judge, fail, judge, judge_each, take_back_failing
from policies.lifecycle import (
    CLIMBING,
    Ending,
    Outcome,
    Phase,
    Placement,
    State,
    close_window,
    enter,
    follow_the_winner,
    open_window,
    turn_back,
    without_traffic,
)
from policies.observation import Observation, Unavailable
from policies.operations import follow, note_placement
from policies.plan import Plan
from policies.promoting import arrive
from policies.returning import leave_alone, release_idle, roll_back
from policies.safeguards import raise_safeguards
from policies.stopping import what_stops
from policies.turning_back import (
    face_setback,
    go_on_unseen,
    is_time_up,
    turn_back_from_outside,
    turn_back_in_time,
)
from policies.values import format_moment
from policies.verdict import Answer, GateVerdict
from policies.windows.holding import hold_outside


def decide(plan: Plan, state: State, observation: Observation, now: datetime, judge: Judge = judge) -> Decision:
    """Decide what happens next.

    Args:
        plan: what the rollout will do.
        state: what the look before handed over.
        observation: what this look found.
        now: the moment of the look.
        judge: gives the verdicts; ``rollway plan`` hands in one that lets everything pass.
    """
    if state.phase is Phase.FINISHED:
        return Decision(state, "finish", _ending(state).reason, timedelta(0))
    state, signals = screen(plan, state, observation.signals)
    state = crown_by_word(plan, heed(state, signals, now))
    plan = follow_the_winner(plan, state)
    endpoint = observation.endpoint
    deleted = isinstance(endpoint, Unavailable) and endpoint.deleted
    state = state if deleted else turn_back_in_time(plan, state, observation, now, judge)
    if state.phase is Phase.CLEANING:
        return clean_up(plan, state, observation.surroundings, now)
    if isinstance(endpoint, Unavailable):
        return go_on_unseen(plan, state, observation, now, judge)
    state = follow(plan, state, endpoint, now, observation.circumstances)
    state = _adopt(plan, face_setback(plan, follow_steps(plan, state, endpoint), now), endpoint)
    state = turn_back_from_outside(plan, state, observation, now)
    drift = find_drift(plan, state, endpoint, observation.surroundings)
    if drift:
        taken_over = is_taken_over(plan, state, endpoint)
        return _hold(plan, state.model_copy(update={"drift": drift, "taken_over": taken_over}), observation, now, judge)
    state = turn_back_in_time(plan, _after_drift(plan, state, now), observation, now, judge)
    if state.phase is Phase.ROLLING_BACK:
        return roll_back(plan, note_placement(state, endpoint), endpoint, now)
    return _climb(plan, state, observation, now, judge)


def _adopt(plan: Plan, state: State, endpoint: Endpoint) -> State:
    """Take what the phase wants for its own work: AWS may have carried out a command whose answer was lost."""
    if state.phase not in CLIMBING or state.operation is not None or endpoint.busy:
        return state
    goals = (goal_of(plan, state.model_copy(update={"phase": phase})) for phase in _phases_at_work(plan, state))
    goal = next((goal for goal in goals if not next_commands(goal, endpoint)), None)
    if goal is None:
        return state
    placement = Placement(config=endpoint.config, shares=dict(goal.shares or endpoint.shares))
    return state.model_copy(update={"placement": placement})


def _phases_at_work(plan: Plan, state: State) -> Iterator[Phase]:
    """Yield the phases whose commands may show by now: a promotion at a person's word leaves out the rest of what came before."""
    yield state.phase
    if state.phase is Phase.PROMOTING and state.override:
        yield Phase.SHIFTING
        if state.placement.config == plan.original.name:
            yield Phase.PREPARING


def _hold(plan: Plan, state: State, observation: Observation, now: datetime, judge: Judge) -> Decision:
    endpoint, drift = observation.endpoint, state.drift or ""
    if isinstance(endpoint, Unavailable):
        raise TypeError("nothing is known of an endpoint's drift without the endpoint")
    if state.phase in CLIMBING and not is_taken_over(plan, state, endpoint):
        return _hold_beside(plan, state, observation, now, judge)
    if is_time_up(plan, now) or plan.policy.on_drift == "abort" or state.phase is Phase.ROLLING_BACK:
        return leave_alone(plan, state, endpoint, drift, now)
    reason = f"{drift}; holding and touching nothing until that is undone, or: rollway abort {plan.endpoint}"
    return Decision(close_window(state, now), "hold", reason, plan.policy.metrics.look_every)


def _hold_beside(plan: Plan, state: State, observation: Observation, now: datetime, judge: Judge) -> Decision:
    """Get no further while counts, tags or scaling are somebody else's. The traffic is still ours, and judged: what fails goes back."""
    drift = state.drift or ""
    verdicts = tell_apart(plan, state, judge_each(plan, state, observation, judge))
    failures = explain_failures(verdicts)
    if failures:
        return fail(plan, state, failures, now, verdicts)
    if is_time_up(plan, now) or plan.policy.on_drift == "abort":
        outcome = Outcome.ABORTED if plan.policy.on_drift == "abort" else Outcome.INCONCLUSIVE
        back = turn_back(state, outcome, drift, now)
        return Decision(back, "act", drift, timedelta(0), verdicts=verdicts)
    reason = (
        f"{drift}; no more traffic until that is undone, or accepted: rollway resume {plan.endpoint} --reason REASON"
    )
    return Decision(state, "hold", reason, plan.policy.metrics.look_every, verdicts=verdicts)


def _after_drift(plan: Plan, state: State, now: datetime) -> State:
    """Start the stage's bake anew once a drift is undone: its minutes say nothing about the ordered split."""
    if state.drift is None:
        return state.model_copy(update={"taken_over": False}) if state.taken_over else state
    arriving = Phase.PROMOTING if plan.stages[state.stage].watch else Phase.SHIFTING
    again = enter(state, arriving, now) if state.phase is Phase.BAKING else state
    return again.model_copy(update={"drift": None, "taken_over": False})


def _climb(plan: Plan, state: State, observation: Observation, now: datetime, judge: Judge) -> Decision:
    judged, testing = judge_each(plan, state, observation, judge), is_testing(plan, state)
    verdicts = tell_apart(plan, state, judged)
    failed = take_back_failing(plan, state, judged, now)
    if failed:
        return failed
    if isinstance(observation.endpoint, Unavailable):
        raise TypeError("climbing needs an endpoint")
    comes_first = _what_comes_first(plan, state, observation.endpoint, now)
    first = comes_first or what_stops(plan, state, observation, now)
    if first:
        return replace(first, verdicts=verdicts)
    match state.phase:
        case Phase.PREPARING | Phase.SHIFTING | Phase.PROMOTING:
            return hold_outside(plan, state, _pursue(plan, state, observation, now, verdicts), now)
        case Phase.BAKING:
            baked = compete(plan, state, judged, now) if testing else bake(plan, state, verdicts, now)
            return hold_outside(plan, state, baked, now)
        case Phase.ROLLING_BACK | Phase.CLEANING | Phase.FINISHED:
            raise ValueError(f"not climbing in phase {state.phase}")
        case _:
            assert_never(state.phase)


def _what_comes_first(plan: Plan, state: State, endpoint: Endpoint, now: datetime) -> Decision | None:
    """Take the traffic of who has left an A/B test, and stop at an update that SageMaker ended early: nothing may hold that up."""
    if ended_early(plan, state, endpoint):
        return face_early_end(plan, state, now)
    return take_out(plan, state, endpoint) if is_testing(plan, state) else None


def _pursue(
    plan: Plan, state: State, observation: Observation, now: datetime, verdicts: tuple[GateVerdict, ...]
) -> Decision:
    """Bring the endpoint to what the phase wants, with the safeguards up, then enter the next phase."""
    endpoint, surroundings = observation.endpoint, observation.surroundings
    if isinstance(endpoint, Unavailable) or isinstance(surroundings, Unavailable):
        raise TypeError("pursuing needs an endpoint and its surroundings")
    look = min(POLL_EVERY, plan.policy.metrics.look_every)
    if state.operation is not None or endpoint.busy:
        work = describe_work(plan, state, endpoint, now)
        return Decision(state, "wait", f"{_headline(plan, state)}; {work}", look, verdicts=verdicts)
    commands = next_commands(goal_of(plan, state), endpoint) or register(plan, state, now)
    if commands and state.promotion_setbacks:
        commands = release_idle(plan, state, endpoint) or commands
        waits = _await_gates(plan, state, commands, verdicts)
        if waits:
            return waits
    if commands:
        first = (*raise_safeguards(plan, state, surroundings, now), *prepare(plan, state, commands, now))
        return Decision(state, "act", _headline(plan, state), look, (*first, *commands), verdicts)
    in_shadow = plan.stages[state.stage].shadow  # where no request can be sent to the candidate by its name
    if state.phase is Phase.PREPARING and plan.policy.probes and not state.probed and not in_shadow:
        whom = "they get" if plan.rivals else "it gets"
        probes = [
            Probe(endpoint=plan.endpoint, variant=each.variant, probes=plan.policy.probes) for each in plan.challengers
        ]
        return Decision(
            state, "act", f"probing {name_models(plan.challengers)} before {whom} any traffic", look, tuple(probes)
        )
    return _arrived(plan, state, now)


def _await_gates(
    plan: Plan, state: State, commands: Sequence[Command], verdicts: tuple[GateVerdict, ...]
) -> Decision | None:
    """Wait with the next try of a promotion until every gate of the last stage passes, unless a person ordered it."""
    asks = any(isinstance(command, ApplyConfig) for command in commands)
    open_gates = needed_gates(plan, state) - {each.gate for each in verdicts if each.verdict is Answer.PASS}
    if not asks or not open_gates or state.override:
        return None
    reason = (
        f"the promotion did not come about: {state.promotion_setbacks[-1]}; it is asked for once more when every gate passes — "
        f"{explain_open(plan, state, verdicts)}"
    )
    return Decision(state, "wait", reason, plan.policy.metrics.look_every, verdicts=verdicts)


def goal_of(plan: Plan, state: State) -> Goal:
    """Return how the endpoint shall be in a phase on the way up."""
    stage = plan.stages[state.stage]
    out = without_traffic(plan, state)
    alone = stage.shadow or stage.guarded
    served = () if alone else (each.variant for each in plan.newcomers if each.variant not in out)
    capacity = dict.fromkeys(served, stage.instances)
    match state.phase:
        case Phase.PREPARING:
            shares = plan.split_at(stage) if stage.shadow else plan.split(0)
            deployment = plan.guard.deployment if plan.guard else None
            return Goal(config=plan.config_at(stage), shares=shares, instances=capacity, deployment=deployment)
        case Phase.BAKING if stage.watch:
            return Goal(config=plan.promoted)
        case Phase.SHIFTING | Phase.BAKING:
            return Goal(config=plan.config_at(stage), shares=plan.split_at(stage, out), instances=capacity)
        case Phase.PROMOTING:
            return Goal(config=plan.promoted, instances_first={plan.baseline.variant: plan.full_capacity})
        case _:
            raise ValueError(f"phase {state.phase} has no goal on the way up")


def _arrived(plan: Plan, state: State, now: datetime) -> Decision:
    stage = plan.stages[state.stage]
    match state.phase:
        case Phase.PREPARING:
            where = "in the baseline's shadow" if stage.shadow else "at share 0"
            who = f"{name_models(plan.challengers)} are" if plan.rivals else "the candidate is"
            return Decision(enter(state, Phase.SHIFTING, now), "act", f"{who} up {where}", timedelta(0))
        case Phase.SHIFTING:
            share = plan.compared_share(state.stage, without_traffic(plan, state))
            baking = open_window(enter(close_window(state, now), Phase.BAKING, now), share, now)
            until = competition_ends(plan, baking) if is_testing(plan, state) else bake_ends(plan, baking)
            gets = f"copies of {stage.share:g} % of the requests" if stage.shadow else f"{stage.share:g} %"
            who = _who(plan, state)
            reason = f"{who} gets {gets}; baking until {format_moment(until, now)}"
            return Decision(baking, "wait", reason, min(plan.policy.metrics.look_every, max(until - now, timedelta(0))))
        case _:
            return arrive(plan, state, now)


def _who(plan: Plan, state: State) -> str:
    left = competing(plan, state)
    if len(left) > 1:
        return f"each of {name_models(left)}"
    return name_models(left) if plan.rivals else "the candidate"


def _headline(plan: Plan, state: State) -> str:
    stage = plan.stages[state.stage]
    match state.phase:
        case Phase.PREPARING:
            if stage.shadow:
                return f"putting {plan.candidate.model} into the shadow of {plan.baseline.model}"
            if stage.guarded:
                return f"SageMaker brings up a new fleet with {plan.candidate.model}"
            twin = f" and a twin of {plan.baseline.model}" if plan.control else ""
            return f"putting {name_models(plan.challengers)}{twin} beside {plan.baseline.model} at share 0"
        case Phase.SHIFTING:
            each = " each" if len(competing(plan, state)) > 1 else ""
            return (
                f"SageMaker goes on to {stage.share:g} %" if stage.guarded else f"shifting to {stage.share:g} %{each}"
            )
        case _:
            again = f", try {len(state.promotion_setbacks) + 1}: " if state.promotion_setbacks else ""
            return f"promoting {plan.candidate.model}{again}{''.join(state.promotion_setbacks[-1:])}"


def _ending(state: State) -> Ending:
    if state.ending is None:
        raise ValueError(f"phase {state.phase} without an ending")
    return state.ending
