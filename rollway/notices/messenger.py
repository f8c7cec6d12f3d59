"""The messenger: a thread that tells people what the loop says, so that no rollout waits for anybody who is told.

It may be late, or die with its process: whatever it has not told is in the journal, for the next one.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

from policies.decision import Decision
from policies.errors import RolloutError
from policies.lifecycle import CLIMBING
from policies.notices.rendering import Link
from policies.notices.story import Looked
from rollway.aws.objects import ObjectStore
from rollway.journal.leases import Standings
from rollway.loop.rollout import Rollout
from rollway.loop.telling import told_by
from rollway.notices.desk import WITHIN, Desk, HaltDesk
from rollway.notices.dispatch import Dispatch
from rollway.notices.ledger import Office
from rollway.notices.loading import Notifications
from rollway.notices.services import LIMIT

log = logging.getLogger(__name__)

Who = Notifications | Callable[[], Notifications | None] | None
"""Who is told what: ready, to be loaded when there is something to tell, or nobody."""
CLOSING: Final = timedelta(seconds=15)
"""How long the end of a process may wait for its last messages."""
_LEEWAY: Final = timedelta(hours=1)
"""How much longer than that back a rollout may have ended, so that what is given up after a day is noted."""


@dataclass(frozen=True)
class Job:
    """Something to be told, or to be looked at.

    Attributes:
        store: the journal.
        rollout_id: the rollout; empty for the halts.
        step: what its process has decided; None when the journal alone is to be read.
    """

    store: ObjectStore
    rollout_id: str = ""
    step: Looked | None = None


@dataclass
class Messenger:
    """Tells what it hears. One for a process; all but its queue is touched by its own thread alone.

    Attributes:
        who: who is told what.
        now: tells this machine's time.
        links: where messages say to look, beside the journal.
        limit: how long a service may take for one message.
    """

    who: Who
    now: Callable[[], datetime]
    links: tuple[Link, ...] = ()
    limit: timedelta = LIMIT
    _jobs: "SimpleQueue[Job | None]" = field(default_factory=SimpleQueue)
    _desks: dict[tuple[str, str], Desk] = field(default_factory=dict[tuple[str, str], Desk])
    _past: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    _thread: Thread | None = None

    def hear(self, rollout: Rollout, decision: Decision, now: datetime) -> None:
        """Have a rollout's latest decision told, and halts where one may have come of it."""
        store, state = rollout.journal.store, decision.state
        step = Looked(now, state, decision.action, decision.reason, decision.verdicts, decision.awaits)
        self._put(Job(store, rollout.plan.rollout_id, step))
        if state.phase not in CLIMBING:
            self._put(Job(store))

    def look_back(self, store: ObjectStore, standings: Standings) -> None:
        """Have told what nobody has told: of rollouts that ended within the last day, or that have lost their process, and of halts."""
        since = self.now() - WITHIN - _LEEWAY
        for _, standing in standings:
            ended = [past.rollout_id for past in standing.lease.history if past.at >= since]
            lost = [standing.lease.rollout_id] if standing.expired else []
            for rollout_id in (*ended, *lost):
                self._put(Job(store, rollout_id))
        self.look_at_halts(store)

    def look_at_halts(self, store: ObjectStore) -> None:
        """Have told which halts there are."""
        self._put(Job(store))

    def close(self, limit: timedelta = CLOSING) -> None:
        """Tell what is left to tell, and end; return after the limit at the latest. Harmless when repeated."""
        if self._thread is None:
            return
        self._jobs.put(None)
        self._thread.join(limit.total_seconds())
        if self._thread.is_alive():
            log.warning("not everybody has been told yet; rollway reconcile does the rest")
        self._thread = None

    def _put(self, job: Job) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._work, name="notices", daemon=True)
            self._thread.start()
        self._jobs.put(job)

    def _work(self) -> None:
        office = self._open_office()
        while True:
            jobs = self._take()
            if office:
                self._do(jobs, office)
            if None in jobs:
                return

    def _open_office(self) -> Office | None:
        try:
            notifications = self.who() if callable(self.who) else self.who
        except Exception:
            log.exception("nobody is told anything")
            return None
        if notifications is None:
            return None
        return Office(Dispatch(notifications, self.limit), self.now, self.links, notifications.signer)

    def _do(self, jobs: Sequence[Job | None], office: Office) -> None:
        for store in {job.store.url(""): job.store for job in jobs if job and not job.rollout_id}.values():
            self._quietly("the halts", HaltDesk(store, office).work)
        for job in jobs:
            if job and job.rollout_id:
                self._pass_on(job, office)
        for key, desk in list(self._desks.items()):
            self._quietly(key[1], desk.work_unless_closed if key in self._past else desk.work)
            if desk.is_done:
                del self._desks[key]

    def _take(self) -> list[Job | None]:
        """Wait for something to do, and take all there is."""
        jobs = [self._jobs.get()]
        while True:
            try:
                jobs.append(self._jobs.get_nowait())
            except Empty:
                return jobs

    def _pass_on(self, job: Job, office: Office) -> None:
        key = (job.store.url(""), job.rollout_id)
        desk = self._desks.get(key)
        if desk is None:
            desk = self._desks[key] = Desk(job.store, job.rollout_id, office)
            self._past.add(key)
        if job.step is not None:
            self._past.discard(key)
            desk.hear(job.step)

    @staticmethod
    def _quietly(what: str, work: Callable[[], None]) -> None:
        """Do something about telling. Trouble with it concerns no rollout."""
        try:
            work()
        except RolloutError as error:
            log.warning("cannot tell of %s now: %s", what, error)
        except Exception:
            log.exception("cannot tell of %s", what)


@contextmanager
def telling(who: Who, now: Callable[[], datetime]) -> Generator[Messenger | None]:
    """Have people told of everything that is driven inside the block; None where nobody wants to be told anything.

    Args:
        who: who is told what.
        now: tells this machine's time.
    """
    if who is None:
        yield None
        return
    messenger = Messenger(who, now)
    try:
        with told_by(messenger):
            yield messenger
    finally:
        messenger.close()


@asynccontextmanager
async def telling_in_flow(who: Who, now: Callable[[], datetime], run: str | None = None) -> AsyncGenerator[None]:
    """Do so without ever keeping the event loop waiting.

    Args:
        who: who is told what.
        now: tells this machine's time.
        run: the address of the flow run, if there is one.
    """
    if who is None:
        yield
        return
    messenger = Messenger(who, now, (Link(name="Flow run", place=run),) if run else ())
    try:
        with told_by(messenger):
            yield
    finally:
        await asyncio.to_thread(messenger.close)
