"""A rollout's story: from what its journal and its process say, step by step, to the notices that are due, each once.

A step may come twice, from the journal and from the process, and a story may be told again from its beginning by another process: the
same event always gets the same key, and by the key whoever sends it knows whether it was told.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policies.decision import Awaited
from policies.lifecycle import CLIMBING, Ending, Outcome, Phase, State, candidate_share, follow_the_winner
from policies.notices import wording
from policies.notices.notice import Notice
from policies.plan import Plan
from policies.serving import NO_READING, NotReadBack, Serving, is_on_baseline, same_traffic, takes_from_baseline
from policies.verdict import GateVerdict

SLOW: Final = timedelta(minutes=2)
"""How long after the decision to go back a candidate may still have traffic before people are told that it has."""


@dataclass(frozen=True)
class Began:
    """The rollout began.

    Attributes:
        at: when.
        by: who started it, as user@host.
    """

    at: datetime
    by: str


@dataclass(frozen=True)
class TookOver:
    """Another process goes on with it.

    Attributes:
        at: when.
        by: who goes on, as user@host.
        silent_for: how long the one before had given no sign of life.
        token: the number of its lease.
    """

    at: datetime
    by: str
    silent_for: timedelta
    token: int


@dataclass(frozen=True)
class Looked:
    """A look led to a decision.

    Attributes:
        at: when.
        state: the state after it.
        action: what was decided.
        reason: why.
        verdicts: what the gates said.
        awaits: what a person is asked for; the journal does not know.
    """

    at: datetime
    state: State
    action: str
    reason: str
    verdicts: tuple[GateVerdict, ...] = ()
    awaits: Awaited | None = None


Step = Began | TookOver | Looked
"""What a story is made of, oldest first."""


class Story:
    """What has happened so far, and which notices that came to."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._told: set[str] = set()
        self._judged: tuple[GateVerdict, ...] = ()
        self._newest: datetime | None = None
        self._drift: str | None = None
        self._out: dict[str, str] = {}
        self._had_traffic = False
        self._taken_over = False
        self._failures = 0
        self._failed_at: datetime | None = None
        self._ending_at: datetime | None = None
        self._ending_verdicts: tuple[GateVerdict, ...] = ()
        self._goes_back = False
        self._serving: Serving = NO_READING

    def add(self, step: Step) -> tuple[Notice, ...]:
        """Take note of the next step, and return the notices that it makes due."""
        new = tuple(notice for notice in self._tell(step) if notice.key not in self._told)
        self._told.update(notice.key for notice in new)
        return new

    def _tell(self, step: Step) -> Iterator[Notice]:
        match step:
            case Began():
                yield wording.started(self._plan, step.at, step.by)
            case TookOver():
                yield from self._tell_take_over(step)
            case Looked():
                yield from self._tell_look(follow_the_winner(self._plan, step.state), step)

    def _tell_take_over(self, step: TookOver) -> Iterator[Notice]:
        """A process that helps out hands over every minute, and the next one goes on: that is news only once."""
        died = step.silent_for >= self._plan.policy.take_over_after
        if died or not self._taken_over:
            yield wording.taken_over(self._plan, step.at, (step.by, step.silent_for, step.token), died=died)
        self._taken_over = True

    def _tell_look(self, plan: Plan, step: Looked) -> Iterator[Notice]:
        state = step.state
        if self._newest and step.at < self._newest:  # the journal was faster than the process that tells
            if step.awaits:
                yield wording.awaited(plan, state, step.at, (step.awaits, step.reason, step.verdicts))
            return
        self._newest = step.at
        before, self._judged = self._judged, step.verdicts or self._judged
        self._had_traffic |= candidate_share(plan, state) > 0
        yield from self._tell_leavers(plan, step)
        if state.phase is Phase.BAKING:
            yield wording.shifted(plan, state, step.at, before if state.stage else ())
        if step.action == "hold" and state.phase in CLIMBING:
            yield from self._tell_hold(plan, step)
        self._drift = state.drift
        if state.ending:
            yield from self._tell_ending(plan, step, state.ending)

    def _tell_leavers(self, plan: Plan, step: Looked) -> Iterator[Notice]:
        """Whoever leaves an A/B test while others stay in it."""
        new = {variant: why for variant, why in step.state.out.items() if variant not in self._out}
        self._out |= new
        if step.state.ending is None:
            yield from (wording.challenger_out(plan, step.at, variant, why) for variant, why in new.items())

    def _tell_hold(self, plan: Plan, step: Looked) -> Iterator[Notice]:
        if step.state.drift:
            if step.state.drift != self._drift:
                yield wording.drifted(plan, step.at, step.reason)
        elif step.state.paused:
            yield wording.paused(plan, step.state.paused)
        elif step.awaits:
            yield wording.awaited(plan, step.state, step.at, (step.awaits, step.reason, step.verdicts))

    def _tell_ending(self, plan: Plan, step: Looked, ending: Ending) -> Iterator[Notice]:
        if step.state.phase is Phase.FINISHED and ending.outcome is Outcome.ROLLBACK_FAILED:
            self._failures += ending.at != self._failed_at
            self._failed_at = ending.at
            yield wording.rollback_failed(plan, ending, self._failures)
            return
        if ending.at != self._ending_at:
            self._ending_at, self._ending_verdicts, self._goes_back = ending.at, self._judged, False
        if ending.cause == "returned_from_outside":
            yield wording.switch_fired(plan, ending)
        if step.state.phase is Phase.ROLLING_BACK:
            self._goes_back = True
            self._had_traffic |= takes_from_baseline(plan, ending.serving)
            share = _share_on_the_way_back(plan, step.state)
            if share > 0 and step.at - ending.at >= SLOW:
                yield wording.rolling_back(plan, ending, share, self._failures)
            if share > 0 or self._failures or not _is_back(plan, ending):
                return
        yield from self._tell_end(plan, step, ending)

    def _tell_end(self, plan: Plan, step: Looked, ending: Ending) -> Iterator[Notice]:
        """The baseline serves again, or the candidate does; what is left to clear up may be told later."""
        back = step.at - ending.at if self._goes_back and self._had_traffic else None
        notice = wording.ended(plan, ending, (self._ending_verdicts, back), self._failures)
        if notice.key not in self._told:
            self._serving = ending.serving
            yield notice
        elif step.state.phase is Phase.FINISHED and not same_traffic(ending.serving, self._serving):
            yield wording.serving_changed(plan, ending, step.at)
        if step.state.phase is Phase.FINISHED and ending.left:
            yield wording.left_over(plan, step.at, ending.left)


def _is_back(plan: Plan, ending: Ending) -> bool:
    """Whether the baseline serves alone, as far as that was read back; in older journals nothing was."""
    return isinstance(ending.serving, NotReadBack) or is_on_baseline(plan, ending.serving)


def _share_on_the_way_back(plan: Plan, state: State) -> float:
    """Return what the candidate still gets, in percent. Where SageMaker moves the traffic, the last step's share until it is done."""
    if plan.guard:
        return state.windows[-1].share if state.windows else 0.0
    return candidate_share(plan, state)


def tell(plan: Plan, steps: Iterable[Step]) -> tuple[Notice, ...]:
    """Return every notice of a story, in the order in which they became due."""
    story = Story(plan)
    return tuple(notice for step in steps for notice in story.add(step))
