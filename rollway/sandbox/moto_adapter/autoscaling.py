"""Makes moto's Application Auto Scaling answer from the simulated account: moto's registers, and never scales.

moto serialises the answer by botocore's model, and is made to parse the request by it too. A refusal passes through to
``front``.
"""

from collections.abc import Callable
from typing import Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter.answer import Answer
from rollway.sandbox.moto_adapter.patch import Patch

_MISSING_IN_MOTO = frozenset({"DescribeScalingActivities"})


def patches(cloud: Cloud) -> list[Patch]:
    """Return the replacements of every operation, and of how moto reads their requests."""
    return [
        Patch(ApplicationAutoScalingResponse, "__init__", _parsing(ApplicationAutoScalingResponse.__init__)),
        *(_patch(cloud, operation) for operation in cloud.autoscaling.operations),
    ]


def _parsing(original: Callable[[Any], None]) -> Callable[[Any], None]:
    def init(response: Any) -> None:  # noqa: ANN401 - moto's response classes are untyped to us
        original(response)
        response.automated_parameter_parsing = True

    return init


def _patch(cloud: Cloud, operation: str) -> Patch:
    def method(response: Any) -> ActionResult:  # noqa: ANN401 - as above
        return Answer(cloud.autoscaling.answer(operation, response.params))

    name = camelcase_to_underscores(operation)
    return Patch(ApplicationAutoScalingResponse, name, method, adds=operation in _MISSING_IN_MOTO)
