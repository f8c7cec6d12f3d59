"""Driving a rollout from the command line: the loop in this process, watched, and what became of it."""

import asyncio
import logging
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rich.console import Console
from rich.text import Text

from policies.by_hand import by_hand
from policies.decision import Decision
from policies.errors import JournalError
from policies.lifecycle import Ending, Outcome, candidate_share
from policies.plan import Plan
from policies.serving import is_on_baseline, takes_from_baseline
from policies.values import format_duration
from policies.verdict import GateVerdict
from rollway.cli.failures import GaveUp, LostControl
from rollway.cli.left_behind import describe_left_behind
from rollway.cli.output import Document
from rollway.cli.picture import Moment
from rollway.cli.watch import Watch, watch_on
from rollway.cli.world import World
from rollway.loop.drive import drive
from rollway.loop.rollout import Rollout
from rollway.loop.watching import watched_by
from rollway.notices.messenger import Who, telling
from rollway.reports.outcome import headline

log = logging.getLogger(__name__)

_STYLES: Final = {
    Outcome.PROMOTED: "bold green",
    Outcome.ROLLED_BACK: "bold red",
    Outcome.ABORTED: "bold yellow",
    Outcome.INCONCLUSIVE: "bold yellow",
    Outcome.ROLLBACK_FAILED: "bold white on red",
}


@dataclass(frozen=True)
class Result:
    """What became of a rollout.

    Attributes:
        plan: its plan.
        ending: how it ended.
        verdicts: what the gates last said.
        returned_in: how long after the decision to go back all traffic was read back to be on the baseline; None where there was
            nothing to bring back, or it is not known.
    """

    plan: Plan
    ending: Ending
    verdicts: tuple[GateVerdict, ...] = ()
    returned_in: timedelta | None = None

    def describe(self) -> Document:
        """Return the result as a document."""
        plan, ending = self.plan, self.ending
        return {
            "endpoint": plan.endpoint,
            "rollout": plan.rollout_id,
            "outcome": str(ending.outcome),
            "reason": ending.reason,
            "baseline": plan.baseline.model,
            "candidate": plan.candidate.model,
            "serving": ending.serving.model_dump(mode="json"),
            "left_behind": describe_left_behind(plan, ending),
            "policy": {"strategy": plan.policy.strategy, "digest": plan.policy.digest},
            "started_at": plan.started_at.isoformat(),
            "ended_at": ending.at.isoformat(),
            "returned_in_s": None if self.returned_in is None else self.returned_in.total_seconds(),
            "verdicts": [verdict.model_dump(mode="json") for verdict in self.verdicts],
        }

    def say(self) -> Text:
        """Return the result as a sentence."""
        ending = self.ending
        back = "" if self.returned_in is None else f" · traffic back in {format_duration(self.returned_in)}"
        outcome, _, rest = headline(self.plan, ending).partition(" ")
        left = "".join(f"\n  by hand: {command}" for each in ending.left for command in by_hand(self.plan, each))
        return Text.assemble((outcome, _STYLES[ending.outcome]), f" {rest} · {ending.reason}{back}", (left, "yellow"))


class Witness:
    """Sees every decision of a rollout, remembers what its result will need, and passes it on to a watch.

    Attributes:
        plan: the rollout's plan; None before its first look.
        verdicts: what the gates last said.
        returned_in: as in ``Result``.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._had_traffic = False
        self.plan: Plan | None = None
        self.verdicts: tuple[GateVerdict, ...] = ()
        self.returned_in: timedelta | None = None

    def __call__(self, plan: Plan, decision: Decision, now: datetime) -> None:
        """Take note and show; whatever is wrong with showing must not touch the rollout."""
        self.plan, self.verdicts = plan, decision.verdicts or self.verdicts
        self._measure_return(plan, decision, now)
        try:
            self._watch.see(Moment(plan, decision, now))
        except Exception:
            log.exception("could not show the progress")

    def testify(self, plan: Plan, ending: Ending) -> Result:
        """Return what became of the rollout."""
        return Result(plan, ending, self.verdicts, self.returned_in)

    def _measure_return(self, plan: Plan, decision: Decision, now: datetime) -> None:
        state, ending = decision.state, decision.state.ending
        self._had_traffic |= candidate_share(plan, state) > 0
        if ending is None or ending.outcome is Outcome.PROMOTED or self.returned_in is not None:
            return
        self._had_traffic |= takes_from_baseline(plan, ending.serving)
        if self._had_traffic and is_on_baseline(plan, ending.serving):
            self.returned_in = now - ending.at


@contextmanager
def watching(world: World, who: Who = None) -> Generator[Witness]:
    """Watch the rollout that is driven inside the block, with its progress on stderr, and have people told who are not watching."""
    with telling(who, world.clock.now), watch_on(Console(stderr=True, highlight=False), world.clock) as watch:
        witness = Witness(watch)
        with watched_by(witness):
            yield witness


def drive_here(rollout: Rollout, world: World, witness: Witness) -> Result:
    """Drive a rollout to its end in this process, and free the endpoint.

    Raises:
        LostControl: another process drives the rollout.
        GaveUp: too many errors of our own in a row.
    """
    ending = _drive(rollout, world)
    return witness.testify(rollout.plan, ending)  # the plan as it is by now: an A/B test has a winner


def lost_control(error: JournalError, plan: Plan) -> LostControl:
    """Say that another process drives the rollout."""
    return LostControl(str(error), hint=f"Watch it: rollway status {plan.endpoint}.")


def gave_up(error: Exception, plan: Plan) -> GaveUp:
    """Say that this process cannot go on, and what is left to do."""
    return GaveUp(
        f"gave up driving rollout {plan.rollout_id} after several errors in a row; the last one is {type(error).__name__}: {error}",
        hint=f"The endpoint stays as it is. Take the candidate back: rollway rollback {plan.endpoint} --reason REASON",
    )


def _drive(rollout: Rollout, world: World) -> Ending:
    try:
        return asyncio.run(drive(rollout, world.clock))
    except JournalError as error:
        raise lost_control(error, rollout.plan) from error
    except Exception as error:
        raise gave_up(error, rollout.plan) from error
