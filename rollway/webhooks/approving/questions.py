"""What a signed link leads to: the question as it stands by now, and the answer to it, put into the rollout's journal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from policies.approvals.answering import ANSWERS, NotAsked, address
from policies.approvals.link import Question, Refusal, read
from policies.approvals.waiting import who_waits
from policies.errors import JournalError, RolloutError
from policies.lifecycle import CLIMBING
from policies.observation import Signal
from policies.values import format_moment
from rollway.aws.objects import ObjectStore
from rollway.journal.journal import Chronicle, Journal
from rollway.journal.leases import read_standing
from rollway.webhooks.approving.filled_in import FilledIn, read_form
from rollway.webhooks.approving.pages import Page, say, show_form

_OVER: Final = 409
_RELOAD: Final = "Reload this page to see what came of it."
_GOES_ON: Final = (
    "It is heard at the rollout's next look. Then the candidate goes on as soon as every gate passes and nothing else holds it; "
    "what fails is still taken back by itself."
)
_GOES_BACK: Final = "It is heard at the rollout's next look. Then all traffic goes back to {}."
_CHANGED: Final = "Something else is asked by now than when you opened this page: look again, then answer."
_UNNAMED: Final = "The form did not say which question it answers (its field asked): look again, then answer."
_TAKEN: Final = {"approve": ("Approved", _GOES_ON), "reject": ("Rejected", _GOES_BACK)}


@dataclass(frozen=True)
class Questions:
    """Shows questions and takes answers.

    Attributes:
        store: the journal's.
        secrets: returns those that may have signed a link.
        now: tells the time.
    """

    store: ObjectStore
    secrets: Callable[[], Sequence[str]]
    now: Callable[[], datetime]

    def is_forged(self, token: str) -> bool:
        """Whether a token was not signed here."""
        return read(self.secrets(), token, self.now()) is Refusal.FORGED

    def show(self, token: str) -> Page:
        """Return the page that a link leads to. Changes nothing: whatever scans mail opens links, too. Never raises a ``RolloutError``."""
        return self._with(token, self._show)

    def answer(self, token: str, fields: Mapping[str, Sequence[str]]) -> Page:
        """Take the answer that was filled in, and return the page that says so. Never raises a ``RolloutError``."""
        return self._with(token, lambda question, chronicle: self._answer(question, chronicle, read_form(fields)))

    def _with(self, token: str, go_on: Callable[[Question, Chronicle], Page]) -> Page:
        question = read(self.secrets(), token, self.now())
        if isinstance(question, Refusal):
            status = 410 if question is Refusal.EXPIRED else 403
            return say(status, "No answer is taken here", f"{question.value[0].upper()}{question.value[1:]}.")
        try:
            chronicle = Journal(self.store, question.rollout_id).read()
            closed = self._why_closed(question, chronicle)
            return say(_OVER, "There is nothing to answer any more", closed) if closed else go_on(question, chronicle)
        except JournalError as error:
            return say(404, "This rollout cannot be found", f"{error}.")
        except RolloutError as error:
            return say(503, "The journal cannot be reached", f"Nothing was taken: try again. {error}")

    def _why_closed(self, question: Question, chronicle: Chronicle) -> str:
        """Say why a question takes no answer any more; nothing while it does."""
        plan, state, now = chronicle.plan, chronicle.state, self.now()
        given = next((each for each in state.approved if each.stage == question.stage), None)
        if given:
            return f"This stage was approved by {given.by} at {format_moment(given.at, now)}: {given.reason}"
        if state.ending or state.phase not in CLIMBING:
            ending = state.ending
            return (
                f"The rollout came to its end: {ending.outcome}, {ending.reason}" if ending else "The rollout is over."
            )
        if state.stage != question.stage or state.awaiting_since is None:
            where = f"{state.phase}, stage {state.stage + 1} of {len(plan.stages)}"
            return f"The rollout of {plan.endpoint} is {where}, and does not ask this now."
        unheard = self._unheard(question, chronicle)
        if unheard:
            verb = "approved" if unheard.verb == "approve" else "rejected"
            return f"This stage was {verb} by {unheard.by} a moment ago: {unheard.reason}"
        return ""

    def _unheard(self, question: Question, chronicle: Chronicle) -> Signal | None:
        """Return an answer that somebody gave and the rollout has not heard yet."""
        signals = Journal(self.store, question.rollout_id).read_signals()
        heard = chronicle.state.heard
        given = (each for each in signals if each.verb in ANSWERS and each.stage == question.stage)
        return next((each for each in given if each.id not in heard), None)

    def _show(self, question: Question, chronicle: Chronicle, filled_in: FilledIn | None = None) -> Page:
        standing = read_standing(self.store, chronicle.plan.endpoint)
        alone = standing is not None and standing.lease.rollout_id == question.rollout_id and standing.expired
        return show_form(chronicle, self.now(), filled_in or FilledIn(), alone=alone)

    def _answer(self, question: Question, chronicle: Chronicle, filled_in: FilledIn) -> Page:
        plan, state = chronicle.plan, chronicle.state
        if state.awaiting_since is None or filled_in.asked != state.awaiting_since.isoformat():
            changed = _CHANGED if filled_in.asked else _UNNAMED
            problems = (changed, *filled_in.problems)
            return self._show(question, chronicle, replace(filled_in, verb=None, problems=problems))
        if filled_in.problems or filled_in.verb is None:
            return self._show(question, chronicle, filled_in)
        signal = Signal(verb=filled_in.verb, reason=filled_in.reason, by=f"{filled_in.name} (by signed link)")
        try:
            signal = address(plan, state, signal)
        except NotAsked as error:
            return say(_OVER, "There is nothing to answer any more", f"{error}.")
        Journal(self.store, question.rollout_id).send_signal(signal, self.now())
        done, told = _TAKEN[filled_in.verb]
        return say(
            200, f"{done}: {who_waits(plan, state)} on {plan.endpoint}", f"{told.format(plan.baseline.model)} {_RELOAD}"
        )
