"""A person's answer to a stage that asks: which signal it becomes, and why it would come to nothing."""

from policies.errors import RolloutError
from policies.lifecycle import CLIMBING, State, approval_of
from policies.observation import Signal
from policies.plan import Plan

ANSWERS = frozenset({"approve", "reject"})
"""The verbs that answer a stage."""


class NotAsked(RolloutError):
    """An answer to what nobody asks."""

    code = "not_asked"


def address(plan: Plan, state: State, signal: Signal) -> Signal:
    """Return a signal as it is sent: an answer is for the question that is asked now, and for no later one.

    Raises:
        NotAsked: nothing waits for that answer.
    """
    if signal.verb not in ANSWERS:
        return signal
    if state.phase not in CLIMBING or state.awaiting_since is None:
        raise NotAsked(
            f"no stage of the rollout of {plan.endpoint} awaits approval: {_where(plan, state)}", _remedy(plan, signal)
        )
    given = approval_of(state)
    if given and signal.verb == "approve":
        raise NotAsked(
            f"this stage was approved already, by {given.by} at {given.at:%Y-%m-%d %H:%M} UTC: {given.reason}"
        )
    if state.drift and signal.verb == "approve":
        raise NotAsked(
            f"nobody can approve while somebody else's change stands: {state.drift}",
            "The stage bakes anew once that is undone, and asks again.",
        )
    return signal.model_copy(update={"stage": state.stage, "asked": state.awaiting_since})


def came_to_nothing(state: State, signal: Signal) -> bool:
    """Whether an answer that was heard found nothing that still asked for it, as in the meantime it may."""
    if signal.verb not in ANSWERS or state.ending is not None:
        return False
    return signal.verb == "reject" or signal.stage not in {each.stage for each in state.approved}


def _where(plan: Plan, state: State) -> str:
    return f"it is {state.phase}, stage {state.stage + 1} of {len(plan.stages)}"


def _remedy(plan: Plan, signal: Signal) -> str:
    if signal.verb == "reject":
        return f"To take the candidate back all the same: rollway abort {plan.endpoint} --reason REASON"
    return f"It says so when it does: rollway status {plan.endpoint}. To promote without waiting: rollway promote-now {plan.endpoint}"
