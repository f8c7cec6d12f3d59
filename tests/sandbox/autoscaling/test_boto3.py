"""The real client talks to the simulated autoscaling, in process and over HTTP."""

import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.moto_adapter import in_process
from rollway.sandbox.server import ControlPlane

Client = Any  # boto3 makes its clients while it runs
VARIANT = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/shop/variant/baseline",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


@cache  # botocore reads its models once per session, and that is slow
def session() -> Any:
    return boto3.session.Session("any", "any", region_name="us-east-1")


def client(service: str, url: str | None = None) -> Client:
    return session().client(service, endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture(params=["in process", "over HTTP"])
def scaling(request: pytest.FixtureRequest, cloud: Cloud, shop: str) -> Generator[Client]:
    """A client of autoscaling, on both ways to the account with the endpoint ``shop``."""
    del shop
    if request.param == "in process":
        with in_process(cloud):
            yield client("application-autoscaling")
        return
    plane = ControlPlane(cloud)
    plane.start()
    yield client("application-autoscaling", plane.url)
    plane.stop()


def test_everything_registered_survives_the_wire(scaling: Client, clock: VirtualClock) -> None:
    """Numbers, times, flags and maps arrive as they were sent, and come back so."""
    tracking = {
        "TargetValue": 70.5,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "DisableScaleIn": False,
    }
    start = clock.now() + timedelta(hours=1)
    scaling.register_scalable_target(
        **VARIANT, MinCapacity=2, MaxCapacity=6, SuspendedState={"DynamicScalingInSuspended": True}
    )
    put = scaling.put_scaling_policy(
        **VARIANT,
        PolicyName="calls",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )
    scaling.put_scheduled_action(
        **VARIANT,
        ScheduledActionName="n",
        Schedule="rate(1 day)",
        StartTime=start,
        ScalableTargetAction={"MinCapacity": 0},
    )
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    (action,) = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    assert (target["MinCapacity"], target["MaxCapacity"], target["CreationTime"]) == (2, 6, clock.now())
    assert target["SuspendedState"]["DynamicScalingInSuspended"]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == tracking
    assert (policy["PolicyARN"], policy["Alarms"]) == (put["PolicyARN"], put["Alarms"])
    assert len(put["Alarms"]) == 2
    assert (action["StartTime"], action["ScalableTargetAction"]) == (start, {"MinCapacity": 0})


def test_an_activity_is_seen_from_outside(scaling: Client, cloud: Cloud, clock: VirtualClock) -> None:
    """Registration outside the bounds updates the endpoint; its activity ends without anybody asking for more."""
    scaling.register_scalable_target(**VARIANT, MinCapacity=3, MaxCapacity=6)
    assert cloud.endpoints.status("shop") == "Updating"
    clock.advance(timedelta(seconds=10))
    (activity,) = scaling.describe_scaling_activities(**VARIANT)["ScalingActivities"]
    assert (activity["StatusCode"], activity["EndTime"]) == ("Successful", clock.now())
    log = [(entry.service, entry.operation, entry.actor) for entry in cloud.request_log.entries()][-3:]
    assert log == [
        ("sagemaker", "UpdateEndpointWeightsAndCapacities", "autoscaling"),
        ("application-autoscaling", "RegisterScalableTarget", "caller"),
        ("application-autoscaling", "DescribeScalingActivities", "caller"),
    ]


def test_refusals_arrive_as_the_services_own_errors(scaling: Client) -> None:
    """Callers can catch what the service's model names."""
    with pytest.raises(scaling.exceptions.ObjectNotFoundException):
        scaling.deregister_scalable_target(**VARIANT)
    with pytest.raises(scaling.exceptions.ValidationException, match="failed to satisfy constraint"):
        scaling.register_scalable_target(**VARIANT | {"ServiceNamespace": "space"})
    with pytest.raises(scaling.exceptions.InvalidNextTokenException):
        scaling.describe_scaling_activities(**VARIANT, NextToken="none of ours")
    with pytest.raises(ClientError) as caught:
        scaling.delete_scaling_policy(**VARIANT, PolicyName="nobody")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_paginators_reach_the_end(scaling: Client) -> None:
    """boto3's own paginator follows our tokens."""
    for variant in ("baseline", "candidate"):
        resource = {"ResourceId": f"endpoint/shop/variant/{variant}"}
        scaling.register_scalable_target(**VARIANT | resource, MinCapacity=1, MaxCapacity=6)
    pages = scaling.get_paginator("describe_scalable_targets").paginate(
        ServiceNamespace="sagemaker", PaginationConfig={"PageSize": 1}
    )
    assert [len(page["ScalableTargets"]) for page in pages] == [1, 1]


def test_many_at_once(cloud: Cloud, shop: str, clock: VirtualClock) -> None:
    """Registering, changing and deleting the endpoint and saving the account from several threads never block each other."""
    cloud.watch(lambda: json.dumps(cloud.export()) and None)
    wanted = [{"VariantName": "baseline", "DesiredWeight": 2}]
    weights = {"EndpointName": shop, "DesiredWeightsAndCapacities": wanted}

    def hammer(number: int) -> None:
        for turn in range(10):
            request = {**VARIANT, "MinCapacity": 1 + (number + turn) % 3, "MaxCapacity": 4}
            cloud.autoscaling.answer("RegisterScalableTarget", request)
            clock.advance(timedelta(seconds=1))
            with suppress(Refusal):  # busy with somebody else's change
                cloud.call("UpdateEndpointWeightsAndCapacities", weights)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hammer, range(8), timeout=30))
    clock.advance(timedelta(seconds=10))
    cloud.call("DeleteEndpoint", {"EndpointName": shop})
    assert cloud.autoscaling.answer("DescribeScalableTargets", {"ServiceNamespace": "sagemaker"}) == {
        "ScalableTargets": []
    }
