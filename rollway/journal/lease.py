"""What a lease says: the content of an endpoint's object in the journal, and what is told when it is somebody else's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from policies.attempts import Tried
from policies.errors import JournalError
from policies.lifecycle import Outcome
from policies.serving import NO_READING, Serving
from policies.values import Frozen, format_duration, format_moment
from rollway.journal.documents import Document

_OVERDUE: Final = 0.75
"""The part of its length after which a lease without a renewal means a holder in trouble: a healthy one needs two thirds at most."""


class EndpointTaken(JournalError):
    """Another rollout, or another process for the same rollout, has the endpoint."""

    code = "endpoint_taken"


class LeaseLost(JournalError):
    """This process may no longer act on the endpoint."""

    code = "lease_lost"


class Past(Frozen):
    """A rollout of the endpoint that has ended.

    Attributes:
        rollout_id: the rollout.
        model: the model that was to take over; of an A/B test that had one, the winner.
        outcome: how it ended.
        at: when its lease was released.
        tried: every model that it was for, and what became of each; empty in leases from before that was recorded.
        serving: what the endpoint was read back to serve at its end.
        left: how many tasks of its clean-up were left behind.
        wish: which of a registry's wishes it was for; empty where none is known.
    """

    rollout_id: str
    model: str
    outcome: Outcome
    at: datetime
    tried: tuple[Tried, ...] = ()
    serving: Serving = NO_READING
    left: int = 0
    wish: str = ""


class Conclusion(Frozen):
    """What the lease keeps of a rollout that has ended, beside its outcome.

    Attributes:
        model: the model that was to take over; of an A/B test that had one, the winner.
        tried: every model that it was for, and what became of each.
        serving: what the endpoint was read back to serve.
        left: how many tasks of its clean-up were left behind.
    """

    model: str
    tried: tuple[Tried, ...]
    serving: Serving
    left: int = 0


class Lease(Document):
    """Who may act on an endpoint: the content of its object.

    Attributes:
        rollout_id: the newest rollout.
        model: the model that it rolls out; of an A/B test the first challenger, and the winner once that has ended.
        models: all models that may take over, where there are several.
        wish: which of a registry's wishes it is for; empty where none is known.
        by: who holds the lease, as user@host.
        since: when the rollout took the endpoint.
        process: the process that holds it.
        token: grows with every change of hands over all rollouts of the endpoint, so the greater one is always in the right.
        grant: drawn anew with every change of hands; tells holders apart that share a process.
        writes: grows with every write. Two writes never look alike, or their ETags would be equal and a renewal could pass unseen.
        lasts: for how long it holds after each write.
        handed: whether its holder has let go of it, so that it holds no longer.
        offered: whether its holder, who drives the rollout still, gives way to any process that takes it over.
        outcome: how the rollout ended; None while it is under way.
        history: the rollouts of the endpoint that have ended, newest first.
    """

    rollout_id: str
    model: str
    wish: str = ""
    by: str
    since: datetime
    process: str
    token: int
    grant: str
    writes: int = 1
    lasts: timedelta
    handed: bool = False
    offered: bool = False
    outcome: Outcome | None = None
    history: tuple[Past, ...] = ()
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing:
    """A lease as it was found in the store.

    Attributes:
        lease: the lease.
        age: time since it was last written, by the store's clock.
        etag: names exactly this content.
        written_at: when it was last written, by the store's clock.
    """

    lease: Lease
    age: timedelta
    etag: str
    written_at: datetime

    @property
    def expired(self) -> bool:
        """Whether the rollout is under way and nobody holds it: it waits to be taken up."""
        return self.lease.outcome is None and (self.lease.handed or self.age >= self.lease.lasts)

    @property
    def available(self) -> bool:
        """Whether another process may take the rollout over now: it is held by none, or its holder gives way."""
        return self.expired or (self.lease.outcome is None and self.lease.offered)

    @property
    def available_at(self) -> datetime:
        """When another process may take it over if its holder gives no further sign of life, by the store's clock."""
        return self.written_at if self.lease.handed or self.lease.offered else self.written_at + self.lease.lasts

    @property
    def silent(self) -> bool:
        """Whether the holder is overdue with its sign of life: it renews after a third, and looks at least every third."""
        return self.lease.outcome is None and (self.lease.handed or self.age >= self.lease.lasts * _OVERDUE)

    @property
    def silent_for(self) -> timedelta:
        """How long the holder has given no sign of life; every sign is a write of the lease."""
        return self.age


def refuse(endpoint: str, standing: Standing) -> EndpointTaken:
    """Say who has the endpoint, since when, silent for how long, and what to do about it."""
    lease, silence = standing.lease, format_duration(standing.silent_for)
    told = f"endpoint {endpoint} is taken by rollout {lease.rollout_id} since {_utc(lease.since)}, held by {lease.by}"
    if not standing.expired:
        hint = f"Watch it: rollway status {endpoint}. End it: rollway abort {endpoint}."
        return EndpointTaken(f"{told}, last sign of life {silence} ago", hint)
    hint = f"Have it brought to its end first: rollway reconcile goes on with it, rollway rollback {endpoint} takes it back."
    return EndpointTaken(f"{told}, {describe_silence(standing)}", hint)


def describe_silence(standing: Standing) -> str:
    """Say since when the holder of a lease has been silent, and when another process can take the rollout up."""
    now = standing.written_at + standing.age
    silence = format_duration(timedelta(seconds=round(standing.silent_for.total_seconds())))
    what = "let go of by its process at" if standing.lease.handed else "silent since"
    when = "now" if standing.expired else f"at {format_moment(standing.available_at, now)}"
    return f"{what} {format_moment(standing.written_at, now)} ({silence} ago), can be taken over {when}"


def bow_out(endpoint: str, lease: Lease, standing: Standing | None) -> LeaseLost:
    """Say who has taken over what we held with this lease."""
    if standing is None:
        return LeaseLost(f"the lease of endpoint {endpoint} was deleted; this process stops acting on it")
    winner = standing.lease
    return LeaseLost(
        f"endpoint {endpoint} was taken over by {winner.by} (process {winner.process}, token {winner.token}) for rollout "
        f"{winner.rollout_id}; this process held token {lease.token} and stops acting on it",
        hint=f"Watch it: rollway status {endpoint}.",
    )


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
