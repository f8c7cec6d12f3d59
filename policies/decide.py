"""The decision: from plan, state and one look at the world to what happens next. The same for every strategy.

Called with the same values it gives the same decision; it waits for nothing and asks nobody. Order matters and is the same at every
look: what people ask, what failed, what somebody else changed, what the gates say, and only then the next step.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from policies.approvals.waiting import what_nobody_approved
from policies.baking import bake, bake_ends, explain_failures
from policies.commands import Probe
from policies.compare.memory import FORGETFUL, Forgetful
from policies.decision import Decision
from policies.declared import prepare, register
from policies.drift import find_drift, is_taken_over, tell_taken_back, was_taken_back
from policies.experiment import (
    compete,
    competing,
    competition_ends,
    crown_by_word,
    expel,
    is_testing,
    name_models,
    screen,
    take_out,
    tell_apart,
)
from policies.facts import IDLE_TROUBLE, Endpoint
from policies.gates.evidence import Evidence, gather_evidence
from policies.gates.judging import judge_gates
from policies.gates.spec import TrafficSplit
from policies.goal import Goal, next_commands
from policies.guarded import ended_early, face_early_end, follow_steps
from policies.heeding import heed
from policies.lifecycle import (
    CLIMBING,
    Ending,
    Outcome,
    Phase,
    Placement,
    State,
    candidate_share,
    close_window,
    enter,
    follow_the_winner,
    open_window,
    turn_back,
    without_traffic,
)
from policies.observation import Metrics, Observation, Unavailable
from policies.operations import follow, is_overdue
from policies.plan import Plan
from policies.promoting import arrive
from policies.returning import clean_up, give_up, is_too_late, leave_alone, roll_back
from policies.safeguards import raise_safeguards
from policies.stopping import what_stops
from policies.values import format_duration, format_moment
from policies.verdict import GateVerdict
from policies.windows.holding import hold_outside
from policies.windows.opening import closed_time

Judge = Callable[[Plan, State, Metrics | Unavailable], tuple[GateVerdict, ...]]
"""Gives the verdicts of the gates and guardrails that count in a state."""

POLL_EVERY: Final = timedelta(seconds=15)
"""Time between two looks while AWS is at work; the loop adds jitter and shortens it to the policy's ``look_every``."""


def judge(
    plan: Plan, state: State, metrics: Metrics | Unavailable, memory: Forgetful = FORGETFUL
) -> tuple[GateVerdict, ...]:
    """Judge every gate and guardrail, also those that the present stage does not need: each may fail. Before the first shift, none.

    In the watch after the promotion nothing is left to compare with; what holds the candidate against a fixed limit goes on.
    """
    if not state.windows:
        return ()
    evidence: Evidence | Unavailable = (
        metrics
        if isinstance(metrics, Unavailable)
        else gather_evidence(plan.judged_by, metrics, state.windows, memory.about(plan.candidate.variant))
    )
    gates = plan.judged_by.gates | plan.judged_by.guardrails
    if plan.guard:  # the split is SageMaker's own, by instances
        gates = {name: gate for name, gate in gates.items() if not isinstance(gate, TrafficSplit)}
    if plan.stages[state.windows[-1].stage].watch:
        gates = {name: gate for name, gate in gates.items() if name in plan.policy.judged_alone}
    return judge_gates(gates, evidence)


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
    state = _turn_back_in_time(plan, state, now)
    endpoint = observation.endpoint
    if state.phase is Phase.CLEANING:
        return clean_up(plan, state, observation.surroundings, now)
    if isinstance(endpoint, Unavailable):
        return _wait_blindly(plan, state, endpoint, now)
    state = follow_steps(plan, follow(plan, state, endpoint, now), endpoint)
    state = _adopt(plan, _face_setback(state, now), endpoint)
    state = _follow_the_switch(plan, state, endpoint, now)
    drift = find_drift(plan, state, endpoint, observation.surroundings)
    if drift:
        return _hold(plan, state.model_copy(update={"drift": drift}), observation, now, judge)
    state = _turn_back_in_time(plan, _after_drift(plan, state, now), now)
    if state.phase is Phase.ROLLING_BACK:
        return roll_back(plan, state, endpoint, now)
    return _climb(plan, state, observation, now, judge)


def _turn_back_in_time(plan: Plan, state: State, now: datetime) -> State:
    if state.phase not in CLIMBING:
        return state
    overdue = is_overdue(plan, state, now)
    if overdue:
        return turn_back(state, Outcome.ROLLED_BACK, overdue, now)
    late = what_nobody_approved(plan, state, now) or _what_the_deadline_ends(plan, state, now)
    return turn_back(state, Outcome.INCONCLUSIVE, late, now) if late and state.drift is None else state


def _follow_the_switch(plan: Plan, state: State, endpoint: Endpoint, now: datetime) -> State:
    """Go back for good when the candidate's traffic was taken away from outside."""
    if state.phase not in CLIMBING or not was_taken_back(plan, state, endpoint):
        return state
    return turn_back(state, Outcome.ROLLED_BACK, tell_taken_back(plan), now)


def _what_the_deadline_ends(plan: Plan, state: State, now: datetime) -> str | None:
    limit = format_duration(plan.policy.deadline)
    return f"the deadline of {limit} passed in phase {state.phase}" if _is_time_up(plan, now) else None


def _is_time_up(plan: Plan, now: datetime) -> bool:
    closed = closed_time(plan.policy.windows, plan.started_at, now)
    return now - plan.started_at - closed > plan.policy.deadline


def _wait_blindly(plan: Plan, state: State, endpoint: Unavailable, now: datetime) -> Decision:
    told = f"cannot read the endpoint: {endpoint.why}"
    if is_too_late(plan, state, now):
        return give_up(plan, state, told, now)
    if state.drift is not None and _is_time_up(plan, now):
        return leave_alone(plan, state, endpoint, state.drift, now)
    return Decision(state, "wait", told, POLL_EVERY)


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


def _face_setback(state: State, now: datetime) -> State:
    """Turn back when a command failed for good on the way up; on the way back it is simply tried again."""
    if state.setback is None or state.phase not in CLIMBING:
        return state
    return turn_back(state, Outcome.ROLLED_BACK, state.setback, now)


def _hold(plan: Plan, state: State, observation: Observation, now: datetime, judge: Judge) -> Decision:
    endpoint, drift = observation.endpoint, state.drift or ""
    if isinstance(endpoint, Unavailable):
        raise TypeError("nothing is known of an endpoint's drift without the endpoint")
    if state.phase in CLIMBING and not is_taken_over(plan, state, endpoint):
        return _hold_beside(plan, state, observation, now, judge)
    if _is_time_up(plan, now) or plan.policy.on_drift == "abort" or state.phase is Phase.ROLLING_BACK:
        return leave_alone(plan, state, endpoint, drift, now)
    reason = f"{drift}; holding and touching nothing until that is undone, or: rollway abort {plan.endpoint}"
    return Decision(close_window(state, now), "hold", reason, plan.policy.metrics.look_every)


def _hold_beside(plan: Plan, state: State, observation: Observation, now: datetime, judge: Judge) -> Decision:
    """Get no further while counts, tags or scaling are somebody else's. The traffic is still ours, and judged: what fails goes back."""
    drift = state.drift or ""
    verdicts = tell_apart(plan, state, _judge_each(plan, state, observation, judge))
    failures = explain_failures(verdicts)
    if failures:
        return _fail(plan, state, failures, now, verdicts)
    if _is_time_up(plan, now) or plan.policy.on_drift == "abort":
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
        return state
    arriving = Phase.PROMOTING if plan.stages[state.stage].watch else Phase.SHIFTING
    again = enter(state, arriving, now) if state.phase is Phase.BAKING else state
    return again.model_copy(update={"drift": None})


def _climb(plan: Plan, state: State, observation: Observation, now: datetime, judge: Judge) -> Decision:
    judged, testing = _judge_each(plan, state, observation, judge), is_testing(plan, state)
    verdicts = tell_apart(plan, state, judged)
    expulsion = expel(plan, state, judged, now) if testing else None
    if expulsion:
        return expulsion
    failures = explain_failures(verdicts)
    if failures:
        return _fail(plan, state, failures, now, verdicts)
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


def _judge_each(
    plan: Plan, state: State, observation: Observation, judge: Judge
) -> Mapping[str, tuple[GateVerdict, ...]]:
    """Judge the candidate, and in an A/B test every challenger that is still in it, each against the baseline."""
    seen = {plan.candidate.variant: observation.metrics, **observation.rivals}
    nothing = Unavailable("no metrics were asked for")
    return {
        each.variant: judge(plan.duel(each.variant), state, seen.get(each.variant) or nothing)
        for each in competing(plan, state)
    }


def _fail(plan: Plan, state: State, failures: str, now: datetime, verdicts: tuple[GateVerdict, ...]) -> Decision:
    in_shadow = plan.stages[state.stage].shadow and state.phase is not Phase.PROMOTING
    where = "in shadow" if in_shadow else f"at {candidate_share(plan, state):g} %"
    back = turn_back(state, Outcome.ROLLED_BACK, f"{where} — {failures}", now)
    return Decision(back, "act", f"ROLLBACK {_ending(back).reason}", timedelta(0), verdicts=verdicts)


def _what_comes_first(plan: Plan, state: State, endpoint: Endpoint, now: datetime) -> Decision | None:
    """Turn back from an endpoint in trouble, and take the traffic of who has left an A/B test: nothing may hold that up."""
    if endpoint.status in IDLE_TROUBLE:
        trouble = f"the endpoint is {endpoint.status}: {endpoint.failure_reason}"
        back = turn_back(state, Outcome.ROLLED_BACK, trouble, now)
        return Decision(back, "act", _ending(back).reason, timedelta(0))
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
        whose = "AWS is at work on it" if state.operation else f"the endpoint is {endpoint.status}, not by this rollout"
        return Decision(state, "wait", f"{_headline(plan, state)}; {whose}", look, verdicts=verdicts)
    commands = next_commands(goal_of(plan, state), endpoint) or register(plan, state, now)
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
            return f"promoting {plan.candidate.model}"


def _ending(state: State) -> Ending:
    if state.ending is None:
        raise ValueError(f"phase {state.phase} without an ending")
    return state.ending
