"""The desk of one rollout, and that of the halts: from journal and process to notices, each handed to the ledger once."""

import logging
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from policies.lifecycle import Outcome, Phase
from policies.notices.notice import Notice
from policies.notices.rendering import Link
from policies.notices.routing import find_missing
from policies.notices.spec import NotifySpec
from policies.notices.story import Began, Looked, Step, Story, TookOver
from policies.notices.wording import halted, lifted
from policies.plan import Plan
from rollway.aws.objects import ObjectStore
from rollway.journal.documents import stamp
from rollway.journal.halts import recent_halts
from rollway.journal.journal import Journal
from rollway.journal.records import Decided, Record, Started, TakenUp
from rollway.notices.ledger import Ledger, Office

log = logging.getLogger(__name__)

WITHIN: Final = timedelta(days=1)
"""How far back is told what nobody has told."""
_HALTS: Final = "halts"


class Desk:
    """Tells of one rollout."""

    def __init__(self, store: ObjectStore, rollout_id: str, office: Office) -> None:
        self._office = office
        self._journal = Journal(store, rollout_id)
        self._ledger = Ledger(store, rollout_id, office)
        self._links = (Link(name="Journal", place=store.url(f"rollouts/{rollout_id}/")),)
        self._heard: deque[Looked] = deque()
        self._read = 0
        self._plan: Plan | None = None
        self._story: Story | None = None
        self._pending: deque[Notice] = deque()
        self._over = False

    def hear(self, step: Looked) -> None:
        """Take note of what the process that drives the rollout has decided; told with the next ``work``."""
        self._heard.append(step)

    @property
    def is_done(self) -> bool:
        """Whether the rollout is over and everything was told."""
        return self._over and not (self._heard or self._pending or self._ledger.owes)

    def work(self) -> None:
        """Tell what is new, then what is owed.

        Raises:
            JournalError: the rollout's journal cannot be made out.
            AwsError: the store cannot be reached; the next call goes on where this one stopped.
        """
        self._listen()
        while self._pending and self._plan:
            self._ledger.tell(self._pending[0], self._plan.policy.notify, self._links)
            self._pending.popleft()
        self._ledger.follow_up()
        if self.is_done:
            self._ledger.close()

    def work_unless_closed(self) -> None:
        """Do so for a rollout of the past, unless everything was told. Raises as ``work`` does."""
        if self._ledger.is_closed():
            self._over = True
        elif self._journal.is_empty():  # it died before its first record
            self._over = True
            self._ledger.close()
        else:
            self.work()

    def _listen(self) -> None:
        """Read on in the journal, and put it in one order with what was heard; an error leaves everything to be read again."""
        heard = len(self._heard)
        records = self._journal.read().records
        read = [step for record in records[self._read :] if (step := _step(record))]
        self._read = len(records)
        steps: list[Step] = [*read, *(self._heard.popleft() for _ in range(heard))]
        for step in sorted(steps, key=lambda step: step.at):  # stable: the journal's word comes first
            self._add(_plan_of(records), step)

    def _add(self, plan: Plan, step: Step) -> None:
        self._plan = plan
        self._story = self._story or self._begin(plan)
        since = self._office.now() - WITHIN
        self._pending.extend(notice for notice in self._story.add(step) if notice.at >= since)
        if isinstance(step, Looked):
            ending = step.state.ending
            failed = ending is not None and ending.outcome is Outcome.ROLLBACK_FAILED
            self._over = step.state.phase is Phase.FINISHED and not failed

    def _begin(self, plan: Plan) -> Story:
        for problem in find_missing(self._office.dispatch.routes, plan.policy.notify):
            log.error("not everybody is told of rollout %s: %s", plan.rollout_id, problem)
        return Story(plan)


class HaltDesk:
    """Tells of the halts in one journal."""

    def __init__(self, store: ObjectStore, office: Office) -> None:
        self._store = store
        self._office = office
        self._ledger = Ledger(store, _HALTS, office, after=stamp(office.now() - WITHIN))
        self._links = (Link(name="Journal", place=store.url("")),)

    def work(self) -> None:
        """Tell what is new, then what is owed.

        Raises:
            JournalError: a halt cannot be made out.
            AwsError: the store cannot be reached.
        """
        for notice in self._find():
            self._ledger.tell(notice, NotifySpec(), self._links)
        self._ledger.follow_up()

    def _find(self) -> Iterator[Notice]:
        since = self._office.now() - WITHIN
        for record in recent_halts(self._store, since):
            if record.halt.since >= since:
                yield halted(record.halt)
            if record.lifted and record.lifted.at >= since:
                yield lifted(record.halt, record.lifted.at, record.lifted.by, record.lifted.reason)


def _plan_of(records: Iterable[Record]) -> Plan:
    return next(record.plan for record in records if isinstance(record, Started))


def _step(record: Record) -> Step | None:
    match record:
        case Started():
            return Began(at=record.at, by=record.by)
        case TakenUp():
            return TookOver(at=record.at, by=record.by, silent_for=record.silent_for, token=record.token)
        case Decided():
            return Looked(record.at, record.state, record.action, record.reason, record.verdicts)
        case _:
            return None
