"""Has moto refuse what AWS's published limits forbid, where moto answers by itself: moto takes nearly anything."""

from collections.abc import Mapping
from typing import Any, Final

from rollway.sandbox.errors import Refusal
from rollway.sandbox.sagemaker.constraints import check_constraints, service_model

_SERVICES: Final = frozenset({"sagemaker", "application-autoscaling", "scheduler"})
_QUERY_SERVICE: Final = "cloudwatch"  # its metrics have checks of their own, with codes of their own


def check_limits(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Refuse a request to a checked service that breaks a published limit.

    Raises:
        Refusal: in the service's code.
    """
    kept_by_moto = service == _QUERY_SERVICE and ("Alarm" in operation or "Tag" in operation)
    if not (kept_by_moto or service in _SERVICES) or operation not in service_model(service).operation_names:
        return
    try:
        check_constraints(operation, parameters, service)
    except Refusal as refusal:
        code = "ValidationError" if kept_by_moto else refusal.code
        raise Refusal(code, refusal.message, refusal.status) from refusal
