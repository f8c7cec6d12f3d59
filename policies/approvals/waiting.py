"""Waiting for a person: since when, until when, what is told meanwhile, and when it is over."""

from collections.abc import Sequence
from datetime import datetime

from policies.decision import Decision
from policies.lifecycle import State, approval_of
from policies.plan import Plan
from policies.values import format_duration, format_moment
from policies.verdict import GateVerdict
from policies.windows.opening import after_open_time


def wants_approval(plan: Plan, state: State) -> bool:
    """Whether the present stage asks a person who has not answered yet."""
    return plan.stages[state.stage].approval is not None and approval_of(state) is None


def who_waits(plan: Plan, state: State) -> str:
    """Name the model that a person is asked about: in an A/B test the proposed winner."""
    return plan.duel(state.proposed).candidate.model if state.proposed else plan.models


def ask_anew(state: State) -> State:
    """Return the state of a stage that asks for something else than before: what was answered is no answer to it."""
    kept = tuple(each for each in state.approved if each.stage != state.stage)
    return state.model_copy(update={"awaiting_since": None, "approved": kept})


def await_approval(plan: Plan, state: State, told: str, verdicts: Sequence[GateVerdict], now: datetime) -> Decision:
    """Hold for a person.

    Args:
        plan: what the rollout will do.
        state: where it stands; the first wait begins now.
        told: what has come so far, as the beginning of a sentence.
        verdicts: what the gates say.
        now: the moment.
    """
    waiting = state.model_copy(update={"awaiting_since": state.awaiting_since or now})
    ask = f"rollway approve {plan.endpoint} --reason REASON, or: rollway reject {plan.endpoint} --reason REASON"
    reason = f"{told}; {tell_wait(plan, waiting, now)}: {ask}"
    look = plan.policy.metrics.look_every
    return Decision(waiting, "hold", reason, look, verdicts=tuple(verdicts), awaits="approval")


def tell_wait(plan: Plan, state: State, now: datetime) -> str:
    """Say since when and until when a person is awaited: "awaiting approval since 12:09:00 UTC, until 16:09:00 UTC, then back to v6"."""
    if state.awaiting_since is None:
        raise ValueError("nobody is awaited")
    told = f"awaiting approval since {format_moment(state.awaiting_since, now)}"
    until, deadline = (
        wait_ends(plan, state),
        after_open_time(plan.policy.windows, plan.started_at, plan.policy.deadline),
    )
    spec, back = plan.stages[state.stage].approval, f"then back to {plan.baseline.model}"
    if until is not None and now >= until:
        told += f", overdue since {format_moment(until, now)}"
    elif until is not None and spec is not None and (deadline is None or until < deadline):
        return f"{told}, until {format_moment(until, now)}, {back if spec.otherwise == 'roll_back' else 'then asking again'}"
    return told if deadline is None else f"{told}, until the deadline at {format_moment(deadline, now)}, {back}"


def tell_approval(state: State) -> str:
    """Say who has approved the present stage, and why, as the end of a sentence; nothing where nobody had to."""
    approved = approval_of(state)
    return f", approved by {approved.by}: {approved.reason}" if approved else ""


def wait_ends(plan: Plan, state: State) -> datetime | None:
    """Return when the wait for a person is over or was; None where it has no end, or nobody is awaited."""
    spec = plan.stages[state.stage].approval
    if spec is None or spec.within is None or state.awaiting_since is None:
        return None
    return after_open_time(plan.policy.windows, state.awaiting_since, spec.within)


def is_overdue(plan: Plan, state: State, now: datetime) -> bool:
    """Whether a person should have answered by now, and has not."""
    until = wait_ends(plan, state)
    return until is not None and now >= until and wants_approval(plan, state)


def what_nobody_approved(plan: Plan, state: State, now: datetime) -> str | None:
    """Say why a candidate goes back that nobody has approved in time; None while there is time, or where the policy holds."""
    spec = plan.stages[state.stage].approval
    if spec is None or spec.within is None or spec.otherwise != "roll_back" or not is_overdue(plan, state, now):
        return None
    since = format_moment(state.awaiting_since or now, now)
    return f"nobody approved it at {plan.stages[state.stage].share:g} % within {format_duration(spec.within)}, asked for since {since}"
