"""Makes moto's Service Quotas list the simulated account's quotas: moto knows those of VPCs alone, and lists none.

moto serialises the answer by botocore's model, and is made to parse the request by it too. A refusal passes through to ``front``.
"""

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.servicequotas.responses import ServiceQuotasResponse

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter.answer import Answer
from rollway.sandbox.moto_adapter.patch import Patch


def patches(cloud: Cloud) -> list[Patch]:
    """Return the operation that moto lacks, and the replacement of how it reads requests."""

    def list_service_quotas(response: Any) -> ActionResult:  # noqa: ANN401 - moto's response classes are untyped to us
        return Answer(cloud.quotas.list_quotas(response.params))

    return [
        Patch(ServiceQuotasResponse, "__init__", _parsing(ServiceQuotasResponse.__init__)),
        Patch(ServiceQuotasResponse, "list_service_quotas", list_service_quotas, adds=True),
    ]


def _parsing(original: Callable[[Any], None]) -> Callable[[Any], None]:
    def init(response: Any) -> None:  # noqa: ANN401 - as above
        original(response)
        response.automated_parameter_parsing = True

    return init
