"""Reading which variants Application Auto Scaling looks after. Changes no registration."""

from policies.facts import Endpoint, ScalingTarget
from rollway.aws.errors import translating
from rollway.aws.session import Aws


def read_scaling(aws: Aws, endpoint: Endpoint) -> tuple[ScalingTarget, ...]:
    """Return the registrations of an endpoint's production variants for instance scaling, sorted by variant.

    Raises:
        AwsError: AWS turned the request down.
    """
    prefix = f"endpoint/{endpoint.name}/variant/"
    resources = [f"{prefix}{variant.name}" for variant in endpoint.variants]
    if not resources:
        return ()  # without resources the request would ask for the whole account
    with translating("DescribeScalableTargets", f"endpoint {endpoint.name}"):
        pages = aws.application_autoscaling.get_paginator("describe_scalable_targets").paginate(
            ServiceNamespace="sagemaker",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            ResourceIds=resources,
        )
        targets = [target for page in pages for target in page["ScalableTargets"]]
    return tuple(
        ScalingTarget(
            variant=target["ResourceId"].removeprefix(prefix),
            minimum=target["MinCapacity"],
            maximum=target["MaxCapacity"],
        )
        for target in sorted(targets, key=lambda target: target["ResourceId"])
    )
