"""A lease in the hands of this process: keeping it, making sure of it, and letting go of it."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from policies.errors import JournalError
from policies.lifecycle import Outcome
from policies.serving import NO_READING
from rollway.aws.errors import ObjectChanged
from rollway.aws.fencing import Moment
from rollway.aws.objects import ObjectStore
from rollway.journal.lease import Conclusion, Lease, LeaseLost, Past, Standing, bow_out
from rollway.journal.standings import read_standing, write_lease

MOST_REMEMBERED: Final = 10
"""How many ended rollouts of an endpoint its lease tells of."""
_TRIES: Final = 3
"""How often a write is tried: ours alone can spoil it, by one whose answer was lost."""
_WHOLE_SECONDS: Final = timedelta(seconds=1)
"""The store tells times in whole seconds."""
_SLIGHT_OFFSET: Final = timedelta(seconds=2)
"""The store tells whole seconds and its answer takes a moment: less than this is no sign of a wrong clock."""


class Held:
    """The right to act on an endpoint, in the hands of this process. Threads may share it.

    Attributes:
        endpoint: the endpoint.
        offset: the store's time minus the local time; zero when they agree to within two seconds.
    """

    def __init__(self, store: ObjectStore, endpoint: str, standing: Standing, written: Moment | None = None) -> None:
        """Take a lease in hand.

        Args:
            store: the journal's store.
            endpoint: the endpoint.
            standing: the lease as it was written or read just now.
            written: a moment before it was last written; None where that is not known.
        """
        self.endpoint = endpoint
        self.offset = _measure_offset(store, standing)
        self._store = store
        self._standing = standing
        self._written = written
        self._tried, self._readable = written or Moment(0, 0), True
        self._lock = Lock()  # the next write builds on the last, whichever thread made it

    @property
    def lease(self) -> Lease:
        """The lease as we last wrote or read it."""
        return self._standing.lease

    @property
    def ends_at(self) -> datetime:
        """When it runs out unless it is renewed, by the store's clock."""
        return self._standing.written_at + self.lease.lasts

    @property
    def lasts(self) -> timedelta:
        """For how long it holds after each sign of life."""
        return self.lease.lasts

    def time_left(self) -> timedelta:
        """Return for how long it certainly holds from now on; zero or less when that is not known.

        By clocks of this machine that go on while the process is stopped, and by our own writes alone: counted from before the last one
        was sent, and without the second by which others, who know its time in whole seconds, may take it for older.
        """
        if self._written is None or self.lease.handed or self.lease.outcome is not None:
            return timedelta(0)
        return self.lease.lasts - _WHOLE_SECONDS - self._written.age()

    def last_tried(self) -> tuple[timedelta, bool]:
        """Return how long ago it was last read or written, and whether that succeeded."""
        return self._tried.age(), self._readable

    def is_due(self, now: datetime) -> bool:
        """Say whether a third of its length is over, so that it should be renewed.

        Args:
            now: the store's time, which is the local time plus ``offset``.
        """
        return now >= self._standing.written_at + self.lease.lasts / 3

    def renew(self) -> None:
        """Give a sign of life: from now on it holds for its full length again.

        Raises:
            LeaseLost: it is somebody else's by now, or was let go.
            AwsError: the store cannot be reached; it holds until ``ends_at`` all the same.
        """
        with self._lock:
            self._write({})

    def check(self) -> None:
        """Make sure that it is still ours, by reading it; renew it when less than half of it is left, or certainly less than a third.

        Raises:
            LeaseLost: it is somebody else's by now, or was let go.
            AwsError: the store cannot be reached.
        """
        with self._lock:
            self._refresh()
            self._refuse_if_over()
            if self._standing.age > self.lease.lasts / 2 or self.time_left() < self.lease.lasts / 3:
                self._write({})

    def offer(self) -> None:
        """Let any other process take the rollout over from now on, and hold it until one does. Repeated, it looks whether one has.

        Raises:
            LeaseLost: it is somebody else's by now, or was let go.
            AwsError: the store cannot be reached.
        """
        with self._lock:
            if self.lease.offered:
                self._refresh()
            else:
                self._write({"offered": True})

    def let_go(self) -> None:
        """Leave the rollout to whoever takes it up, at once. Harmless when repeated.

        Raises:
            LeaseLost: it is somebody else's by now.
            AwsError: the store cannot be reached; the lease runs out by itself.
        """
        with self._lock:
            try:
                self._write({"handed": True})
            except LeaseLost:
                if not self.lease.handed:
                    raise

    def release(self, outcome: Outcome, conclusion: Conclusion | None = None) -> None:
        """Note how the rollout ended, so that the endpoint is free for the next. Harmless when repeated.

        Args:
            outcome: how it ended.
            conclusion: what is kept of it besides; None of one that never began.

        Raises:
            LeaseLost: the rollout is somebody else's by now.
            AwsError: the store cannot be reached.
        """
        with self._lock:
            if self.lease.outcome is not None:
                return
            kept = conclusion or Conclusion(model=self.lease.model, tried=(), serving=NO_READING)
            ended = Past(
                rollout_id=self.lease.rollout_id,
                model=kept.model,
                outcome=outcome,
                at=self._store.server_now(),
                tried=kept.tried,
                serving=kept.serving,
                left=kept.left,
                wish=self.lease.wish,
            )
            history = (ended, *self.lease.history)[:MOST_REMEMBERED]
            try:
                self._write({"outcome": outcome, "history": history, "model": ended.model})
            except LeaseLost:
                if not self._is_on_record(ended):
                    raise

    def _write(self, update: dict[str, object]) -> None:
        for _ in range(_TRIES):
            self._refuse_if_over()
            lease = self.lease.model_copy(update={**update, "writes": self.lease.writes + 1})
            before = Moment.now()
            try:
                with self._trying():
                    self._note(write_lease(self._store, self.endpoint, lease, self._standing))
            except ObjectChanged:
                self._refresh()  # perhaps by ourselves: a write whose answer was lost
            else:
                self._written = before
                return
        raise JournalError(
            f"the lease of endpoint {self.endpoint} was changed {_TRIES} times in a row by other parts of this process",
            hint="Have only one of them act on the endpoint.",
        )

    def _refresh(self) -> None:
        """Read the lease again.

        Raises:
            LeaseLost: it is somebody else's.
        """
        with self._trying():
            standing = read_standing(self._store, self.endpoint)
        if standing is None or standing.lease.grant != self.lease.grant:
            raise bow_out(self.endpoint, self.lease, standing)
        self._note(standing)

    @contextmanager
    def _trying(self) -> Generator[None]:
        """Keep in mind when the store was last asked, and whether it answered."""
        readable, before = False, Moment.now()
        try:
            yield
            readable = True
        except ObjectChanged:
            readable = True
            raise
        finally:
            # An answer is as old as its question; a failure counts from its end, or a slow one would be tried again at once.
            self._tried, self._readable = (before if readable else Moment.now()), readable

    def _note(self, standing: Standing) -> None:
        self._standing = standing
        self.offset = _measure_offset(self._store, standing)

    def _refuse_if_over(self) -> None:
        if self.lease.handed or self.lease.outcome is not None:
            raise LeaseLost(f"this process has let go of endpoint {self.endpoint} and may not act on it any more")

    def _is_on_record(self, ended: Past) -> bool:
        """Whether our release was written though its answer was lost, however far the endpoint has moved on since."""
        standing = read_standing(self._store, self.endpoint)
        told = standing.lease.history if standing else ()
        return any((each.rollout_id, each.outcome) == (ended.rollout_id, ended.outcome) for each in told)


def _measure_offset(store: ObjectStore, standing: Standing) -> timedelta:
    """Return the store's time minus the local time, given what the store has answered just now."""
    offset = standing.written_at + standing.age - store.now()
    return offset if abs(offset) >= _SLIGHT_OFFSET else timedelta(0)
