"""Scaling registrations, written down and put back: against the simulated autoscaling, which forgets as the real one does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from policies.errors import PermanentAwsError
from policies.facts import Endpoint
from rollway.aws.scaling_snapshot import ScalingSnapshot, restore_scaling, snapshot_scaling
from rollway.aws.session import Aws
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud

OF: dict[str, Any] = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/fraud-prod/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TRACKING: dict[str, Any] = {
    "PolicyName": "calls",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 70.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleInCooldown": 600,
    },
}
STEPS: dict[str, Any] = {
    "PolicyName": "steps",
    "PolicyType": "StepScaling",
    "StepScalingPolicyConfiguration": {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}],
    },
}
NIGHT: dict[str, Any] = {
    "ScheduledActionName": "night",
    "Schedule": "rate(1 day)",
    "ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 4},
    "EndTime": datetime(2027, 1, 1, tzinfo=UTC),
}
ONCE: dict[str, Any] = {
    "ScheduledActionName": "launch",
    "Schedule": "at(2026-01-05T13:30:00)",
    "Timezone": "Europe/Berlin",
    "ScalableTargetAction": {"MinCapacity": 6},
}


@pytest.fixture
def scaled(aws: Aws, endpoint: Endpoint, register: Callable[..., None]) -> Endpoint:
    """The live endpoint with everything that can be registered for its variant."""
    register(endpoint.name, "AllTraffic", 20, DynamicScalingOutSuspended=True)
    for policy in (TRACKING, STEPS):
        aws.application_autoscaling.put_scaling_policy(**OF, **policy)
    for action in (NIGHT, ONCE):
        aws.application_autoscaling.put_scheduled_action(**OF, **action)
    return endpoint


@pytest.fixture
def snapshot(aws: Aws, scaled: Endpoint) -> ScalingSnapshot:
    return snapshot_scaling(aws, scaled)


def deregister(aws: Aws) -> None:
    aws.application_autoscaling.deregister_scalable_target(**OF)


def changes(cloud: Cloud) -> list[str]:
    entries = cloud.request_log.entries()
    return [
        entry.operation
        for entry in entries
        if entry.service == "application-autoscaling" and not entry.operation.startswith("Describe")
    ]


def test_snapshot_holds_what_is_registered(snapshot: ScalingSnapshot) -> None:
    """Bounds, suspensions, policies and scheduled actions are written down; what only AWS can set is not."""
    suspended = {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": True,
        "ScheduledScalingSuspended": False,
    }
    assert snapshot.targets == (OF | {"MinCapacity": 2, "MaxCapacity": 20, "SuspendedState": suspended},)
    assert snapshot.policies == (OF | TRACKING, OF | STEPS)
    launch, night = snapshot.actions
    assert launch == OF | ONCE
    assert night == OF | NIGHT | {"EndTime": "2027-01-01T00:00:00+00:00"}


def test_restored_is_what_was_there(aws: Aws, scaled: Endpoint, snapshot: ScalingSnapshot, clock: VirtualClock) -> None:
    """After a deregistration, which deletes all of it, everything comes back as it was, also by way of a journal."""
    deregister(aws)
    assert snapshot_scaling(aws, scaled).policies == ()
    kept = ScalingSnapshot.model_validate_json(snapshot.model_dump_json())
    result = restore_scaling(aws, kept, clock.now())
    assert result.status == "done"
    assert "point the alarms that call steps to the new ARN" in result.message
    assert snapshot_scaling(aws, scaled) == snapshot


def test_restoring_twice_sends_nothing(aws: Aws, cloud: Cloud, snapshot: ScalingSnapshot, clock: VirtualClock) -> None:
    """What is there as it was is left alone, so a restore that was cut off can simply be repeated."""
    before = changes(cloud)
    result = restore_scaling(aws, snapshot, clock.now())
    assert (result.status, changes(cloud)) == ("done", before)
    assert "ARN" not in result.message


def test_half_a_restore_is_finished(
    aws: Aws, cloud: Cloud, scaled: Endpoint, snapshot: ScalingSnapshot, clock: VirtualClock
) -> None:
    """Only what is missing, or differs, is sent again."""
    aws.application_autoscaling.delete_scaling_policy(**OF, PolicyName="steps")
    before = len(changes(cloud))
    assert restore_scaling(aws, snapshot, clock.now()).status == "done"
    assert changes(cloud)[before:] == ["PutScalingPolicy"]
    assert snapshot_scaling(aws, scaled) == snapshot


def test_additions_of_others_stay(aws: Aws, scaled: Endpoint, snapshot: ScalingSnapshot, clock: VirtualClock) -> None:
    """A policy that somebody added meanwhile is not removed."""
    more: dict[str, Any] = OF | STEPS | {"PolicyName": "more"}
    aws.application_autoscaling.put_scaling_policy(**more)
    assert restore_scaling(aws, snapshot, clock.now()).status == "done"
    assert [policy["PolicyName"] for policy in snapshot_scaling(aws, scaled).policies] == ["calls", "more", "steps"]


def test_action_that_is_over_is_reported_and_left_out(
    aws: Aws, scaled: Endpoint, snapshot: ScalingSnapshot, clock: VirtualClock
) -> None:
    """A one-time action whose hour, in its own time zone, has passed keeps nothing else from coming back."""
    deregister(aws)
    clock.advance(timedelta(minutes=31))  # 12:31 UTC, which is 13:31 in Berlin
    result = restore_scaling(aws, snapshot, clock.now())
    assert result.status == "done"
    assert "over meanwhile, so not put back: launch" in result.message
    assert [action["ScheduledActionName"] for action in snapshot_scaling(aws, scaled).actions] == ["night"]


def test_schedule_that_ended_is_left_out(aws: Aws, scaled: Endpoint, snapshot: ScalingSnapshot) -> None:
    """A recurring action is over at its end."""
    deregister(aws)
    result = restore_scaling(aws, snapshot, datetime(2027, 1, 1, tzinfo=UTC))
    assert "not put back: launch, night" in result.message
    assert snapshot_scaling(aws, scaled).actions == ()


def test_registration_that_is_not_seen_yet_is_busy(aws: Aws, snapshot: ScalingSnapshot, clock: VirtualClock) -> None:
    """A policy put right after its registration may be turned down, because AWS does not see the latter yet."""
    with Stubber(aws.application_autoscaling) as stub:
        stub.add_response("describe_scalable_targets", {"ScalableTargets": []})
        stub.add_response("register_scalable_target", {})
        stub.add_client_error("put_scaling_policy", "ObjectNotFoundException", "No scalable target registered")
        assert restore_scaling(aws, snapshot, clock.now()).status == "busy"


def test_variant_that_is_gone_is_an_error(
    aws: Aws, cloud: Cloud, snapshot: ScalingSnapshot, clock: VirtualClock, settle: Callable[[], None]
) -> None:
    """A registration cannot come back to a variant that the endpoint has no more."""
    deregister(aws)
    variant = {
        "VariantName": "other",
        "ModelName": "fraud-v7",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.xlarge",
    }
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "other", "ProductionVariants": [variant]})
    cloud.call("UpdateEndpoint", {"EndpointName": "fraud-prod", "EndpointConfigName": "other"})
    settle()
    with pytest.raises(PermanentAwsError, match="no variant"):
        restore_scaling(aws, snapshot, clock.now())


def test_endpoint_without_scaling(aws: Aws, endpoint: Endpoint, clock: VirtualClock) -> None:
    """Nothing registered is nothing to put back."""
    empty = snapshot_scaling(aws, endpoint)
    assert (empty.variants, empty.targets, empty.policies, empty.actions) == ((), (), (), ())
    assert restore_scaling(aws, empty, clock.now()).status == "done"
