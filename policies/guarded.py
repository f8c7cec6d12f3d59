"""Following an update that SageMaker's guardrails carry out: its steps are SageMaker's, the judgement and the brake are ours."""

from datetime import datetime, timedelta

from policies.commands import ApplyConfig, Command, SoundAlarm
from policies.decision import Decision
from policies.facts import Endpoint
from policies.lifecycle import CLIMBING, Outcome, Phase, State, approval_of, close_window, enter, open_window, turn_back
from policies.plan import Plan
from policies.promoting import arrive

ON_ITS_WAY = frozenset({Phase.PREPARING, Phase.SHIFTING})


def follow_steps(plan: Plan, state: State, endpoint: Endpoint) -> State:
    """Take note that SageMaker has begun another step of a guarded update."""
    began = endpoint.baking_since
    if not is_in_flight(plan, endpoint) or began is None or began == state.baking_since:
        return state
    noted = state.model_copy(update={"baking_since": began})
    if state.phase in ON_ITS_WAY:
        baking = enter(close_window(noted, began), Phase.BAKING, began)
        return open_window(baking, plan.stages[state.stage].share, began)
    if state.phase is Phase.BAKING:
        told = f"SageMaker went on from {plan.stages[state.stage].share:g} % before the gates had passed there"
        return turn_back(noted, Outcome.INCONCLUSIVE, told, began)
    return noted


def is_in_flight(plan: Plan, endpoint: Endpoint) -> bool:
    """Whether SageMaker is at work on the guarded update."""
    return plan.guard is not None and endpoint.pending_config == plan.promoted.name


def pull_the_brake(plan: Plan, endpoint: Endpoint) -> tuple[Command, ...]:
    """Return what takes a guarded update back: our alarm, again and again, for SageMaker looks at it only now and then."""
    if plan.guard is None or not is_in_flight(plan, endpoint) or endpoint.status != "Updating":
        return ()
    return (SoundAlarm(alarm=plan.guard.abort, endpoint=endpoint.name),)


def allowed_time(plan: Plan, command: Command) -> timedelta:
    """Return how long AWS may take over a command; for a guarded update its bakes come on top."""
    guarded = isinstance(command, ApplyConfig) and command.deployment is not None
    return plan.policy.timeouts.update + (plan.guard.takes if plan.guard and guarded else timedelta(0))


def ended_early(plan: Plan, state: State, endpoint: Endpoint) -> bool:
    """Whether SageMaker was done with the update before its steps were judged."""
    judging = state.phase in ON_ITS_WAY | {Phase.BAKING} and plan.stages[state.stage].guarded
    return judging and state.operation is None and endpoint.config == plan.promoted.name


def face_early_end(plan: Plan, state: State, now: datetime) -> Decision:
    """Hold: all traffic is on a candidate that nobody has judged to the end, and the old fleet is gone."""
    if state.phase not in CLIMBING:
        raise ValueError(f"no update ends early in phase {state.phase}")
    approved = approval_of(state)
    if approved:
        told = f"{plan.candidate.model} was not judged to the end; approved by {approved.by}: {approved.reason}"
        return arrive(plan, state.model_copy(update={"override": told}), now)
    step = f"after {plan.stages[state.stage].share:g} %, before the gates had passed"
    seen = step if state.baking_since else "at once"
    reason = (
        f"SageMaker's guardrails did not do as asked: {plan.candidate.model} got all traffic {seen}, and the old fleet is gone. "
        f"Nobody has judged it: rollway approve {plan.endpoint} --reason REASON, or: rollway reject {plan.endpoint} --reason REASON"
    )
    waiting = close_window(state, now).model_copy(update={"awaiting_since": state.awaiting_since or now})
    return Decision(waiting, "hold", reason, plan.policy.metrics.look_every, awaits="approval")
