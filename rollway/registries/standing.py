"""Reading how an endpoint, or a fleet, stands: what serves, what is under way, what was tried."""

from policies.bindings.standing import Before, EndpointNow
from policies.errors import NotFound, PreflightError, Problem
from rollway.aws.objects import ObjectStore
from rollway.aws.sagemaker import describe_config, describe_endpoint
from rollway.aws.session import Aws
from rollway.fleet.record import find_record
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
    serving = tuple(str(each.get("ModelName", "")) for each in describe_config(aws, live.config).variants)
    standing = read_standing(store, endpoint)
    if standing is None:
        return EndpointNow(serving=serving)
    lease = standing.lease
    past = tuple(
        Before(rollout_id=each.rollout_id, model=each.model, outcome=each.outcome, at=each.at, wish=each.wish)
        for each in lease.history
    )
    if lease.outcome is not None:
        return EndpointNow(serving=serving, past=past)
    return EndpointNow(
        serving=serving,
        under_way=lease.rollout_id,
        model_under_way=lease.model,
        wish_under_way=lease.wish,
        past=past,
    )


def explain_fleet(store: ObjectStore, fleet_id: str) -> str:
    """Say why a fleet is not to be begun: because it was. Nothing when it never was.

    Raises:
        JournalError: its record is not Rollway's.
        AwsError: the journal cannot be read.
    """
    kept = find_record(store, fleet_id)
    if kept is None:
        return ""
    record = kept.record
    if record.outcome is None:
        return f"fleet {fleet_id} is under way"
    return f"fleet {fleet_id} has ended {record.outcome}: {record.reason}"
