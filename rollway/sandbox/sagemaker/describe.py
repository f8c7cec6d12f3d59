"""DescribeEndpoint and ListEndpoints: an endpoint's state in AWS's words. Reads only."""

from datetime import datetime
from hashlib import sha256
from typing import Any

from rollway.sandbox.sagemaker.constraints import section
from rollway.sandbox.sagemaker.deployment import Deployment, Endpoint, Kind, Lineup, Status, Variant

_ECHOED = ("ManagedInstanceScaling", "RoutingConfig", "CapacityReservationConfig", "AcceleratorPartitionLayouts")
_PENDING_ECHOED = ("InstanceType", "AcceleratorType", "ManagedInstanceScaling", "RoutingConfig")


def describe_endpoint(endpoint: Endpoint, status: Status, now: datetime) -> dict[str, Any]:
    """Return DescribeEndpoint's answer."""
    optional = {
        "FailureReason": endpoint.failure_reason,
        "LastDeploymentConfig": endpoint.last_settings,
        "PendingDeploymentSummary": _pending(endpoint.deployment, now),
    }
    return {
        **summarise_endpoint(endpoint, status),
        "EndpointConfigName": endpoint.config_name,
        **_lineup_members(endpoint),
        **{member: value for member, value in optional.items() if value},
    }


def summarise_endpoint(endpoint: Endpoint, status: Status) -> dict[str, Any]:
    """Return the endpoint as ListEndpoints shows it."""
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "EndpointStatus": status.value,
    }


def _lineup_members(endpoint: Endpoint) -> dict[str, Any]:
    """Return what describes the serving line-up; nothing while an endpoint is created."""
    lineup = endpoint.lineup
    if lineup is None:
        return {}
    desired = {variant.name: variant for variant in _desired(endpoint, lineup).everyone}

    def summaries(variants: tuple[Variant, ...]) -> list[dict[str, Any]]:
        return [_variant(variant, desired.get(variant.name, variant)) for variant in variants]

    shadows = {"ShadowProductionVariants": summaries(lineup.shadows)} if lineup.shadows else {}
    options = {name: value for name, value in lineup.options.items() if name != "DataCaptureConfig"}
    return {"ProductionVariants": summaries(lineup.variants), **shadows, **options, **_data_capture(lineup)}


def _desired(endpoint: Endpoint, lineup: Lineup) -> Lineup:
    """Return what the serving variants are to become: only an adjustment changes them in place."""
    deployment = endpoint.deployment
    return deployment.target if deployment and deployment.kind is Kind.ADJUST else lineup


def _variant(current: Variant, desired: Variant) -> dict[str, Any]:
    return {
        "VariantName": current.name,
        "DeployedImages": _deployed_images(current),
        "CurrentWeight": current.weight,
        "DesiredWeight": desired.weight,
        **_capacity("Current", current, current.fleet.instances),
        **_capacity("Desired", desired, desired.fleet.instances),
        **{member: current.spec[member] for member in _ECHOED if member in current.spec},
    }


def _capacity(which: str, variant: Variant, instances: int) -> dict[str, Any]:
    if serverless := section(variant.spec, "ServerlessConfig"):
        return {f"{which}ServerlessConfig": serverless}
    return {f"{which}InstanceCount": instances}


def _deployed_images(variant: Variant) -> list[dict[str, Any]]:
    """Return each image of a variant with what it was resolved to when the variant was deployed."""
    return [_deployed_image(image, variant.deployed) for image in variant.images or (variant.fleet.image,)]


def _deployed_image(image: str, deployed: datetime) -> dict[str, Any]:
    """Return an image and what it was resolved to: the tag's digest, which a rehearsal makes up from the name."""
    repository, _, pinned = image.partition("@")
    digest = pinned or f"sha256:{sha256(image.encode()).hexdigest()}"
    bare = repository.rsplit(":", 1)[0] if ":" in repository.rsplit("/", 1)[-1] else repository
    resolved = image if pinned else f"{bare}@{digest}"
    return {"SpecifiedImage": image, "ResolvedImage": resolved, "ResolutionTime": deployed}


def _data_capture(lineup: Lineup) -> dict[str, Any]:
    capture = section(lineup.options, "DataCaptureConfig")
    if not capture:
        return {}
    enabled = capture.get("EnableCapture", True)
    summary = {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }
    return {"DataCaptureConfig": summary}


def _pending(deployment: Deployment | None, now: datetime) -> dict[str, Any] | None:
    """Return the summary of a configuration being deployed; its traffic is shown to move in the second half."""
    if deployment is None or not deployment.brings_config:
        return None
    target = deployment.target
    stage, share = _stage(deployment, now)

    def summaries(variants: tuple[Variant, ...]) -> list[dict[str, Any]]:
        return [_pending_variant(variant, stage, share) for variant in variants]

    shadows = {"ShadowProductionVariants": summaries(target.shadows)} if target.shadows else {}
    return {
        "EndpointConfigName": target.config_name,
        "StartTime": deployment.started,
        "ProductionVariants": summaries(target.variants),
        **shadows,
    }


def _stage(deployment: Deployment, now: datetime) -> tuple[dict[str, Any], float]:
    """Return what the new variants are at, and how much of the traffic they have, from 0 to 1."""
    progress = deployment.progress(now)
    if progress:
        seconds = progress.step.wait.total_seconds()
        told = f"Baking for {seconds:g} seconds ({progress.step.waits_for})."
        return {"Status": "Baking", "StatusMessage": told, "StartTime": progress.since}, progress.step.share
    halfway = deployment.started + (deployment.ready_at - deployment.started) / 2
    status = "Creating" if now < halfway else "ActivatingTraffic"
    return {"Status": status, "StartTime": deployment.started}, 0.0


def _pending_variant(variant: Variant, stage: dict[str, Any], share: float) -> dict[str, Any]:
    up = 0 if stage["Status"] == "Creating" else variant.fleet.instances
    return {
        "VariantName": variant.name,
        "DeployedImages": _deployed_images(variant),
        "CurrentWeight": variant.weight * share,
        "DesiredWeight": variant.weight,
        **_capacity("Current", variant, up),
        **_capacity("Desired", variant, variant.fleet.instances),
        "VariantStatus": [stage],
        **{member: variant.spec[member] for member in _PENDING_ECHOED if member in variant.spec},
    }
