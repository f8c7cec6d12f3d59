"""Scaling policies are kept, given back as they were given, and refused where AWS would refuse them."""

from collections.abc import Callable
from typing import Any

import pytest

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal

Scale = Callable[..., dict[str, Any]]
TRACKING = "TargetTrackingScalingPolicyConfiguration"
METRIC = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}


@pytest.fixture
def put(scale: Scale) -> Scale:
    """Register ``baseline`` and put a policy named ``calls``."""
    scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=4)
    return lambda **members: scale("PutScalingPolicy", **{"PolicyName": "calls", **members})


def test_a_policy_needs_a_target(scale: Scale, track: Scale) -> None:
    """A policy cannot be put on a variant that is not registered."""
    track()
    scale("DeregisterScalableTarget")
    with pytest.raises(Refusal, match="resource ID: endpoint/shop/variant/baseline") as caught:
        scale("PutScalingPolicy", PolicyName="calls", PolicyType="TargetTrackingScaling")
    assert caught.value.code == "ObjectNotFoundException"


def test_target_tracking_names_two_alarms(track: Scale, scale: Scale) -> None:
    """A target tracking policy answers with its ARN and two alarms, and is described with the same."""
    answer = track()
    names = [alarm["AlarmName"] for alarm in answer["Alarms"]]
    prefix = "TargetTracking-endpoint/shop/variant/baseline-Alarm"
    assert [name.removeprefix(prefix).split("-")[0] for name in names] == ["High", "Low"]
    assert answer["Alarms"][0]["AlarmARN"] == f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{names[0]}"
    (policy,) = scale("DescribeScalingPolicies")["ScalingPolicies"]
    assert (policy["PolicyARN"], policy["Alarms"]) == (answer["PolicyARN"], answer["Alarms"])
    assert answer["PolicyARN"].startswith("arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:")
    assert answer["PolicyARN"].endswith(":resource/sagemaker/endpoint/shop/variant/baseline:policyName/calls")


@pytest.mark.parametrize(
    ("kind", "member", "configuration"),
    [
        ("TargetTrackingScaling", TRACKING, {"TargetValue": 70.0, "PredefinedMetricSpecification": METRIC}),
        (
            "TargetTrackingScaling",
            TRACKING,
            {
                "TargetValue": 0.5,
                "CustomizedMetricSpecification": {"MetricName": "m", "Namespace": "n", "Statistic": "Average"},
                "ScaleInCooldown": 600,
                "DisableScaleIn": True,
            },
        ),
        (
            "StepScaling",
            "StepScalingPolicyConfiguration",
            {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": 1}]},
        ),
    ],
)
def test_a_policy_comes_back_as_it_was_given(
    put: Scale, scale: Scale, kind: str, member: str, configuration: dict[str, Any]
) -> None:
    """Whoever saves a policy before deregistration can put the very same one back."""
    put(PolicyType=kind, **{member: configuration})
    (policy,) = scale("DescribeScalingPolicies")["ScalingPolicies"]
    assert (policy["PolicyType"], policy[member]) == (kind, configuration)


def test_putting_a_policy_again_replaces_it(
    cloud: Cloud, track: Scale, scale: Scale, pass_time: Callable[..., None]
) -> None:
    """There is one policy of a name; its configuration is the latest, its time of creation the first."""
    first = track()
    created = cloud.clock.now()
    pass_time(60)
    assert track(target=5.0, ScaleInCooldown=0) == first
    (policy,) = scale("DescribeScalingPolicies")["ScalingPolicies"]
    assert policy["CreationTime"] == created
    assert policy[TRACKING] == {"TargetValue": 5.0, "PredefinedMetricSpecification": METRIC, "ScaleInCooldown": 0}


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({}, "needs a PolicyType"),
        ({"PolicyType": "PredictiveScaling"}, "PredictiveScaling is not supported for SageMaker"),
        ({"PolicyType": "TargetTrackingScaling"}, f"needs {TRACKING}"),
        (
            {"PolicyType": "TargetTrackingScaling", TRACKING: {"TargetValue": 1.0}},
            "either a predefined or a customized",
        ),
        (
            {
                "PolicyType": "TargetTrackingScaling",
                TRACKING: {"TargetValue": 0.0, "PredefinedMetricSpecification": METRIC},
            },
            "greater than 0",
        ),
        ({"PolicyName": "tab\t"}, r"pattern: \\p{Print}\+"),
    ],
)
def test_what_is_no_policy(put: Scale, members: dict[str, Any], why: str) -> None:
    """A policy that says too little, or what SageMaker does not have, is refused."""
    with pytest.raises(Refusal, match=why) as caught:
        put(**members)
    assert caught.value.code == "ValidationException"


def test_policies_are_found_by_name_and_come_in_pages_of_ten(cloud: Cloud, track: Scale, scale: Scale) -> None:
    """A page holds ten policies, as AWS's do; names narrow the list down."""
    for number in range(11):
        track(f"policy-{number:02}")
    everything = {"ServiceNamespace": "sagemaker"}
    first = cloud.autoscaling.answer("DescribeScalingPolicies", everything)
    rest = cloud.autoscaling.answer("DescribeScalingPolicies", everything | {"NextToken": first["NextToken"]})
    assert [len(page["ScalingPolicies"]) for page in (first, rest)] == [10, 1]
    (one,) = scale("DescribeScalingPolicies", PolicyNames=["policy-07"])["ScalingPolicies"]
    assert one["PolicyName"] == "policy-07"


def test_a_policy_is_deleted_once(track: Scale, scale: Scale) -> None:
    """A deleted policy is gone, and deleting it again says that there is none."""
    track()
    scale("DeleteScalingPolicy", PolicyName="calls")
    assert scale("DescribeScalingPolicies")["ScalingPolicies"] == []
    with pytest.raises(Refusal, match='scaling policy "calls"') as caught:
        scale("DeleteScalingPolicy", PolicyName="calls")
    assert caught.value.code == "ObjectNotFoundException"
