"""The newest rollout of an endpoint, as the journal tells it: what ``status``, ``abort`` and ``rollback`` are about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from policies.lifecycle import Ending, Phase
from policies.observation import Signal
from rollway.aws.objects import ObjectStore
from rollway.cli.failures import NothingUnderWay
from rollway.journal.journal import Chronicle, Journal
from rollway.journal.leases import Standing, read_standing
from rollway.loop.starting import whoami
from rollway.reports.outcome import timeline


@dataclass(frozen=True)
class Newest:
    """The newest rollout of an endpoint.

    Attributes:
        standing: who holds it, since when, and how it ended.
        journal: its journal; appending goes on after the last record read.
        chronicle: what the journal says.
    """

    standing: Standing
    journal: Journal
    chronicle: Chronicle

    @property
    def ending(self) -> Ending | None:
        """How the rollout ended; None while it is under way."""
        state = self.chronicle.state
        return state.ending if state.phase is Phase.FINISHED else None

    @property
    def released(self) -> bool:
        """Whether the rollout's process has let go of the endpoint."""
        return self.standing.lease.outcome is not None

    @property
    def rollout_id(self) -> str:
        """The rollout's name."""
        return self.chronicle.plan.rollout_id

    @property
    def taken_up(self) -> bool:
        """Whether the rollout is on its way to its end, so that a signal needs no further heed."""
        return self.chronicle.state.ending is not None

    def news_since(self, before: Self) -> list[str]:
        """Return the events that came on record since an earlier look, one line each."""
        return timeline(self.chronicle.records[len(before.chronicle.records) :])

    def read_again(self) -> Self:
        """Return the rollout as the journal tells it now."""
        plan = self.chronicle.plan
        standing = read_standing(self.journal.store, plan.endpoint)
        own = standing if standing is not None and standing.lease.rollout_id == plan.rollout_id else self.standing
        return type(self)(own, self.journal, self.journal.read())

    def ask(self, signal: Signal, now: datetime) -> str:
        """Send the rollout a signal; it hears at its next look. Return the signal's id."""
        return self.journal.send_signal(signal, now)


def find_newest(store: ObjectStore, endpoint: str) -> Newest | None:
    """Return the newest rollout of an endpoint, or None when the journal knows none.

    Raises:
        JournalError: the journal cannot be read.
    """
    standing = read_standing(store, endpoint)
    if standing is None:
        return None
    journal = Journal(store, standing.lease.rollout_id)
    return Newest(standing, journal, journal.read())


def need_newest(store: ObjectStore, endpoint: str) -> Newest:
    """Return the newest rollout of an endpoint.

    Raises:
        NothingUnderWay: the journal knows none.
        JournalError: the journal cannot be read.
    """
    newest = find_newest(store, endpoint)
    if newest is None:
        where = f"s3://{store.bucket}/{store.prefix}".rstrip("/")
        raise NothingUnderWay(
            f"the journal {where} knows no rollout of endpoint {endpoint}", hint="Check the name and --journal."
        )
    return newest


def signed(verb: str, reason: str) -> Signal:
    """Return a signal from the user of this process."""
    return Signal.model_validate({"verb": verb, "reason": reason, "by": whoami()})
