"""Keeps every request within the limits that AWS documents: one that is outside is refused here, with everything that is wrong with it.

So a mistake is told at once and in full, before anything is touched, and not by the third of five requests. It judges single values
only; what several of them mean together is AWS's to say. Names of products are left to AWS too, since an endpoint may use an instance
type that came out after the installed botocore.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from botocore.model import OperationModel

from policies.blueprint.checking import Checker
from policies.blueprint.shapes import operation_shape
from rollway.aws.errors import InvalidRequest
from rollway.aws.shapes import find_operation, operation_shapes

Client = TypeVar("Client", bound=Any)


def check_request(operation: str, params: Mapping[str, Any], service: str = "sagemaker") -> None:
    """Refuse a request that is outside AWS's documented limits.

    Args:
        operation: for example ``CreateEndpointConfig``.
        params: its parameters, in AWS's own words.
        service: botocore's name of the service.

    Raises:
        InvalidRequest: with everything that is wrong with it.
    """
    problems = list(_checker(service, operation).find_problems(operation_shape(service, operation), params))
    if problems:
        raise InvalidRequest(operation, problems)


def guard(client: Client) -> Client:
    """Have a client refuse what ``check_request`` refuses, and return it."""
    client.meta.events.register_last("before-parameter-build", _refuse)
    return client


def _refuse(params: Mapping[str, Any], model: OperationModel, **_: object) -> None:
    """Check a request after everything that completes it and before botocore's own check, which knows less."""
    check_request(model.name, params, model.service_model.service_name)


@cache
def _checker(service: str, operation: str) -> Checker:
    return Checker(operation_shapes(find_operation(service, operation)), strict=False)
