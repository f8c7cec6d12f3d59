"""Taking up a rollout whose process is gone: what the next one does with what it finds in the journal."""

from datetime import datetime, timedelta

from policies.lifecycle import CLIMBING, Outcome, Phase, State, enter, turn_back
from policies.plan import Plan
from policies.returning import try_again
from policies.values import format_duration


def take_up(plan: Plan, state: State, silent_for: timedelta, now: datetime) -> State:
    """Return the state that the next process starts from.

    Args:
        plan: what the rollout would do.
        state: what the journal says.
        silent_for: how long nobody has driven it.
        now: the moment of the take-over.
    """
    if state.phase is Phase.FINISHED and state.ending and state.ending.outcome is Outcome.ROLLBACK_FAILED:
        return try_again(plan, state, now)
    if state.phase in CLIMBING and plan.policy.on_crash == "roll_back":
        told = f"its process was silent for {format_duration(silent_for)}, and the policy takes the candidate back then"
        return turn_back(state, Outcome.ROLLED_BACK, told, now)
    return leave_out(state, silent_for, now)


def leave_out(state: State, silence: timedelta, now: datetime) -> State:
    """Let no limit run out by the time without any look: what AWS was asked for may long be done.

    A change that AWS works on has its limit without the silence. A way back, or a clean-up, gets all its time anew.
    """

    def shift(moment: datetime) -> datetime:
        return min(moment + silence, now)

    sent = {"operation": state.operation, "attempt": state.attempt}
    shifted = {name: each and each.model_copy(update={"since": shift(each.since)}) for name, each in sent.items()}
    state = state.model_copy(update=shifted)
    return enter(state, state.phase, now) if state.phase in {Phase.ROLLING_BACK, Phase.CLEANING} else state


def is_over(state: State) -> bool:
    """Whether nothing is left to do: a rollback that was given up is not over."""
    return (
        state.phase is Phase.FINISHED
        and state.ending is not None
        and state.ending.outcome is not Outcome.ROLLBACK_FAILED
    )
