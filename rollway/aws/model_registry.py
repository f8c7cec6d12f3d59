"""SageMaker's model registry: the newest approved version of a group, and noting on a version how its rollout ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from policies.bindings.event import Registry
from policies.bindings.registered import Approval, Registered
from policies.bindings.spec import When
from policies.errors import AwsError, NotFound
from rollway.aws.errors import translating
from rollway.aws.session import Aws

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeModelPackageOutputTypeDef

VALUE_LIMIT: Final = 256
"""Characters of a value of a version's metadata; AWS's limit."""
DESCRIPTION_LIMIT: Final = 1024
_APPROVALS: Final[dict[str, Approval]] = {
    "Approved": "approved",
    "Rejected": "rejected",
    "PendingManualApproval": "pending",
}
_MISSING_WORDS: Final = ("does not exist", "not found")


class SageMakerRegistry:
    """The model registry of one account and Region."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def find(self, model: str, when: When) -> Registered | None:
        """Return the newest version of a model package group that is approved now, or None when there is none.

        The list may be a moment older than the version, so the version itself is described, and the next one where it was taken out of
        service meanwhile.

        Raises:
            AwsError: AWS turned a request down.
        """
        del when  # approval is all that this registry's versions are chosen by
        for arn in self._approved(model):
            version = self._describe(model, arn)
            if version is not None and version.ready and version.approval == "approved":
                return version
        return None

    def note(self, arn: str, metadata: Mapping[str, str]) -> None:
        """Write into a version's metadata; what is there under other keys stays. Harmless when repeated.

        Raises:
            AwsError: AWS turned the request down.
        """
        cut = {key: value[:VALUE_LIMIT] for key, value in metadata.items()}
        with translating("UpdateModelPackage", f"model package {arn}"):
            self._aws.sagemaker.update_model_package(ModelPackageArn=arn, CustomerMetadataProperties=cut)

    def reject(self, arn: str, why: str) -> None:
        """Have a version count as rejected.

        Raises:
            AwsError: AWS turned the request down.
        """
        with translating("UpdateModelPackage", f"model package {arn}"):
            self._aws.sagemaker.update_model_package(
                ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription=why[:DESCRIPTION_LIMIT]
            )

    def _approved(self, group: str) -> Iterator[str]:
        request: dict[str, Any] = {
            "ModelPackageGroupName": group,
            "ModelApprovalStatus": "Approved",
            "SortBy": "CreationTime",
            "SortOrder": "Descending",
        }
        try:
            with translating("ListModelPackages", f"model package group {group}"):
                for page in self._aws.sagemaker.get_paginator("list_model_packages").paginate(**request):
                    yield from (each["ModelPackageArn"] for each in page["ModelPackageSummaryList"])
        except AwsError as error:
            if not _is_missing(error):
                raise

    def _describe(self, group: str, arn: str) -> Registered | None:
        try:
            with translating("DescribeModelPackage", f"model package {arn}"):
                answer = self._aws.sagemaker.describe_model_package(ModelPackageName=arn)
        except AwsError as error:
            if _is_missing(error):
                return None
            raise
        return Registered(
            registry=Registry.SAGEMAKER,
            model=group,
            version=answer["ModelPackageArn"],
            ready=answer["ModelPackageStatus"] == "Completed",
            tags=answer.get("CustomerMetadataProperties", {}),
            approval=_read_approval(answer),
            created_at=answer["CreationTime"],
        )


def _read_approval(answer: DescribeModelPackageOutputTypeDef) -> Approval:
    return _APPROVALS.get(answer.get("ModelApprovalStatus", ""), "unknown")


def _is_missing(error: AwsError) -> bool:
    """Whether AWS says that there is no such thing. Of the registry's it says so with a ``ValidationException`` and in words of its own."""
    return isinstance(error, NotFound) or any(words in str(error).lower() for words in _MISSING_WORDS)
