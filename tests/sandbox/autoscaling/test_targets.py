"""Registering variants for scaling, as the real service lets one."""

from collections.abc import Callable
from typing import Any

import pytest

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.fault_menu import CapacityRefused

Scale = Callable[..., dict[str, Any]]
Seconds = Callable[[float], None]
ALL_ACTIVE = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


def described(cloud: Cloud) -> dict[str, Any]:
    (target,) = cloud.autoscaling.answer("DescribeScalableTargets", {"ServiceNamespace": "sagemaker"})[
        "ScalableTargets"
    ]
    return target


def test_a_target_is_described_as_registered(scale: Scale, cloud: Cloud) -> None:
    """A new target has its bounds, nothing suspended, AWS's own role, and the time of its registration."""
    arn = scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=4)["ScalableTargetARN"]
    assert described(cloud) == {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/shop/variant/baseline",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "MinCapacity": 1,
        "MaxCapacity": 4,
        "RoleARN": "arn:aws:iam::123456789012:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
        "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
        "CreationTime": cloud.clock.now(),
        "SuspendedState": ALL_ACTIVE,
        "ScalableTargetARN": arn,
    }


def test_registering_again_keeps_what_it_does_not_name(scale: Scale, cloud: Cloud, pass_time: Seconds) -> None:
    """Bounds, suspensions and the time of creation each stay when a request leaves them out."""
    scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=4)
    created = cloud.clock.now()
    pass_time(60)
    scale("RegisterScalableTarget", SuspendedState={"DynamicScalingInSuspended": True})
    scale("RegisterScalableTarget", SuspendedState={"ScheduledScalingSuspended": True})
    scale("RegisterScalableTarget", MaxCapacity=6)
    target = described(cloud)
    assert (target["MinCapacity"], target["MaxCapacity"], target["CreationTime"]) == (1, 6, created)
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": True,
    }


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"variant": "nobody", "MinCapacity": 1, "MaxCapacity": 2}, 'no variant "nobody"'),
        ({"MinCapacity": 1}, "both MinCapacity and MaxCapacity"),
        ({"MinCapacity": 3, "MaxCapacity": 2}, "0 <= MinCapacity <= MaxCapacity"),
        ({"ServiceNamespace": "ecs"}, 'only ServiceNamespace "sagemaker"'),
        ({"ServiceNamespace": "nonsense"}, "failed to satisfy constraint: Member must satisfy enum value set"),
        (
            {"ScalableDimension": "sagemaker:inference-component:DesiredCopyCount", "MinCapacity": 1, "MaxCapacity": 2},
            'DesiredInstanceCount" and "sagemaker:variant:DesiredProvisionedConcurrency", not',
        ),
        (
            {
                "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency",
                "MinCapacity": 1,
                "MaxCapacity": 2,
            },
            'no variant "baseline" in service on an endpoint "shop" that has provisioned concurrency',
        ),
        ({"ResourceId": "inference-component/x"}, "only resources named"),
    ],
)
def test_what_cannot_be_registered(scale: Scale, members: dict[str, Any], why: str) -> None:
    """A target that real autoscaling would not know, or that is not simulated, is refused and says why."""
    with pytest.raises(Refusal, match=why) as caught:
        scale("RegisterScalableTarget", **members)
    assert caught.value.code == "ValidationException"


def test_registration_brings_the_count_into_its_bounds(
    scale: Scale, cloud: Cloud, count: Callable[..., int], pass_time: Seconds, activities: Callable[[], object]
) -> None:
    """Registering a variant whose count lies outside the bounds updates the endpoint, also when no bound is named."""
    scale("RegisterScalableTarget", MinCapacity=3, MaxCapacity=5)
    assert (cloud.endpoints.status("shop"), count()) == ("Updating", 3)
    assert activities() == [("InProgress", "Setting desired instance count to 3.")]
    pass_time(10)
    assert activities() == [("Successful", "Setting desired instance count to 3.")]
    wanted = [{"VariantName": "baseline", "DesiredInstanceCount": 9}]
    cloud.call("UpdateEndpointWeightsAndCapacities", {"EndpointName": "shop", "DesiredWeightsAndCapacities": wanted})
    pass_time(10)
    scale("RegisterScalableTarget", SuspendedState={})
    assert (cloud.endpoints.status("shop"), count()) == ("Updating", 5)


def test_registration_leaves_a_busy_endpoint_alone(
    scale: Scale, cloud: Cloud, activities: Callable[[], list[tuple[str, str]]]
) -> None:
    """While the endpoint is changing, the bounds are taken, the count is not changed, and that is on record."""
    wanted = [{"VariantName": "candidate", "DesiredWeight": 0}]
    cloud.call("UpdateEndpointWeightsAndCapacities", {"EndpointName": "shop", "DesiredWeightsAndCapacities": wanted})
    scale("RegisterScalableTarget", MinCapacity=3, MaxCapacity=5)
    assert described(cloud)["MinCapacity"] == 3
    assert activities() == [("Failed", "Setting desired instance count to 3.")]


def test_a_change_without_instances_is_a_failed_activity(scale: Scale, cloud: Cloud, pass_time: Seconds) -> None:
    """An activity whose instances AWS cannot find is taken back, and says so."""
    cloud.faults.plant(CapacityRefused(variant="baseline"))
    scale("RegisterScalableTarget", MinCapacity=3, MaxCapacity=5)
    pass_time(2)
    assert cloud.endpoints.status("shop") == "RollingBack"
    pass_time(10)
    (activity,) = scale("DescribeScalingActivities")["ScalingActivities"]
    assert (activity["StatusCode"], activity["EndTime"]) == ("Failed", cloud.clock.now())
    assert "taken back" in activity["StatusMessage"]


def test_deregistration_takes_policies_and_schedules_with_it(
    scale: Scale, track: Callable[..., object], cloud: Cloud
) -> None:
    """Whoever registers the variant again finds nothing of what it had, and other variants keep theirs."""
    track()
    scale(
        "PutScheduledAction", ScheduledActionName="n", Schedule="rate(1 day)", ScalableTargetAction={"MinCapacity": 2}
    )
    scale("RegisterScalableTarget", "candidate", MinCapacity=1, MaxCapacity=4)
    scale("DeregisterScalableTarget")
    assert described(cloud)["ResourceId"] == "endpoint/shop/variant/candidate"
    everything = {"ServiceNamespace": "sagemaker"}
    assert cloud.autoscaling.answer("DescribeScalingPolicies", everything) == {"ScalingPolicies": []}
    assert cloud.autoscaling.answer("DescribeScheduledActions", everything) == {"ScheduledActions": []}
    with pytest.raises(Refusal) as caught:
        scale("DeregisterScalableTarget")
    assert caught.value.code == "ObjectNotFoundException"


def test_targets_come_in_pages(scale: Scale, cloud: Cloud) -> None:
    """A token leads to the rest, also when what it came from is gone; one that is made up is refused."""
    for variant in ("candidate", "baseline"):
        scale("RegisterScalableTarget", variant, MinCapacity=1, MaxCapacity=4)
    ask = {"ServiceNamespace": "sagemaker", "MaxResults": 1}
    first = cloud.autoscaling.answer("DescribeScalableTargets", ask)
    assert [target["ResourceId"] for target in first["ScalableTargets"]] == ["endpoint/shop/variant/baseline"]
    scale("DeregisterScalableTarget")
    rest = cloud.autoscaling.answer("DescribeScalableTargets", {**ask, "NextToken": first["NextToken"]})
    assert [target["ResourceId"] for target in rest["ScalableTargets"]] == ["endpoint/shop/variant/candidate"]
    assert "NextToken" not in rest
    for token in ("made up", "WzFd", "e30="):
        with pytest.raises(Refusal) as caught:
            cloud.autoscaling.answer("DescribeScalableTargets", {**ask, "NextToken": token})
        assert caught.value.code == "InvalidNextTokenException"


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"MaxResults": 51}, "between 1 and 50"),
        ({"ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}, "which resource"),
        ({"ResourceIds": ["table/t"]}, "only resources named"),
    ],
)
def test_what_cannot_be_asked(cloud: Cloud, members: dict[str, Any], why: str) -> None:
    """A question outside AWS's limits, or about what is not simulated, is refused."""
    with pytest.raises(Refusal, match=why):
        cloud.autoscaling.answer("DescribeScalableTargets", {"ServiceNamespace": "sagemaker", **members})
