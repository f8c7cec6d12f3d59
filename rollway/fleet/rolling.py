"""One endpoint of a fleet: beginning its rollout, going on with one that was begun, and finding out how it ended."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from policies.endpoint_config import models_named
from policies.errors import JournalError, NotFound, RolloutError
from policies.fleet.spec import FleetSpec, Target
from policies.headline import confirmed_reason
from policies.lifecycle import Outcome
from policies.loading import load_policy
from policies.observation import Signal
from rollway.aws.objects import ObjectStore
from rollway.aws.sagemaker import describe_config, describe_endpoint
from rollway.aws.session import Aws
from rollway.fleet.places import Places
from rollway.fleet.record import Entry
from rollway.journal.journal import Journal
from rollway.journal.leases import EndpointTaken, Lease, read_standing
from rollway.loop.clock import Clock
from rollway.loop.drive import HandOver, drive_until
from rollway.loop.hands import Hands
from rollway.loop.rollout import Rollout
from rollway.loop.starting import Request, name_rollout, plan_rollout, refuse_if_braked, start
from rollway.loop.taking_up import take_up

log = logging.getLogger(__name__)


@dataclass
class Hold:
    """What a rollout of the fleet needs, and the way to let go of it.

    Attributes:
        fleet: the fleet.
        target: the endpoint.
        places: where it is.
        make_hands: gives the hands for it.
        clock: tells the time and lets it pass.
    """

    fleet: FleetSpec
    target: Target
    places: Places
    make_hands: Callable[[], Hands]
    clock: Clock
    _stopping: HandOver = field(default_factory=HandOver)
    _rollout: Rollout | None = None

    @property
    def aws(self) -> Aws:
        """Clients for the endpoint's place."""
        return self.places.aws_of(self.target)

    @property
    def store(self) -> ObjectStore:
        """The journal of the endpoint's place."""
        return self.places.journal_of(self.target)

    def request(self) -> Request:
        """Return what is asked for. Raises ``PolicyError``."""
        target = self.target
        return Request(target.endpoint, self.fleet.model_of(target), load_policy(self.fleet.policy_of(target)))

    def rollout_id(self, entry: Entry) -> str:
        """Return the name of the rollout that an entry tells of."""
        return name_rollout(self.request(), entry.began)

    def leave(self) -> None:
        """Hand the rollout over after its present look."""
        self._stopping.stopped = True
        if self._rollout:
            self._rollout.wake.set()

    async def drive(self, rollout: Rollout) -> Outcome | None:
        """Drive a rollout until it has ended or is left; return its outcome in the first case."""
        self._rollout = rollout
        ending = await drive_until(rollout, self.clock, self._stopping)
        return ending.outcome if ending else None


async def roll_out(hold: Hold, entry: Entry) -> Entry:
    """Begin the rollout that an entry tells of, or go on with it, and return the entry as it is afterwards."""
    try:
        begun = await asyncio.to_thread(_begin, hold, entry)
    except EndpointTaken as error:
        taken = _ended(hold, entry, "not promoted", f"could not begin: {error}")
        return entry if await asyncio.to_thread(_is_ours, hold, entry) else taken
    except RolloutError as error:
        return _ended(hold, entry, "not promoted", f"could not begin: {error}")
    if isinstance(begun, Entry):
        return begun
    try:
        left = begun is not None and await hold.drive(begun) is None
        return entry if left else await asyncio.to_thread(_read_end, hold, entry)
    except Exception as error:  # whatever is wrong with one endpoint, the others need their turn
        log.exception("endpoint %s", hold.target.key)
        return _ended(hold, entry, "unknown", f"{type(error).__name__}: {error}")


def _begin(hold: Hold, entry: Entry) -> Rollout | Entry | None:
    """Begin the rollout, or take it up where it was begun before; where there is nothing to drive, say how it stands.

    Returns:
        the rollout; the entry of an endpoint that needs none; or None when nothing was left to do but to free the endpoint.
    """
    request, rollout_id = hold.request(), hold.rollout_id(entry)
    lease = _read_lease(hold)
    if _end_of(lease, rollout_id) is not None:
        return None
    if lease and lease.rollout_id == rollout_id:
        return take_up(hold.store, hold.target.endpoint, hold.make_hands(), hold.clock.now())
    if serves(hold.aws, request.endpoint, request.model):
        return _ended(hold, entry, "there already", f"{request.model} serves already")
    plan = plan_rollout(hold.aws, request, entry.began)
    refuse_if_braked(plan, hold.store, hold.clock.now())
    return start(plan, hold.store, hold.make_hands())


def _is_ours(hold: Hold, entry: Entry) -> bool:
    """Whether another process drives the very rollout that the entry tells of."""
    lease = _read_lease(hold)
    return lease is not None and lease.rollout_id == hold.rollout_id(entry)


def foresee(fleet: FleetSpec, places: Places, target: Target, now: datetime) -> tuple[str, str]:
    """Return how an endpoint would begin if it began now: where it would stand, and by what policy or why.

    Raises:
        RolloutError: with every reason why it could not begin.
    """
    aws = places.aws_of(target)
    request = Request(target.endpoint, fleet.model_of(target), load_policy(fleet.policy_of(target)))
    if serves(aws, request.endpoint, request.model):
        return "there already", f"{request.model} serves already"
    plan = plan_rollout(aws, request, now)
    policy = plan.policy
    return "waiting", f"{plan.baseline.model} to {request.model} by {policy.strategy}@{policy.digest}"


def look_up(hold: Hold, entry: Entry) -> Entry | None:
    """Return the entry as the endpoint's journal tells it, or None when its rollout waits for a process to drive it.

    Raises:
        AwsError: the journal cannot be read.
    """
    rollout_id = hold.rollout_id(entry)
    standing = read_standing(hold.store, hold.target.endpoint)
    if standing and _end_of(standing.lease, rollout_id) is not None:
        return _read_end(hold, entry)
    if standing and standing.lease.rollout_id == rollout_id and not standing.expired:
        return entry
    return None


def take_back(store: ObjectStore, target: Target, reason: str, now: datetime) -> None:
    """Ask the rollout under way on an endpoint to go back to its baseline; one that has been asked hears it no second time."""
    standing = read_standing(store, target.endpoint)
    if standing is None or standing.lease.outcome is not None:
        return
    journal = Journal(store, standing.lease.rollout_id)
    if not any(each.by == _FLEET for each in journal.read_signals()):
        journal.send_signal(Signal(verb="abort", reason=reason, by=_FLEET), now)


_FLEET = "the fleet that it belongs to"


def _read_end(hold: Hold, entry: Entry) -> Entry:
    rollout_id = hold.rollout_id(entry)
    outcome = _end_of(_read_lease(hold), rollout_id)
    if outcome is None:
        return _ended(hold, entry, "unknown", f"the journal does not say how rollout {rollout_id} ended")
    reason = _read_reason(hold.store, rollout_id)
    stand = "promoted" if outcome is Outcome.PROMOTED else "not promoted"
    told = reason if outcome is Outcome.PROMOTED else f"{outcome}: {reason}"
    return _ended(hold, entry, stand, told).model_copy(update={"rollout_id": rollout_id})


def _read_reason(store: ObjectStore, rollout_id: str) -> str:
    try:
        chronicle = Journal(store, rollout_id).read()
    except JournalError as error:
        return str(error)
    ending = chronicle.state.ending
    return confirmed_reason(chronicle.plan, ending) if ending else ""


def _read_lease(hold: Hold) -> Lease | None:
    standing = read_standing(hold.store, hold.target.endpoint)
    return standing.lease if standing else None


def _end_of(lease: Lease | None, rollout_id: str) -> Outcome | None:
    """Return how a rollout ended, as the endpoint's lease tells: it may be the newest, or an earlier one."""
    if lease is None:
        return None
    if lease.rollout_id == rollout_id:
        return lease.outcome
    return next((past.outcome for past in lease.history if past.rollout_id == rollout_id), None)


def serves(aws: Aws, endpoint: str, model: str) -> bool:
    """Whether an endpoint is at rest with a model, and with no other.

    Raises:
        AwsError: it cannot be read.
    """
    live = describe_endpoint(aws, endpoint)
    return live.settled and models_named(describe_config(aws, live.config).fields) == (model,)


def read_serving(places: Places, fleet: FleetSpec) -> dict[str, bool]:
    """Return by each endpoint's key whether it is at rest with the model that the fleet gives it; one that is gone is absent.

    Raises:
        AwsError: one of them cannot be read.
    """
    serving: dict[str, bool] = {}
    for each in fleet.targets:
        with contextlib.suppress(NotFound):
            serving[each.key] = serves(places.aws_of(each), each.endpoint, fleet.model_of(each))
    return serving


def _ended(hold: Hold, entry: Entry, stand: str, reason: str) -> Entry:
    return entry.model_copy(update={"stand": stand, "since": hold.clock.now(), "reason": reason})
