"""Heeding what people ask of a rollout: each signal once, at the next look, whatever the phase."""

from datetime import datetime
from typing import assert_never

from policies.lifecycle import CLIMBING, Outcome, Pause, Phase, State, close_window, enter, turn_back
from policies.observation import Signal


def heed(state: State, signals: tuple[Signal, ...], now: datetime) -> State:
    """Return the state after the signals that were not heeded before. On the way back there is nothing left to ask for."""
    for signal in signals:
        if signal.id not in state.heard and state.phase in CLIMBING:
            state = _heed_one(state, signal, now)
        if signal.id and signal.id not in state.heard:
            state = state.model_copy(update={"heard": (*state.heard, signal.id)})
    return state


def _heed_one(state: State, signal: Signal, now: datetime) -> State:
    told = f"{signal.verb.replace('_', ' ')} by {signal.by}: {signal.reason}"
    match signal.verb:
        case "abort":
            return turn_back(state, Outcome.ABORTED, told, now)
        case "rollback":
            return turn_back(state, Outcome.ROLLED_BACK, told, now)
        case "pause":
            pause = Pause(by=signal.by, reason=signal.reason, since=now)
            return state.model_copy(update={"paused": state.paused or pause})
        case "resume":
            accepted = (*state.accepted, state.drift) if state.drift else state.accepted
            return state.model_copy(update={"paused": None, "accepted": accepted})
        case "approve":
            return state.model_copy(update={"approved": (*state.approved, state.stage)})
        case "promote_now":
            return _promote_now(state, told, now)
        case _:
            assert_never(signal.verb)


def _promote_now(state: State, told: str, now: datetime) -> State:
    """Go straight for the promotion. A gate that fails, now or until it is done, still takes the candidate back."""
    if state.phase is Phase.PROMOTING:
        return state
    promoting = enter(close_window(state, now), Phase.PROMOTING, now)
    return promoting.model_copy(update={"paused": None, "override": told})
