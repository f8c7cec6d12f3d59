"""Reading how an endpoint, or a fleet, stands: what serves, what is under way, what was tried."""

from policies.bindings.standing import Before, EndpointNow, FleetNow
from policies.endpoint_config import models_named
from policies.errors import NotFound, PreflightError, Problem
from policies.fleet.renewing import RENEWABLE, find_lapsed
from policies.fleet.spec import FleetSpec
from rollway.aws.objects import ObjectStore
from rollway.aws.sagemaker import describe_config, describe_endpoint
from rollway.aws.session import Aws
from rollway.fleet.places import Places
from rollway.fleet.record import find_others_under_way, find_record
from rollway.fleet.rolling import read_serving
from rollway.journal.held import MOST_REMEMBERED
from rollway.journal.leases import read_standing


def read_endpoint_now(aws: Aws, store: ObjectStore, endpoint: str) -> EndpointNow:
    """Read how an endpoint stands.

    The endpoint is read before its lease: a rollout that begins in between is seen under way, and one that ends in between is still seen
    to have run, so no start can be decided on that both have missed.

    Raises:
        PreflightError: there is no such endpoint.
        JournalError: its lease is not Rollway's.
        AwsError: AWS or the journal cannot be read.
    """
    try:
        live = describe_endpoint(aws, endpoint)
    except NotFound as error:
        problem = Problem(f"endpoint {endpoint}", str(error), error.hint or "check the name and the Region")
        raise PreflightError([problem]) from error
    serving = models_named(describe_config(aws, live.config).fields)
    standing = read_standing(store, endpoint)
    if standing is None:
        return EndpointNow(serving=serving)
    lease = standing.lease
    past = tuple(
        Before(
            rollout_id=each.rollout_id,
            model=each.model,
            outcome=each.outcome,
            at=each.at,
            tried=each.tried,
            wish=each.wish,
        )
        for each in lease.history
    )
    complete = len(past) < MOST_REMEMBERED
    if lease.outcome is not None:
        return EndpointNow(serving=serving, past=past, complete=complete)
    return EndpointNow(
        serving=serving,
        under_way=lease.rollout_id,
        model_under_way=lease.model,
        models_under_way=lease.models,
        wish_under_way=lease.wish,
        past=past,
        complete=complete,
    )


def read_fleet_now(places: Places, fleet: FleetSpec) -> FleetNow:
    """Read how a fleet stands: its record, and where that says that it has ended well, what its endpoints serve by now.

    Raises:
        JournalError: a record or a lease is not Rollway's.
        AwsError: the journal or an endpoint cannot be read.
    """
    kept = find_record(places.journal, fleet.fleet_id)
    if kept is None:
        return FleetNow(fleet_id=fleet.fleet_id, in_the_way=_find_in_the_way(places, fleet))
    record, lapsed = kept.record, ()
    if record.outcome in RENEWABLE:
        lapsed = tuple(each.key for each in find_lapsed(fleet, record.standings, read_serving(places, fleet)))
    return FleetNow(
        fleet_id=fleet.fleet_id,
        begun=True,
        outcome=record.outcome,
        reason=record.reason,
        writes=record.writes,
        lapsed=lapsed,
        in_the_way=_find_in_the_way(places, fleet) if lapsed else (),
    )


def _find_in_the_way(places: Places, fleet: FleetSpec) -> tuple[str, ...]:
    """Return what has to end before a fleet begins: the same fleet with another model, and rollouts on its endpoints."""
    others = (
        f"fleet {each} is under way; if its process is gone: rollway fleet halt {each}"
        for each in find_others_under_way(places.journal, fleet)
    )
    taken = ((each, read_standing(places.journal_of(each), each.endpoint)) for each in fleet.targets)
    rollouts = (
        f"{target.key}: rollout {standing.lease.rollout_id} is under way"
        for target, standing in taken
        if standing and standing.lease.outcome is None
    )
    return (*others, *rollouts)
