"""The newest rollout of an endpoint, as the journal tells it: what ``status``, ``abort`` and ``rollback`` are about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from policies.lifecycle import Ending, Phase
from policies.observation import Signal
from rollway.aws.objects import ObjectStore
from rollway.cli.failures import NothingUnderWay
from rollway.journal.claims import Claim, read_claim
from rollway.journal.journal import Chronicle, Journal
from rollway.loop.starting import whoami
from rollway.reports.outcome import timeline


@dataclass(frozen=True)
class Newest:
    """The newest rollout of an endpoint.

    Attributes:
        claim: whose it is, and how it ended.
        journal: its journal; appending goes on after the last record read.
        chronicle: what the journal says.
    """

    claim: Claim
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
        return self.claim.outcome is not None

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
        claim = read_claim(self.journal.store, plan.endpoint)
        own = claim if claim is not None and claim.rollout_id == plan.rollout_id else self.claim
        return type(self)(own, self.journal, self.journal.read())

    def ask(self, signal: Signal, now: datetime) -> None:
        """Send the rollout a signal; it hears at its next look."""
        self.journal.send_signal(signal, now)


def find_newest(store: ObjectStore, endpoint: str) -> Newest | None:
    """Return the newest rollout of an endpoint, or None when the journal knows none.

    Raises:
        JournalError: the journal cannot be read.
    """
    claim = read_claim(store, endpoint)
    if claim is None:
        return None
    journal = Journal(store, claim.rollout_id)
    return Newest(claim, journal, journal.read())


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
