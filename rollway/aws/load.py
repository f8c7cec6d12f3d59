"""Measuring what an endpoint had to bear: its busiest minute, and the busiest minute of one instance. Reads only."""

from datetime import datetime, timedelta
from typing import Final

from policies.capacity import CapacitySpec
from policies.errors import RolloutError
from policies.facts import Endpoint, Load
from policies.observation import SeriesRequest
from policies.values import format_duration
from rollway.aws.metric_data import QueryKey, Window, fetch, floor_to
from rollway.aws.session import Aws

_NAMESPACE: Final = "AWS/SageMaker"
_MINUTE: Final = timedelta(minutes=1)
_ALL: Final[QueryKey] = ("load", "Invocations")
_EACH: Final[QueryKey] = ("load", "InvocationsPerInstance")


def measure_load(aws: Aws, endpoint: Endpoint, spec: CapacitySpec, now: datetime) -> Load | str | None:
    """Return the peak of an endpoint's one variant, or why it is not known; None where the policy does not ask.

    CloudWatch tells requests by the minute. The newest minutes may still grow, which a peak over hours need not wait for.
    """
    if not spec.measures:
        return None
    if len(endpoint.variants) != 1:
        return f"endpoint {endpoint.name} has {len(endpoint.variants)} production variants, not one"
    dimensions = {"EndpointName": endpoint.name, "VariantName": endpoint.variants[0].name}
    queries: dict[QueryKey, SeriesRequest] = {
        key: SeriesRequest(_NAMESPACE, key[1], "Sum", dimensions) for key in (_ALL, _EACH)
    }
    until = floor_to(_MINUTE, now)
    try:
        found = fetch(aws, queries, Window(until - spec.looks_back, until, _MINUTE))
    except RolloutError as error:
        return str(error)
    peak, per_instance = (max(found[key].values(), default=0.0) for key in (_ALL, _EACH))
    if not peak or not per_instance:
        return f"CloudWatch has no request of the last {format_duration(spec.looks_back)}"
    return Load(peak=peak, per_instance=per_instance)
