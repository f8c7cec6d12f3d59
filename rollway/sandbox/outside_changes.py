"""What somebody else's change is, as requests to the simulated AWS, and when its time has come. Makes no request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rollway.sandbox.autoscaling.names import SERVICE, ScaledVariant
from rollway.sandbox.fault_menu import OutsideChange
from rollway.sandbox.sagemaker.deployment import Status
from rollway.sandbox.sagemaker.endpoints import Endpoints
from rollway.sandbox.sagemaker.names import Arns

_NOT_YET_SERVING: Final = (None, Status.CREATING)


@dataclass(frozen=True)
class ApiRequest:
    """A request to one service of the simulated AWS."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


def is_time_for(change: OutsideChange, endpoints: Endpoints) -> bool:
    """Say whether the endpoint has come so far that AWS would not refuse the change for being early."""
    if change.deploys:
        return endpoints.is_settled(change.endpoint)
    return endpoints.status(change.endpoint) not in _NOT_YET_SERVING


def requests_of(change: OutsideChange, arns: Arns) -> Iterator[ApiRequest]:
    """Yield the requests that make the change."""
    endpoint = {"EndpointName": change.endpoint}
    if change.weights is not None:
        yield _adjustment(change.endpoint, "DesiredWeight", change.weights)
    if change.instances is not None:
        yield _adjustment(change.endpoint, "DesiredInstanceCount", change.instances)
    if change.config is not None:
        yield ApiRequest("sagemaker", "UpdateEndpoint", {**endpoint, "EndpointConfigName": change.config})
    if change.delete_config is not None:
        yield ApiRequest("sagemaker", "DeleteEndpointConfig", {"EndpointConfigName": change.delete_config})
    if change.delete_endpoint:
        yield ApiRequest("sagemaker", "DeleteEndpoint", endpoint)
    if change.tags is not None:
        tags = [{"Key": key, "Value": value} for key, value in change.tags.items()]
        yield ApiRequest("sagemaker", "AddTags", {"ResourceArn": arns.endpoint(change.endpoint), "Tags": tags})
    for variant, bounds in (change.scaling or {}).items():
        named = {f"{bound.capitalize()}Capacity": count for bound, count in bounds.items()}
        identity = ScaledVariant(change.endpoint, variant).identity
        yield ApiRequest(SERVICE, "RegisterScalableTarget", {**identity, **named})
    if change.deregister is not None:
        identity = ScaledVariant(change.endpoint, change.deregister).identity
        yield ApiRequest(SERVICE, "DeregisterScalableTarget", identity)


def _adjustment(endpoint: str, member: str, wanted: Mapping[str, float]) -> ApiRequest:
    changes = [{"VariantName": variant, member: value} for variant, value in wanted.items()]
    parameters = {"EndpointName": endpoint, "DesiredWeightsAndCapacities": changes}
    return ApiRequest("sagemaker", "UpdateEndpointWeightsAndCapacities", parameters)
