"""Makes moto's model registry keep what an update does not mention, as AWS does, and lets the simulated account serve its packages.

moto would clear the approval and other metadata that an update says nothing of.
"""

from collections.abc import Mapping
from typing import Any

from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter.patch import Patch
from rollway.sandbox.sagemaker.constraints import items
from rollway.sandbox.sagemaker.models import FindPackage


def patches(cloud: Cloud) -> list[Patch]:
    """Return what makes an update of a model package change only what it says, and a model of a package serve the package's image."""
    update = _keeping(SageMakerModelBackend.update_model_package)
    return [
        Patch(SageMakerModelBackend, "update_model_package", update),
        Patch(cloud.models, "find_package", _finder(cloud.settings.account_id, cloud.settings.region)),
    ]


def _finder(account: str, region: str) -> FindPackage:
    def find_package(name: str) -> Mapping[str, Any]:
        backend: Any = sagemaker_backends[account][region]
        package: Any = backend.model_packages.get(backend.model_package_name_mapping.get(name, name))
        specification: dict[str, Any] = (package and package.inference_specification) or {}
        containers = items(specification, "Containers")
        return containers[0] if containers else {}

    return find_package


def _keeping(original: Any) -> Any:  # noqa: ANN401 - moto's methods are untyped to us
    def update_model_package(backend: Any, model_package_arn: str, **named: Any) -> Any:  # noqa: ANN401 - as above
        name = backend.model_package_name_mapping.get(model_package_arn, model_package_arn)
        before = backend.model_packages.get(name)
        if before is not None:
            for member in ("model_approval_status", "approval_description"):
                named[member] = named.get(member) or getattr(before, member)
            kept: dict[str, Any] = before.customer_metadata_properties or {}
            named["customer_metadata_properties"] = kept | (named.get("customer_metadata_properties") or {})
        return original(backend, model_package_arn, **named)

    return update_model_package
