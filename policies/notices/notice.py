"""A notice: one event worth telling, complete with its words, before anybody knows to whom it goes."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from policies.approvals.link import Question
from policies.values import Frozen


class Level(StrEnum):
    """How urgent a notice is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Its place in the order from the least urgent to the most."""
        return list(Level).index(self)


class Event(StrEnum):
    """What may be told."""

    STARTED = "started"
    SHIFTED = "shifted"
    CHALLENGER_OUT = "challenger_out"
    WAITING = "waiting"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    PROMOTED = "promoted"
    INCONCLUSIVE = "inconclusive"
    ABORTED = "aborted"
    ROLLBACK_FAILED = "rollback_failed"
    LEFT_OVER = "left_over"
    TAKEN_OVER = "taken_over"
    SWITCH_FIRED = "switch_fired"
    HALTED = "halted"
    LIFTED = "lifted"


MEANINGS: Final = {
    Event.STARTED: "a rollout began",
    Event.SHIFTED: "the candidate has reached a stage",
    Event.CHALLENGER_OUT: "a challenger has left an A/B test",
    Event.WAITING: "a rollout goes no further without a person: for an approval, an undecided gate, a pause, or somebody else's change",
    Event.ROLLING_BACK: "a candidate is on its way back, and still has traffic after two minutes",
    Event.ROLLED_BACK: "a candidate was taken back, and its traffic is back on the baseline",
    Event.PROMOTED: "a candidate serves all traffic",
    Event.INCONCLUSIVE: "nobody could tell whether the candidate is good enough; the baseline serves",
    Event.ABORTED: "a rollout was stopped",
    Event.ROLLBACK_FAILED: "a rollback was given up: a person is needed",
    Event.LEFT_OVER: "a rollout has ended and left something to be cleared up by hand",
    Event.TAKEN_OVER: "another process goes on with a rollout whose own is gone",
    Event.SWITCH_FIRED: "all traffic was put back from outside: by the dead-man's switch or by a person",
    Event.HALTED: "every rollout is halted",
    Event.LIFTED: "a halt has ended",
}
"""What each event means, for the documentation and for whoever misspells one."""


class Notice(Frozen):
    """One event worth telling.

    Attributes:
        key: its name among those of the same rollout: the same event has the same key, whoever finds it.
        event: what happened.
        level: how urgent it is.
        endpoint: the endpoint; empty where it is about every rollout.
        at: when it happened.
        headline: one line that says it all.
        reason: why, in sentences.
        numbers: what the gates said, a line each.
        commands: what a person may type now.
        asks: what a person may answer; None where there is no such question.
    """

    key: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]+$")]
    event: Event
    level: Level
    endpoint: str
    at: datetime
    headline: str
    reason: str = ""
    numbers: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    asks: Question | None = None
