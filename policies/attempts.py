"""What became of each model that a rollout was for: in an A/B test, one may be promoted and others may have been removed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from policies.lifecycle import Outcome, State
from policies.plan import Plan
from policies.serving import promoted_model
from policies.values import Frozen


class Fate(StrEnum):
    """What became of one model."""

    PROMOTED = "PROMOTED"
    REMOVED = "REMOVED"
    NOT_CHOSEN = "NOT_CHOSEN"
    AS_THE_ROLLOUT = "AS_THE_ROLLOUT"
    """It was taken back, or stopped, with the whole rollout: the outcome says how."""


class Tried(Frozen):
    """A model that a rollout was for, and what became of it.

    Attributes:
        model: the model, as the plan names it.
        fate: what became of it.
    """

    model: str
    fate: Fate


class Earlier(Protocol):
    """An earlier rollout of an endpoint: which models it was for, how it ended and when."""

    @property
    def model(self) -> str:
        """The model that was to take over."""
        ...

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        ...

    @property
    def at(self) -> datetime:
        """When it ended."""
        ...

    @property
    def wish(self) -> str:
        """Which of a registry's wishes it was for; empty where none is known."""
        ...

    @property
    def tried(self) -> Sequence[Tried]:
        """Every model that it was for; empty where only ``model`` is on record."""
        ...


@dataclass(frozen=True)
class Attempt:
    """The last time that a model was rolled out on an endpoint.

    Attributes:
        model: the model.
        fate: what became of it.
        outcome: how the whole rollout ended.
        at: when.
        wish: which of a registry's wishes it was for; empty where none is known.
    """

    model: str
    fate: Fate
    outcome: Outcome
    at: datetime
    wish: str = ""

    def __str__(self) -> str:
        """Return what became of it as a clause."""
        at = f"{self.at:%Y-%m-%d %H:%M} UTC"
        if self.fate is Fate.REMOVED:
            return f"{self.model} was removed from its last A/B test, which ended {self.outcome} at {at}"
        if self.fate is Fate.NOT_CHOSEN:
            return f"{self.model} was not chosen in its last A/B test, which ended {self.outcome} at {at}"
        return f"its last rollout to {self.model} ended {self.outcome} at {at}"


def list_tried(plan: Plan, state: State) -> tuple[Tried, ...]:
    """Return what became of each challenger of a rollout that has ended, in the order in which they were given."""
    ordered = sorted(plan.challengers, key=lambda each: (len(each.variant), each.variant))
    return tuple(Tried(model=each.model, fate=_fate(plan, state, each.variant)) for each in ordered)


def find_last_attempt(model: str, past: Iterable[Earlier]) -> Attempt | None:
    """Return the last rollout in which a model was tried; None when none is on record.

    Args:
        model: the model.
        past: earlier rollouts of the endpoint, newest first.
    """
    for each in past:
        fate = next((tried.fate for tried in _tried_by(each) if tried.model == model), None)
        if fate is not None:
            return Attempt(model, fate, each.outcome, each.at, each.wish)
    return None


def _tried_by(past: Earlier) -> Sequence[Tried]:
    """Return the models of an earlier rollout; of one from before every model was recorded, the one that is."""
    fate = Fate.PROMOTED if past.outcome is Outcome.PROMOTED else Fate.AS_THE_ROLLOUT
    return past.tried or (Tried(model=past.model, fate=fate),)


def _fate(plan: Plan, state: State, variant: str) -> Fate:
    ending = state.ending
    if variant in state.out:
        return Fate.REMOVED
    if ending is None or ending.outcome is not Outcome.PROMOTED:
        return Fate.NOT_CHOSEN if state.winner and variant != state.winner else Fate.AS_THE_ROLLOUT
    winner = promoted_model(plan, ending.serving)
    chosen = winner.variant if winner else state.winner or plan.candidate.variant
    return Fate.PROMOTED if variant == chosen else Fate.NOT_CHOSEN
