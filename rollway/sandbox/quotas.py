"""The simulated Service Quotas: how many instances of each type all endpoints may have. They are listed, and nobody enforces them.

That the real quotas bear these names is what AWS's refusals suggest. Their codes here are made up.
"""

from typing import Any, Final

from rollway.sandbox.autoscaling.paging import cut_page
from rollway.sandbox.errors import Refusal
from rollway.sandbox.sagemaker.constraints import Request, check_constraints, sagemaker_model
from rollway.sandbox.settings import SandboxSettings

SERVICE: Final = "service-quotas"
_SAGEMAKER: Final = "sagemaker"
_MOST: Final = 100


class Quotas:
    """One account's quotas, as its settings have them."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings

    def list_quotas(self, request: Request) -> dict[str, Any]:
        """Answer ListServiceQuotas.

        Raises:
            Refusal: for anything but SageMaker's quotas, or a token that did not come from here.
        """
        check_constraints("ListServiceQuotas", request, SERVICE)
        if request["ServiceCode"] != _SAGEMAKER:
            told = (
                f'The simulated Service Quotas knows only the service "{_SAGEMAKER}", not "{request["ServiceCode"]}".'
            )
            raise Refusal("NoSuchResourceException", told)
        page, more = cut_page(self._types(), request, lambda kind: (kind,), _MOST)
        return {"Quotas": [self._described(kind) for kind in page], **more}

    def _types(self) -> list[str]:
        known: list[str] = getattr(sagemaker_model().shape_for("ProductionVariantInstanceType"), "enum", [])
        return sorted({*known, *self._settings.quotas})

    def _described(self, kind: str) -> dict[str, Any]:
        return {
            "ServiceCode": _SAGEMAKER,
            "ServiceName": "Amazon SageMaker (simulated)",
            "QuotaCode": f"L-SIMULATED-{kind.upper()}",
            "QuotaName": f"{kind} for endpoint usage",
            "Value": float(self._settings.quotas.get(kind, self._settings.default_quota)),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
