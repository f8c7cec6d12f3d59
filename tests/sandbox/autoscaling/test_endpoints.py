"""What registration for scaling means for the life of an endpoint, and that an account keeps it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.snapshot import Snapshot

Scale = Callable[..., dict[str, Any]]
Seconds = Callable[[float], None]
MakeConfig = Callable[..., None]
UPDATE = {"EndpointName": "shop", "EndpointConfigName": "two"}


@pytest.mark.parametrize(
    "types", [{"candidate": "ml.m5.large"}, {"baseline": "ml.g5.xlarge", "candidate": "ml.m5.large"}]
)
def test_an_update_may_not_lose_a_registered_variant(
    cloud: Cloud, scale: Scale, make_config: MakeConfig, types: dict[str, str]
) -> None:
    """Removing a registered variant, or moving it to another instance type, needs its deregistration first."""
    make_config("two", types)
    scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=4)
    with pytest.raises(Refusal, match=r"variant\(s\) baseline") as caught:
        cloud.call("UpdateEndpoint", UPDATE)
    assert (caught.value.code, cloud.endpoints.status("shop")) == ("ValidationException", "InService")
    scale("DeregisterScalableTarget")
    cloud.call("UpdateEndpoint", UPDATE)


def test_other_updates_pass(cloud: Cloud, scale: Scale, make_config: MakeConfig, pass_time: Seconds) -> None:
    """A variant that is not registered may go, and a registered one may change all but its instance type."""
    make_config("two", {"baseline": "ml.m5.large", "newcomer": "ml.g5.xlarge"})
    scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=4)
    cloud.call("UpdateEndpoint", UPDATE)
    pass_time(10)
    assert set(cloud.endpoints.desired_counts("shop")) == {"baseline", "newcomer"}


def test_deleting_an_endpoint_deregisters_its_variants(cloud: Cloud, scale: Scale, track: Scale) -> None:
    """Nothing is left of the scaling of a deleted endpoint."""
    track()
    cloud.call("DeleteEndpoint", {"EndpointName": "shop"})
    assert scale("DescribeScalingPolicies")["ScalingPolicies"] == []
    with pytest.raises(Refusal, match='no variant "baseline" in service'):
        scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=2)
    assert cloud.autoscaling.answer("DescribeScalableTargets", {"ServiceNamespace": "sagemaker"}) == {
        "ScalableTargets": []
    }


def test_a_target_outlives_its_variant(cloud: Cloud, scale: Scale, make_config: MakeConfig, pass_time: Seconds) -> None:
    """A variant registered while an update removes it is gone afterwards; its target stays, and harms nobody."""
    make_config("two", {"candidate": "ml.m5.large"})
    cloud.call("UpdateEndpoint", UPDATE)
    scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=4)
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    scale(
        "PutScalingPolicy",
        PolicyName="calls",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 1.0, "PredefinedMetricSpecification": metric},
    )
    for _ in range(30):
        pass_time(60)
    asked = {"ServiceNamespace": "sagemaker"}
    (target,) = cloud.autoscaling.answer("DescribeScalableTargets", asked)["ScalableTargets"]
    assert target["ResourceId"] == "endpoint/shop/variant/baseline"
    assert cloud.autoscaling.answer("DescribeScalingActivities", asked) == {"ScalingActivities": []}


def test_scaling_survives_a_restart(
    cloud: Cloud, clock: VirtualClock, scale: Scale, track: Scale, tmp_path: Path
) -> None:
    """Targets, policies, scheduled actions and activities come back from disk, and go on acting."""
    Snapshot(cloud, tmp_path).follow()
    track()
    bound = {"MinCapacity": 3}
    scale("PutScheduledAction", ScheduledActionName="n", Schedule="rate(1 minute)", ScalableTargetAction=bound)
    scale("RegisterScalableTarget", MinCapacity=4, SuspendedState={"DynamicScalingInSuspended": True})
    again = Cloud(clock)
    assert Snapshot(again, tmp_path).restore()
    for operation in (
        "DescribeScalableTargets",
        "DescribeScalingPolicies",
        "DescribeScheduledActions",
        "DescribeScalingActivities",
    ):
        asked = {"ServiceNamespace": "sagemaker"}
        assert again.autoscaling.answer(operation, asked) == cloud.autoscaling.answer(operation, asked)
    assert again.endpoints.desired_counts("shop")["baseline"] == 4


def test_what_time_brings_is_on_disk(
    cloud: Cloud, clock: VirtualClock, scale: Scale, pass_time: Seconds, tmp_path: Path
) -> None:
    """A scheduled action that has happened is saved at once: a killed sandbox does not perform it again."""
    Snapshot(cloud, tmp_path).follow()
    scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=4)
    bound = {"MaxCapacity": 8}
    scale("PutScheduledAction", ScheduledActionName="n", Schedule="at(2026-06-01T12:05:00)", ScalableTargetAction=bound)
    pass_time(600)
    again = Cloud(clock)
    Snapshot(again, tmp_path).restore()
    assert again.autoscaling.export() == cloud.autoscaling.export()
    (target,) = again.autoscaling.answer("DescribeScalableTargets", {"ServiceNamespace": "sagemaker"})[
        "ScalableTargets"
    ]
    assert target["MaxCapacity"] == 8


def test_state_saved_before_there_was_autoscaling_is_read(cloud: Cloud, shop: str) -> None:
    """A state folder of an earlier version opens, with nothing registered."""
    saved = cloud.export()
    del saved["autoscaling"]
    again = Cloud(cloud.clock)
    again.restore(saved)
    assert again.endpoints.status(shop) == "InService"
