"""A lease in the hands of this process: keeping it, making sure of it, and letting go of it."""

from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from policies.errors import JournalError
from policies.lifecycle import Outcome
from rollway.aws.errors import ObjectChanged
from rollway.aws.objects import ObjectStore
from rollway.journal.lease import Lease, LeaseLost, Past, Standing, bow_out
from rollway.journal.standings import read_standing, write_lease

MOST_REMEMBERED: Final = 10
"""How many ended rollouts of an endpoint its lease tells of."""
_TRIES: Final = 3
"""How often a write is tried: ours alone can spoil it, by one whose answer was lost."""
_SLIGHT_OFFSET: Final = timedelta(seconds=2)
"""The store tells whole seconds and its answer takes a moment: less than this is no sign of a wrong clock."""


class Held:
    """The right to act on an endpoint, in the hands of this process. Threads may share it.

    Attributes:
        endpoint: the endpoint.
        offset: the store's time minus the local time; zero when they agree to within two seconds.
    """

    def __init__(self, store: ObjectStore, endpoint: str, standing: Standing) -> None:
        self.endpoint = endpoint
        self.offset = _measure_offset(store, standing)
        self._store = store
        self._standing = standing
        self._lock = Lock()  # the next write builds on the last, whichever thread made it

    @property
    def lease(self) -> Lease:
        """The lease as we last wrote or read it."""
        return self._standing.lease

    @property
    def ends_at(self) -> datetime:
        """When it runs out unless it is renewed, by the store's clock."""
        return self._standing.written_at + self.lease.lasts

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
        """Make sure that it is still ours, by reading it; renew it when less than half of its length is left.

        Raises:
            LeaseLost: it is somebody else's by now, or was let go.
            AwsError: the store cannot be reached.
        """
        with self._lock:
            self._refresh()
            self._refuse_if_over()
            if self._standing.age > self.lease.lasts / 2:
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

    def release(self, outcome: Outcome) -> None:
        """Note how the rollout ended, so that the endpoint is free for the next. Harmless when repeated.

        Raises:
            LeaseLost: the rollout is somebody else's by now.
            AwsError: the store cannot be reached.
        """
        with self._lock:
            if self.lease.outcome is not None:
                return
            ended = Past(
                rollout_id=self.lease.rollout_id,
                model=self.lease.model,
                outcome=outcome,
                at=self._store.now() + self.offset,
            )
            history = (ended, *self.lease.history)[:MOST_REMEMBERED]
            try:
                self._write({"outcome": outcome, "history": history})
            except LeaseLost:
                if not self._is_on_record(ended):
                    raise

    def _write(self, update: dict[str, object]) -> None:
        for _ in range(_TRIES):
            self._refuse_if_over()
            lease = self.lease.model_copy(update={**update, "writes": self.lease.writes + 1})
            try:
                return self._note(write_lease(self._store, self.endpoint, lease, self._standing))
            except ObjectChanged:
                self._refresh()  # perhaps by ourselves: a write whose answer was lost
        raise JournalError(
            f"the lease of endpoint {self.endpoint} was changed {_TRIES} times in a row by other parts of this process",
            hint="Have only one of them act on the endpoint.",
        )

    def _refresh(self) -> None:
        """Read the lease again.

        Raises:
            LeaseLost: it is somebody else's.
        """
        standing = read_standing(self._store, self.endpoint)
        if standing is None or standing.lease.grant != self.lease.grant:
            raise bow_out(self.endpoint, self.lease, standing)
        self._note(standing)

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
