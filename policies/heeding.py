"""Heeding what people ask of a rollout: each signal once, at the next look, whatever the phase."""

from datetime import datetime
from typing import assert_never

from policies.lifecycle import (
    CLIMBING,
    Approved,
    Outcome,
    Pause,
    Phase,
    State,
    approval_of,
    close_window,
    enter,
    turn_back,
)
from policies.observation import Signal


def heed(state: State, signals: tuple[Signal, ...], now: datetime) -> State:
    """Return the state after the signals that were not heeded before. On the way back there is nothing left to ask for."""
    for signal in sorted(signals, key=lambda each: each.verb != "reject"):  # before whatever leads on
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
        case "approve" | "reject":
            return _answer(state, signal, now)
        case "promote_now":
            return _promote_now(state, told, now)
        case _:
            assert_never(signal.verb)


def _answer(state: State, signal: Signal, now: datetime) -> State:
    """Take an approval or a rejection, if the question that it is meant for is still asked: nobody approves what they have not seen."""
    meant = signal.stage in (None, state.stage) and signal.asked in (None, state.awaiting_since)
    if state.awaiting_since is None or not meant:
        return state
    if signal.verb == "reject":
        return turn_back(state, Outcome.ROLLED_BACK, f"rejected by {signal.by}: {signal.reason}", now)
    if approval_of(state) or state.drift:
        return state
    approved = Approved(stage=state.stage, by=signal.by, reason=signal.reason, at=now)
    return state.model_copy(update={"approved": (*state.approved, approved)})


def _promote_now(state: State, told: str, now: datetime) -> State:
    """Go straight for the promotion. A gate that fails, now or until it is done, still takes the candidate back."""
    if state.phase is Phase.PROMOTING:
        return state
    promoting = enter(close_window(state, now), Phase.PROMOTING, now)
    return promoting.model_copy(update={"paused": None, "override": told})
