"""Makes moto's SageMaker answer from the simulated account instead of its own store.

moto parses the request and serialises the answer by botocore's model; only what happens in between is replaced.
Operations that are not simulated (the model registry, for one) stay moto's. A refusal passes through to ``front``.
"""

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.sagemaker.responses import SageMakerResponse

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter.answer import Answer
from rollway.sandbox.moto_adapter.patch import Patch
from rollway.sandbox.sagemaker.names import OWN_KINDS, kind_of

Method = Callable[[Any], ActionResult]

_MISSING_IN_MOTO = frozenset({"UpdateEndpoint"})


def patches(cloud: Cloud) -> list[Patch]:
    """Return the replacements of every operation that the simulated account answers."""
    return [_patch(cloud, operation) for operation in cloud.operations]


def _patch(cloud: Cloud, operation: str) -> Patch:
    name = camelcase_to_underscores(operation)
    adds = operation in _MISSING_IN_MOTO
    answer = _answer(cloud, operation)
    if operation.endswith("Tags"):
        answer = _for_own_resources(answer, getattr(SageMakerResponse, name))
    return Patch(SageMakerResponse, name, answer, adds=adds)


def _answer(cloud: Cloud, operation: str) -> Method:
    def method(response: Any) -> ActionResult:  # noqa: ANN401 - moto's response classes are untyped to us
        return Answer(cloud.sagemaker(operation, response.params))

    return method


def _for_own_resources(answer: Method, motos: Method) -> Method:
    """Leave the tags of resources that are not simulated, model packages for one, to moto."""

    def method(response: Any) -> ActionResult:  # noqa: ANN401 - moto's response classes are untyped to us
        own = kind_of(response.params.get("ResourceArn") or "") in OWN_KINDS
        return answer(response) if own else motos(response)

    return method
