"""Reading SageMaker: endpoints, their configurations, models.

The one place that knows SageMaker's weights: everywhere else traffic is a share in percent. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast, get_args

from policies.endpoint_config import EndpointConfig
from policies.errors import NotFound, PermanentAwsError
from policies.facts import Endpoint, EndpointStatus, Hosting, LiveVariant
from policies.identity import DeployedImage, ModelIdentity, identify_model, in_utc
from rollway.aws.errors import translating
from rollway.aws.session import Aws

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.type_defs import DescribeEndpointOutputTypeDef, ProductionVariantSummaryTypeDef

_STATUSES: Final = frozenset(get_args(EndpointStatus))
_NOT_CONTENT: Final = frozenset({"EndpointConfigName", "Tags"})


def describe_endpoint(aws: Aws, name: str) -> Endpoint:
    """Read an endpoint as it is now.

    Raises:
        NotFound: there is none of that name.
    """
    with translating("DescribeEndpoint", f"endpoint {name}"):
        answer = aws.sagemaker.describe_endpoint(EndpointName=name)
    return Endpoint(
        name=answer["EndpointName"],
        arn=answer["EndpointArn"],
        status=_read_status(answer),
        config=answer.get("EndpointConfigName", ""),
        variants=_read_variants(answer.get("ProductionVariants", [])),
        shadows=tuple(shadow["VariantName"] for shadow in answer.get("ShadowProductionVariants", [])),
        pending_config=answer.get("PendingDeploymentSummary", {}).get("EndpointConfigName"),
        failure_reason=answer.get("FailureReason", ""),
        baking_since=_read_bake(answer),
        created=in_utc(answer.get("CreationTime")),
        modified=in_utc(answer.get("LastModifiedTime")),
    )


def describe_config(aws: Aws, name: str) -> EndpointConfig:
    """Read an endpoint configuration with its tags.

    Which members belong to its content is asked of botocore's model of ``CreateEndpointConfig``, so members that AWS
    adds later are carried over too, once botocore knows them.

    Raises:
        NotFound: there is none of that name.
    """
    return read_config(aws, name)[0]


@dataclass(frozen=True)
class DescribedConfig:
    """An endpoint configuration as it is described.

    Attributes:
        fields: its content, without its tags.
        arn: its ARN.
        created: when it was created; None where AWS does not say.
    """

    fields: dict[str, Any]
    arn: str
    created: datetime | None


def read_config_fields(aws: Aws, name: str) -> DescribedConfig:
    """Read an endpoint configuration without its tags.

    Raises:
        NotFound: there is none of that name.
    """
    with translating("DescribeEndpointConfig", f"endpoint configuration {name}"):
        answer = aws.sagemaker.describe_endpoint_config(EndpointConfigName=name)
    members = cast("Mapping[str, Any]", answer)
    fields = {member: members[member] for member in _content_members(aws) if member in members}
    return DescribedConfig(fields, answer["EndpointConfigArn"], in_utc(members.get("CreationTime")))


def read_config(aws: Aws, name: str) -> tuple[EndpointConfig, datetime | None]:
    """Read an endpoint configuration with its tags, and when it was created; None where AWS does not say.

    Raises:
        NotFound: there is none of that name.
    """
    described = read_config_fields(aws, name)
    config = EndpointConfig(name=name, fields=described.fields, tags=read_tags(aws, described.arn))
    return config, described.created


def find_config(aws: Aws, name: str) -> EndpointConfig | None:
    """Read an endpoint configuration, or return None when there is none of that name."""
    try:
        return describe_config(aws, name)
    except NotFound:
        return None


@dataclass(frozen=True)
class DescribedModel:
    """What a rollout needs to know of a model.

    Attributes:
        hosting: what it holds.
        identity: what tells it from another one that is created later under its name.
    """

    hosting: Hosting
    identity: ModelIdentity


def find_model(aws: Aws, model: str) -> DescribedModel | None:
    """Read a SageMaker model, or return None when there is none of that name."""
    try:
        with translating("DescribeModel", f"model {model}"):
            answer = aws.sagemaker.describe_model(ModelName=model)
    except NotFound:
        return None
    members = cast("Mapping[str, Any]", answer)
    return DescribedModel(hosting_of(members), identify_model(members))


def hosting_of(members: Mapping[str, Any]) -> Hosting:
    """Say what a model holds, from the members of ``CreateModel``."""
    containers: list[Mapping[str, Any]] = members.get("Containers") or [members.get("PrimaryContainer", {})]
    if any(container.get("Mode") == "MultiModel" for container in containers):
        return "multi-model"
    return "multi-container" if len(containers) > 1 else "one model"


def find_endpoints_using(aws: Aws, config: str) -> tuple[str, ...]:
    """Return the names of all endpoints that run on a configuration or are being moved to it.

    SageMaker's list does not tell the configuration, so every endpoint of the account and Region is described: one
    request each.
    """
    return tuple(name for name in list_endpoints(aws) if config in _configs_in_use(aws, name))


def list_endpoints(aws: Aws) -> tuple[str, ...]:
    """Return the names of all endpoints of the account and Region, oldest first."""
    with translating("ListEndpoints", "all endpoints"):
        # A fixed order: pages of a list ordered by last change would shift while endpoints change.
        pages = aws.sagemaker.get_paginator("list_endpoints").paginate(SortBy="CreationTime", SortOrder="Ascending")
        return tuple(endpoint["EndpointName"] for page in pages for endpoint in page["Endpoints"])


def read_tags(aws: Aws, arn: str) -> dict[str, str]:
    """Return the tags of a resource.

    Raises:
        AwsError: AWS turned the request down.
    """
    with translating("ListTags", arn):
        pages = aws.sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def normalise(weights: Mapping[str, float]) -> dict[str, float]:
    """Turn weights into shares: percent of their sum, or 0 for each when all are 0."""
    total = sum(weights.values())
    return {name: 100 * weight / total if total else 0.0 for name, weight in weights.items()}


def _configs_in_use(aws: Aws, endpoint: str) -> frozenset[str | None]:
    """Return what an endpoint runs on and is being moved to; nothing when it was deleted meanwhile."""
    try:
        found = describe_endpoint(aws, endpoint)
    except NotFound:
        return frozenset()
    return frozenset({found.config, found.pending_config})


def _read_status(answer: DescribeEndpointOutputTypeDef) -> EndpointStatus:
    status = answer["EndpointStatus"]
    if status not in _STATUSES:
        raise PermanentAwsError(
            f"endpoint {answer['EndpointName']} has the status {status!r}, which this version of Rollway does not know",
            operation="DescribeEndpoint",
            hint="Upgrade Rollway, or wait until the endpoint is InService.",
        )
    return status


def _read_bake(answer: DescribeEndpointOutputTypeDef) -> datetime | None:
    """Read when the newest bake of a deployment by guardrails began; None while no new variant bakes."""
    pending = answer.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
    statuses = [status for variant in pending for status in variant.get("VariantStatus", [])]
    began = [status.get("StartTime") for status in statuses if status["Status"] == "Baking"]
    return max((moment for moment in began if moment is not None), default=None)


def _read_variants(summaries: list[ProductionVariantSummaryTypeDef]) -> tuple[LiveVariant, ...]:
    """Read the production variants. Serverless variants have no instances: they count as 0."""
    current = normalise({summary["VariantName"]: summary.get("CurrentWeight", 0.0) for summary in summaries})
    desired = normalise(
        {
            summary["VariantName"]: summary.get("DesiredWeight", summary.get("CurrentWeight", 0.0))
            for summary in summaries
        },
    )
    return tuple(
        LiveVariant(
            name=summary["VariantName"],
            share=current[summary["VariantName"]],
            wanted_share=desired[summary["VariantName"]],
            instances=summary.get("CurrentInstanceCount", 0),
            wanted_instances=summary.get("DesiredInstanceCount", summary.get("CurrentInstanceCount", 0)),
            images=_read_images(summary),
        )
        for summary in summaries
    )


def _read_images(summary: ProductionVariantSummaryTypeDef) -> tuple[DeployedImage, ...]:
    """Read what a variant's images were looked up as; one that AWS gives without its name says nothing."""
    return tuple(
        DeployedImage(
            specified=image.get("SpecifiedImage", ""),
            resolved=image.get("ResolvedImage", ""),
            resolved_at=in_utc(image.get("ResolutionTime")),
        )
        for image in summary.get("DeployedImages", [])
        if image.get("SpecifiedImage")
    )


def _content_members(aws: Aws) -> list[str]:
    """Return the members of a ``CreateEndpointConfig`` request except its name and tags."""
    shape = aws.sagemaker.meta.service_model.operation_model("CreateEndpointConfig").input_shape
    return [member for member in getattr(shape, "members", {}) if member not in _NOT_CONTENT]
