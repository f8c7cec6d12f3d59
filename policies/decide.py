"""The decision: from plan, state and one look at the world to what happens next. The same for every strategy.

Called with the same values it gives the same decision; it waits for nothing and asks nobody. Order matters and is the same at every
look: what people ask, what failed, what somebody else changed, what the gates say, and only then the next step.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final, assert_never

from policies.baking import bake, bake_ends, explain_failures
from policies.commands import Probe
from policies.compare.memory import FORGETFUL, Forgetful
from policies.decision import Decision
from policies.drift import find_drift, is_taken_over, was_taken_back
from policies.facts import IDLE_TROUBLE, Endpoint
from policies.gates.evidence import Evidence, gather_evidence
from policies.gates.judging import judge_gates
from policies.goal import Goal, next_commands
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
    open_window,
    turn_back,
)
from policies.observation import Metrics, Observation, Unavailable
from policies.operations import follow, is_overdue
from policies.plan import Plan
from policies.promoting import arrive
from policies.returning import clean_up, give_up, is_too_late, leave_alone, roll_back
from policies.safeguards import raise_safeguards
from policies.values import format_duration
from policies.verdict import GateVerdict

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
        metrics if isinstance(metrics, Unavailable) else gather_evidence(plan.policy, metrics, state.windows, memory)
    )
    gates = plan.policy.gates | plan.policy.guardrails
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
    state = _turn_back_in_time(plan, heed(state, observation.signals, now), now)
    endpoint = observation.endpoint
    if state.phase is Phase.CLEANING:
        return clean_up(plan, state, observation.surroundings, now)
    if isinstance(endpoint, Unavailable):
        return _wait_blindly(plan, state, endpoint, now)
    state = _adopt(plan, _face_setback(follow(plan, state, endpoint, now), now), endpoint)
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
    if state.drift is None and _is_time_up(plan, now):
        limit = format_duration(plan.policy.deadline)
        return turn_back(state, Outcome.INCONCLUSIVE, f"the deadline of {limit} passed in phase {state.phase}", now)
    return state


def _follow_the_switch(plan: Plan, state: State, endpoint: Endpoint, now: datetime) -> State:
    """Go back for good when the candidate's traffic was taken away from outside."""
    if state.phase not in CLIMBING or not was_taken_back(plan, state, endpoint):
        return state
    who = "by the dead-man's switch or by a person" if plan.switch else "by somebody else"
    told = f"all traffic was put back on {plan.baseline.variant} {who}, not by this process"
    return turn_back(state, Outcome.ROLLED_BACK, told, now)


def _is_time_up(plan: Plan, now: datetime) -> bool:
    return now - plan.started_at > plan.policy.deadline


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
    verdicts = judge(plan, state, observation.metrics or Unavailable("no metrics were asked for"))
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
    verdicts = judge(plan, state, observation.metrics or Unavailable("no metrics were asked for"))
    failures = explain_failures(verdicts)
    if failures:
        return _fail(plan, state, failures, now, verdicts)
    if isinstance(observation.endpoint, Unavailable):
        raise TypeError("climbing needs an endpoint")
    if observation.endpoint.status in IDLE_TROUBLE:
        trouble = f"the endpoint is {observation.endpoint.status}: {observation.endpoint.failure_reason}"
        back = turn_back(state, Outcome.ROLLED_BACK, trouble, now)
        return Decision(back, "act", _ending(back).reason, timedelta(0), verdicts=verdicts)
    stopped = _what_stops(state, observation)
    if stopped:
        return Decision(state, "hold", stopped, plan.policy.metrics.look_every, verdicts=verdicts)
    match state.phase:
        case Phase.PREPARING | Phase.SHIFTING | Phase.PROMOTING:
            return _pursue(plan, state, observation, now, verdicts)
        case Phase.BAKING:
            return bake(plan, state, verdicts, now)
        case Phase.ROLLING_BACK | Phase.CLEANING | Phase.FINISHED:
            raise ValueError(f"not climbing in phase {state.phase}")
        case _:
            assert_never(state.phase)


def _fail(plan: Plan, state: State, failures: str, now: datetime, verdicts: tuple[GateVerdict, ...]) -> Decision:
    in_shadow = plan.stages[state.stage].shadow and state.phase is not Phase.PROMOTING
    where = "in shadow" if in_shadow else f"at {candidate_share(plan, state):g} %"
    back = turn_back(state, Outcome.ROLLED_BACK, f"{where} — {failures}", now)
    return Decision(back, "act", f"ROLLBACK {_ending(back).reason}", timedelta(0), verdicts=verdicts)


def _what_stops(state: State, observation: Observation) -> str | None:
    """Say why the candidate may get no more for now, though nothing speaks against it."""
    if state.paused:
        return f"paused by {state.paused.by} since {state.paused.since:%H:%M:%S} UTC: {state.paused.reason}"
    if observation.halt:
        return f"every rollout is halted since {observation.halt.since:%H:%M:%S} UTC by {observation.halt.by}: {observation.halt.reason}"
    if isinstance(observation.surroundings, Unavailable):
        return f"cannot read the endpoint's tags and scaling: {observation.surroundings.why}"
    return None


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
    commands = next_commands(goal_of(plan, state), endpoint)
    if commands:
        guarded = (*raise_safeguards(plan, state, surroundings, now), *commands)
        return Decision(state, "act", _headline(plan, state), look, guarded, verdicts)
    in_shadow = plan.stages[state.stage].shadow  # where no request can be sent to the candidate by its name
    if state.phase is Phase.PREPARING and plan.policy.probes and not state.probed and not in_shadow:
        probe = Probe(endpoint=plan.endpoint, variant=plan.candidate.variant, probes=plan.policy.probes)
        return Decision(state, "act", f"probing {plan.candidate.model} before it gets any traffic", look, (probe,))
    return _arrived(plan, state, now)


def goal_of(plan: Plan, state: State) -> Goal:
    """Return how the endpoint shall be in a phase on the way up."""
    stage = plan.stages[state.stage]
    capacity = {} if stage.shadow else {newcomer.variant: stage.instances for newcomer in plan.newcomers}
    match state.phase:
        case Phase.PREPARING:
            shares = plan.split_at(stage) if stage.shadow else plan.split(0)
            return Goal(config=plan.config_at(stage), shares=shares, instances=capacity)
        case Phase.BAKING if stage.watch:
            return Goal(config=plan.promoted)
        case Phase.SHIFTING | Phase.BAKING:
            return Goal(config=plan.config_at(stage), shares=plan.split_at(stage), instances=capacity)
        case Phase.PROMOTING:
            return Goal(config=plan.promoted, instances_first={plan.baseline.variant: plan.full_capacity})
        case _:
            raise ValueError(f"phase {state.phase} has no goal on the way up")


def _arrived(plan: Plan, state: State, now: datetime) -> Decision:
    stage = plan.stages[state.stage]
    match state.phase:
        case Phase.PREPARING:
            where = "in the baseline's shadow" if stage.shadow else "at share 0"
            return Decision(enter(state, Phase.SHIFTING, now), "act", f"the candidate is up {where}", timedelta(0))
        case Phase.SHIFTING:
            share = plan.policy.compared_share(plan.policy.stages[state.stage])
            baking = open_window(enter(close_window(state, now), Phase.BAKING, now), share, now)
            until = bake_ends(plan, baking)
            gets = f"copies of {stage.share:g} % of the requests" if stage.shadow else f"{stage.share:g} %"
            reason = f"the candidate gets {gets}; baking until {until:%H:%M:%S} UTC"
            return Decision(baking, "wait", reason, min(plan.policy.metrics.look_every, until - now))
        case _:
            return arrive(plan, state, now)


def _headline(plan: Plan, state: State) -> str:
    stage = plan.stages[state.stage]
    match state.phase:
        case Phase.PREPARING:
            if stage.shadow:
                return f"putting {plan.candidate.model} into the shadow of {plan.baseline.model}"
            twin = f" and a twin of {plan.baseline.model}" if plan.control else ""
            return f"putting {plan.candidate.model}{twin} beside {plan.baseline.model} at share 0"
        case Phase.SHIFTING:
            return f"shifting to {stage.share:g} %"
        case _:
            return f"promoting {plan.candidate.model}"


def _ending(state: State) -> Ending:
    if state.ending is None:
        raise ValueError(f"phase {state.phase} without an ending")
    return state.ending
