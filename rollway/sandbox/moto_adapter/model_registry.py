"""Makes moto's model registry keep what an update does not mention, as AWS does: moto would clear the approval and other metadata."""

from typing import Any

from moto.sagemaker.models import SageMakerModelBackend

from rollway.sandbox.moto_adapter.patch import Patch


def patches() -> list[Patch]:
    """Return what makes an update of a model package change only what it says."""
    return [Patch(SageMakerModelBackend, "update_model_package", _keeping(SageMakerModelBackend.update_model_package))]


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
