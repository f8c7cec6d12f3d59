"""What turns a rollout back besides its gates: time, a command that failed, the outside world, an endpoint that cannot be described."""

from datetime import datetime, timedelta

from policies.approvals.waiting import what_nobody_approved
from policies.attribution import describe_work, returned_by
from policies.baking import explain_open
from policies.decision import POLL_EVERY, Decision
from policies.drift import explain_return, was_taken_back
from policies.experiment import is_testing, take_out_unseen, tell_apart
from policies.facts import IDLE_TROUBLE
from policies.judging import Judge, judge_each, take_back_failing
from policies.lifecycle import CLIMBING, Ending, Outcome, Phase, State, turn_back, turn_back_with
from policies.observation import Observation, Unavailable
from policies.operations import is_overdue
from policies.plan import Plan
from policies.returning import (
    RETRY_EVERY,
    end_with_endpoint,
    explain_unseen,
    give_up,
    is_too_late,
    leave_alone,
    return_unseen,
)
from policies.stopping import why_stopped
from policies.values import format_duration
from policies.windows.opening import closed_time


def turn_back_in_time(plan: Plan, state: State, observation: Observation, now: datetime, judge: Judge) -> State:
    """Turn back when a limit of time has passed: AWS's, a person's, or the rollout's own."""
    if state.phase not in CLIMBING:
        return state
    overdue = is_overdue(plan, state, now)
    if overdue:
        return turn_back(state, Outcome.ROLLED_BACK, overdue, now)
    late = what_nobody_approved(plan, state, now)
    if not late and is_time_up(plan, now):
        limit = format_duration(plan.policy.deadline)
        obstacle = _find_obstacle(plan, state, observation, now, judge)
        late = f"the deadline of {limit} passed in phase {state.phase}{f'; in the way: {obstacle}' if obstacle else ''}"
    return turn_back(state, Outcome.INCONCLUSIVE, late, now) if late and state.drift is None else state


def _find_obstacle(plan: Plan, state: State, observation: Observation, now: datetime, judge: Judge) -> str:
    """Say what kept the rollout from going on when its time was up; empty where nothing did."""
    endpoint = observation.endpoint
    if isinstance(endpoint, Unavailable):
        return explain_unseen(plan, state, endpoint, now)
    if (state.operation is not None or endpoint.busy) and not plan.guard:
        return describe_work(plan, state, endpoint, now)
    stopped = why_stopped(plan, state, observation)
    if stopped or state.phase is not Phase.BAKING:
        return stopped or state.setback or ""
    verdicts = tell_apart(plan, state, judge_each(plan, state, observation, judge))
    return explain_open(plan, state, verdicts)


def turn_back_from_outside(plan: Plan, state: State, observation: Observation, now: datetime) -> State:
    """Go back for good where the endpoint is in trouble, or was put back on the baseline by anybody else.

    The trouble of an endpoint that somebody else has taken over is theirs.
    """
    endpoint = observation.endpoint
    if state.phase not in CLIMBING or isinstance(endpoint, Unavailable):
        return state
    if endpoint.status in IDLE_TROUBLE and not state.taken_over:
        trouble = f"the endpoint is {endpoint.status}: {endpoint.failure_reason or 'AWS gives no reason'}"
        at_rest = state.model_copy(update={"operation": None, "attempt": None})  # whatever it was, AWS is done with it
        return turn_back(at_rest, Outcome.ROLLED_BACK, trouble, now)
    if not was_taken_back(plan, state, endpoint):
        return state
    by = returned_by(plan, state, endpoint, observation.circumstances)
    reason = explain_return(plan, endpoint, by, now)
    ending = Ending(outcome=Outcome.ROLLED_BACK, reason=reason, at=now, cause="returned_from_outside", by=by)
    return turn_back_with(state, ending, now)


def is_time_up(plan: Plan, now: datetime) -> bool:
    """Whether the deadline has passed; time outside the policy's windows does not count."""
    closed = closed_time(plan.policy.windows, plan.started_at, now)
    return now - plan.started_at - closed > plan.policy.deadline


def go_on_unseen(plan: Plan, state: State, observation: Observation, now: datetime, judge: Judge) -> Decision:
    """Go on without the endpoint's description: nothing goes up, but what fails goes back, and the way back takes the traffic."""
    endpoint = observation.endpoint
    if not isinstance(endpoint, Unavailable):
        raise TypeError("the endpoint was described")
    text = explain_unseen(plan, state, endpoint, now)
    if endpoint.deleted:
        return end_with_endpoint(plan, state, now)
    if is_too_late(plan, state, now):
        return give_up(plan, state, text, now)
    if state.phase is Phase.ROLLING_BACK:
        return _return_unseen(plan, state, text)
    if state.drift is not None and is_time_up(plan, now):
        return _end_unseen(plan, state, endpoint, state.drift, now)
    if state.drift is not None and state.taken_over:
        return _wait(state, text)
    judged = judge_each(plan, state, observation, judge)
    failed = take_back_failing(plan, state, judged, now)
    return failed or (take_out_unseen(plan, state) if is_testing(plan, state) else None) or _wait(state, text)


def _end_unseen(plan: Plan, state: State, endpoint: Unavailable, drift: str, now: datetime) -> Decision:
    """At the deadline, leave alone what somebody else has taken over, and take back what is still this rollout's."""
    if state.taken_over:
        return leave_alone(plan, state, endpoint, drift, now)
    return Decision(turn_back(state, Outcome.INCONCLUSIVE, drift, now), "act", drift, timedelta(0))


def _wait(state: State, text: str) -> Decision:
    return Decision(state, "wait", text, POLL_EVERY)


def _return_unseen(plan: Plan, state: State, text: str) -> Decision:
    unseen = state.model_copy(update={"failures": state.failures | {"describe": 1}})
    commands = return_unseen(plan, state)
    look = min(RETRY_EVERY, plan.policy.metrics.look_every)
    reason = f"rolling back to {plan.baseline.model}; {text}"
    return Decision(unseen, "act" if commands else "wait", reason, look, commands)


def face_setback(plan: Plan, state: State, now: datetime) -> State:
    """Turn back when a command failed for good on the way up, unless the policy has the promotion asked for once more."""
    if state.setback is None or state.phase not in CLIMBING:
        return state
    passing = state.setback_kind in {"reverted", "quota"} and state.phase is Phase.PROMOTING and plan.guard is None
    setbacks = (*state.promotion_setbacks, state.setback)
    if passing and len(setbacks) < plan.policy.promotion_tries:
        return state.model_copy(update={"promotion_setbacks": setbacks, "setback": None, "setback_kind": None})
    tries = f" (asked for {len(setbacks)} times)" if state.promotion_setbacks else ""
    return turn_back(state, Outcome.ROLLED_BACK, f"{state.setback}{tries}", now)
