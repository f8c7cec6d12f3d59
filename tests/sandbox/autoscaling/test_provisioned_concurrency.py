"""Serverless variants are scaled by their provisioned concurrency, as variants on instances are by their count."""

from collections.abc import Callable
from typing import Any

import pytest

from rollway.sandbox.autoscaling.names import CONCURRENCY, ScaledVariant
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal

Ask = Callable[..., dict[str, Any]]
Seconds = Callable[[float], None]
OF = ScaledVariant("quiet", "v", CONCURRENCY)
SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 9, "ProvisionedConcurrency": 2}


@pytest.fixture
def quiet(cloud: Cloud, make_config: object, pass_time: Seconds) -> None:
    """An endpoint ``quiet`` InService with one serverless variant ``v`` and a provisioned concurrency of 2."""
    del make_config  # it has made the model
    variant = {"VariantName": "v", "ModelName": "m", "ServerlessConfig": SERVERLESS}
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "quiet", "ProductionVariants": [variant]})
    cloud.call("CreateEndpoint", {"EndpointName": "quiet", "EndpointConfigName": "quiet"})
    pass_time(10)


@pytest.fixture
def ask(cloud: Cloud, quiet: None) -> Ask:
    """Ask autoscaling about ``v``."""
    del quiet
    return lambda operation, **members: cloud.autoscaling.answer(operation, {**OF.identity, **members})


def shown(cloud: Cloud, which: str) -> dict[str, Any]:
    (variant,) = cloud.call("DescribeEndpoint", {"EndpointName": "quiet"})["ProductionVariants"]
    return variant[f"{which}ServerlessConfig"]


def targets(cloud: Cloud, **members: object) -> list[dict[str, Any]]:
    request = {"ServiceNamespace": "sagemaker", "ResourceIds": [OF.resource_id], **members}
    return cloud.autoscaling.answer("DescribeScalableTargets", request)["ScalableTargets"]


def test_what_is_not_registered_is_described_as_nothing(cloud: Cloud, ask: Ask) -> None:
    """Before anything is registered, asking in either dimension finds nothing and is no mistake."""
    assert ask("DescribeScalingPolicies")["ScalingPolicies"] == []
    assert targets(cloud, ScalableDimension=CONCURRENCY) == targets(cloud) == []


def test_a_target_is_found_in_its_dimension_only(cloud: Cloud, ask: Ask) -> None:
    """A registered concurrency is described as such, and is no instance count."""
    ask("RegisterScalableTarget", MinCapacity=1, MaxCapacity=5)
    (target,) = targets(cloud, ScalableDimension=CONCURRENCY)
    assert (target["ScalableDimension"], target["MinCapacity"], target["MaxCapacity"]) == (CONCURRENCY, 1, 5)
    assert targets(cloud) == [target]
    assert targets(cloud, ScalableDimension="sagemaker:variant:DesiredInstanceCount") == []
    with pytest.raises(Refusal, match='no variant "v" in service on an endpoint "quiet" that has instance count'):
        cloud.autoscaling.answer(
            "RegisterScalableTarget", {**ScaledVariant("quiet", "v").identity, "MinCapacity": 1, "MaxCapacity": 2}
        )


def test_registration_brings_the_concurrency_into_its_bounds(cloud: Cloud, ask: Ask, pass_time: Seconds) -> None:
    """The endpoint is updated, shows the desired and the current concurrency meanwhile, and keeps its other capacity."""
    ask("RegisterScalableTarget", MinCapacity=4, MaxCapacity=5)
    assert cloud.endpoints.status("quiet") == "Updating"
    assert (shown(cloud, "Current"), shown(cloud, "Desired")) == (
        SERVERLESS,
        SERVERLESS | {"ProvisionedConcurrency": 4},
    )
    pass_time(10)
    assert shown(cloud, "Current") == SERVERLESS | {"ProvisionedConcurrency": 4}
    (activity,) = ask("DescribeScalingActivities")["ScalingActivities"]
    assert (activity["StatusCode"], activity["Description"]) == (
        "Successful",
        "Setting desired provisioned concurrency to 4.",
    )


def test_a_concurrency_of_none_is_no_bound(ask: Ask) -> None:
    """Provisioned concurrency is at least 1: AWS's guide says so, though the published shape does not."""
    with pytest.raises(Refusal, match="must be 1 <= MinCapacity"):
        ask("RegisterScalableTarget", MinCapacity=0, MaxCapacity=5)


def test_scaling_survives_a_restart(cloud: Cloud, ask: Ask) -> None:
    """Saved and restored, a target is in the same dimension; one that was saved before there were two is of instances."""
    ask("RegisterScalableTarget", MinCapacity=1, MaxCapacity=5)
    state: Any = cloud.autoscaling.export()
    cloud.autoscaling.restore(state)
    assert len(targets(cloud, ScalableDimension=CONCURRENCY)) == 1
    del state["registry"]["targets"][0]["of"]["dimension"]
    cloud.autoscaling.restore(state)
    assert targets(cloud)[0]["ScalableDimension"] == "sagemaker:variant:DesiredInstanceCount"
