"""The life of an endpoint: created, updated, adjusted, deleted; what is shown, what serves, what is refused when."""

from collections.abc import Callable
from typing import Any

import pytest

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal

Describe = Callable[[], dict[str, Any]]
Make = Callable[..., dict[str, Any]]
Seconds = Callable[[float], None]
ARN = "arn:aws:sagemaker:us-east-1:123456789012"


def weights(cloud: Cloud) -> dict[str, float]:
    return {variant.name: variant.weight for variant in cloud.endpoints.serving("shop").variants}


def current(answer: dict[str, Any], member: str) -> list[Any]:
    return [variant[member] for variant in answer["ProductionVariants"]]


def test_creation_takes_its_time(cloud: Cloud, make_config: Make, describe: Describe, pass_time: Seconds) -> None:
    """While Creating nothing serves and the pending deployment is shown; afterwards the endpoint is InService."""
    make_config("one", {"v": 1})
    cloud.call("CreateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "one"})
    creating = describe()
    assert (creating["EndpointStatus"], creating["EndpointConfigName"]) == ("Creating", "one")
    assert "ProductionVariants" not in creating
    assert creating["PendingDeploymentSummary"]["EndpointConfigName"] == "one"
    with pytest.raises(Refusal, match=r"ValidationError: Endpoint shop of account 123456789012 not found\."):
        cloud.endpoints.serving("shop")
    pass_time(3)
    serving = describe()
    assert serving["EndpointStatus"] == "InService"
    assert serving["LastModifiedTime"] > serving["CreationTime"]
    assert "PendingDeploymentSummary" not in serving
    assert weights(cloud) == {"v": 1}


def test_an_image_is_shown_resolved(describe: Describe, shop: str) -> None:
    """DeployedImages tells the tag that was asked for and the digest that runs."""
    assert shop == "shop"
    (image,) = describe()["ProductionVariants"][0]["DeployedImages"]
    assert image["SpecifiedImage"] == "fraud:1"
    assert image["ResolvedImage"].startswith("fraud@sha256:")
    assert len(image["ResolvedImage"]) == len("fraud@sha256:") + 64


def test_the_old_lineup_serves_until_an_update_is_complete(
    cloud: Cloud, shop: str, update: Make, describe: Describe, pass_time: Seconds
) -> None:
    """An update shows Updating with the old name and the pending one; name, weights and fleets change together."""
    before = cloud.endpoints.serving(shop)
    update("two")
    during = describe()
    assert (during["EndpointStatus"], during["EndpointConfigName"]) == ("Updating", "one")
    assert current(during, "CurrentWeight") == current(during, "DesiredWeight") == [90, 10]
    pending = during["PendingDeploymentSummary"]
    assert (pending["EndpointConfigName"], pending["StartTime"]) == ("two", cloud.clock.now())
    assert pending["ProductionVariants"][0]["VariantStatus"][0]["Status"] == "Creating"
    pass_time(2)
    stage = describe()["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]["Status"]
    assert stage == "ActivatingTraffic"
    assert cloud.endpoints.serving(shop) == before
    pass_time(1)
    after = describe()
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "two")
    assert current(after, "CurrentWeight") == [50, 50]
    fleets = {variant.fleet_id for variant in (*before.variants, *cloud.endpoints.serving(shop).variants)}
    assert len(fleets) == 4


def test_the_data_plane_sees_an_update_that_nobody_describes(
    cloud: Cloud, shop: str, update: Make, pass_time: Seconds
) -> None:
    """Serving advances by itself, for production traffic does not wait for anybody to look."""
    update("two")
    pass_time(3)
    assert {variant.weight for variant in cloud.endpoints.serving(shop).variants} == {50}


@pytest.mark.parametrize("kind", ["creating", "updating", "adjusting", "deleting"])
def test_changes_in_progress_refuse_others(  # noqa: PLR0913, PLR0917 - every argument is a fixture or a parameter
    cloud: Cloud, shop: str, update: Make, adjust: Make, pass_time: Seconds, kind: str
) -> None:
    """One deployment at a time: updates, adjustments and deletions during any of them get AWS's message."""
    if kind == "creating":
        cloud.call("DeleteEndpoint", {"EndpointName": shop})
        pass_time(5)
        cloud.call("CreateEndpoint", {"EndpointName": shop, "EndpointConfigName": "one"})
    start: dict[str, Callable[[], object]] = {
        "creating": dict,
        "updating": lambda: update("two"),
        "adjusting": lambda: adjust({"baseline": 1}),
        "deleting": lambda: cloud.call("DeleteEndpoint", {"EndpointName": shop}),
    }
    start[kind]()
    attempts: list[Callable[[], object]] = [
        lambda: update("two"),
        lambda: adjust({"baseline": 5}),
        lambda: cloud.call("DeleteEndpoint", {"EndpointName": shop}),
    ]
    for attempt in attempts:
        with pytest.raises(Refusal) as caught:
            attempt()
        assert caught.value.message == f'Cannot update in-progress endpoint "{ARN}:endpoint/shop".'


def test_the_config_in_use_cannot_be_deployed_again(shop: str, update: Make, adjust: Make, pass_time: Seconds) -> None:
    """Re-applying the baseline is refused even after its weights have drifted."""
    assert shop == "shop"
    adjust({"candidate": 0})
    pass_time(5)
    with pytest.raises(Refusal) as caught:
        update("one")
    expected = f'Cannot update endpoint with the currently in use endpoint configuration "{ARN}:endpoint-config/one".'
    assert caught.value.message == expected


def test_deleting_the_config_in_use_blocks_every_update(cloud: Cloud, shop: str, update: Make) -> None:
    """AWS lets the old config be deleted and then cannot update: the error names the OLD one."""
    cloud.call("DeleteEndpointConfig", {"EndpointConfigName": "one"})
    with pytest.raises(Refusal) as caught:
        update("two")
    assert caught.value.message == f'Could not find endpoint configuration "{ARN}:endpoint-config/one".'
    assert cloud.endpoints.serving(shop).variants


def test_endpoint_names_are_taken_whatever_their_case(cloud: Cloud, shop: str) -> None:
    """CreateEndpoint compares names without case; an update of another case finds nothing."""
    with pytest.raises(Refusal, match="Cannot create already existing endpoint"):
        cloud.call("CreateEndpoint", {"EndpointName": shop.upper(), "EndpointConfigName": "two"})
    with pytest.raises(Refusal, match="Could not find endpoint"):
        cloud.call("UpdateEndpoint", {"EndpointName": shop.upper(), "EndpointConfigName": "two"})


def test_deletion_takes_its_time(cloud: Cloud, shop: str, describe: Describe, pass_time: Seconds) -> None:
    """A Deleting endpoint answers no traffic; once gone, its name is free."""
    cloud.call("DeleteEndpoint", {"EndpointName": shop})
    assert describe()["EndpointStatus"] == "Deleting"
    with pytest.raises(Refusal, match="not found"):
        cloud.endpoints.serving(shop)
    pass_time(1)
    with pytest.raises(Refusal, match="Could not find endpoint"):
        describe()
    cloud.call("CreateEndpoint", {"EndpointName": shop, "EndpointConfigName": "two"})


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, {"baseline": (50, 2), "candidate": (50, 2)}),
        ({"RetainAllVariantProperties": True}, {"baseline": (70, 7), "candidate": (30, 2)}),
        (
            {
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
            },
            {"baseline": (50, 7), "candidate": (50, 2)},
        ),
        (
            {
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredInstanceCount"}],
            },
            {"baseline": (70, 2), "candidate": (30, 2)},
        ),
        (
            {"ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}]},
            {"baseline": (50, 2), "candidate": (50, 2)},
        ),
    ],
)
def test_what_an_update_retains(  # noqa: PLR0913, PLR0917 - every argument is a fixture or a parameter
    cloud: Cloud,
    shop: str,
    update: Make,
    adjust: Make,
    pass_time: Seconds,
    members: dict[str, Any],
    expected: dict[str, tuple[float, int]],
) -> None:
    """By default an update silently resets live weights and counts; retaining keeps those of the same name."""
    adjust({"baseline": 70, "candidate": 30}, {"baseline": 7})
    pass_time(10)
    update("two", **members)
    pass_time(10)
    serving = cloud.endpoints.serving(shop).variants
    assert {variant.name: (variant.weight, variant.instances) for variant in serving} == expected


def test_retaining_leaves_new_variants_to_the_config(
    cloud: Cloud, shop: str, make_config: Make, update: Make, pass_time: Seconds
) -> None:
    """A variant that was not there before has nothing to retain."""
    make_config("three", {"baseline": 1, "newcomer": 4})
    update("three", RetainAllVariantProperties=True)
    pass_time(10)
    assert shop == "shop"
    assert weights(cloud) == {"baseline": 90, "newcomer": 4}


def test_the_deployment_config_is_remembered(
    shop: str, update: Make, describe: Describe, make_config: Make, pass_time: Seconds
) -> None:
    """LastDeploymentConfig echoes the last update's, and stays only when asked to."""
    assert shop == "shop"
    guardrails = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}}
    }
    for config in ("three", "four"):
        make_config(config, {"baseline": 1, "candidate": 1})
    update("two", DeploymentConfig=guardrails)
    pass_time(3)
    assert describe()["LastDeploymentConfig"] == guardrails
    update("three", RetainDeploymentConfig=True)
    pass_time(3)
    assert describe()["LastDeploymentConfig"] == guardrails
    update("four")
    pass_time(3)
    assert "LastDeploymentConfig" not in describe()


def test_weights_change_alone(cloud: Cloud, shop: str, adjust: Make, describe: Describe, pass_time: Seconds) -> None:
    """A weight-only call on one variant leaves counts and the other variant alone; Desired leads, Current follows."""
    adjust({"candidate": 0.1})
    during = describe()
    assert during["EndpointStatus"] == "Updating"
    assert current(during, "CurrentWeight") == [90, 10]
    assert current(during, "DesiredWeight") == [90, pytest.approx(0.1)]
    assert "PendingDeploymentSummary" not in during
    assert weights(cloud) == {"baseline": 90, "candidate": 10}
    pass_time(1)
    after = describe()
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "one")
    # A 32-bit float, as SageMaker's API has it: numpy.float32(0.1) is the oracle.
    assert current(after, "CurrentWeight") == [90, 0.10000000149011612]
    assert current(after, "CurrentInstanceCount") == [2, 2]
    assert shop == "shop"


def test_counts_change_alone(shop: str, adjust: Make, describe: Describe, pass_time: Seconds) -> None:
    """A count-only call leaves the weights alone and takes as long as capacity does."""
    assert shop == "shop"
    adjust(counts={"baseline": 5})
    pass_time(1)
    during = describe()
    assert (during["EndpointStatus"], current(during, "CurrentInstanceCount")) == ("Updating", [2, 2])
    assert current(during, "DesiredInstanceCount") == [5, 2]
    pass_time(1)
    after = describe()
    assert (after["EndpointStatus"], current(after, "CurrentInstanceCount")) == ("InService", [5, 2])
    assert current(after, "CurrentWeight") == [90, 10]


def test_weight_zero_is_a_weight(shop: str, adjust: Make, describe: Describe, pass_time: Seconds) -> None:
    """Zero is kept and shown, not mistaken for "not given"."""
    assert shop == "shop"
    adjust({"candidate": 0})
    pass_time(1)
    assert current(describe(), "CurrentWeight") == [90, 0]


def test_an_adjustment_names_known_variants_once(cloud: Cloud, shop: str, adjust: Make) -> None:
    """An unknown or a repeated variant refuses the whole call, in AWS's words."""
    with pytest.raises(Refusal) as caught:
        adjust({"baseline": 1, "stranger": 2})
    expected = 'The variant name(s) "stranger" is/are not present within endpoint configuration "one".'
    assert caught.value.message == expected
    twice = [{"VariantName": "baseline", "DesiredWeight": weight} for weight in (1, 2)]
    with pytest.raises(Refusal, match="non-unique"):
        cloud.call("UpdateEndpointWeightsAndCapacities", {"EndpointName": shop, "DesiredWeightsAndCapacities": twice})
    assert weights(cloud) == {"baseline": 90, "candidate": 10}


def test_shadow_variants_are_shown_and_served_apart(
    cloud: Cloud, make_config: Make, describe: Describe, pass_time: Seconds
) -> None:
    """A shadow variant is no part of the production split."""
    shadow = {"VariantName": "next", "ModelName": "fraud", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    make_config("mirrored", {"v": 1}, ShadowProductionVariants=[shadow])
    cloud.call("CreateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "mirrored"})
    pass_time(3)
    assert [variant["VariantName"] for variant in describe()["ShadowProductionVariants"]] == ["next"]
    serving = cloud.endpoints.serving("shop")
    assert ([v.name for v in serving.variants], [v.name for v in serving.shadow]) == (["v"], ["next"])


def test_data_capture_is_summarised(cloud: Cloud, make_config: Make, describe: Describe, pass_time: Seconds) -> None:
    """DescribeEndpoint shows capture as a status, from the configuration that serves."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 20,
        "DestinationS3Uri": "s3://capture/shop",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    make_config("one", {"v": 1}, DataCaptureConfig=capture)
    cloud.call("CreateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "one"})
    pass_time(3)
    assert describe()["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 20,
        "DestinationS3Uri": "s3://capture/shop",
        "KmsKeyId": "",
    }


def test_serverless_variants_have_no_instances(
    cloud: Cloud, make_model: Make, describe: Describe, pass_time: Seconds
) -> None:
    """A serverless variant shows its concurrency instead of counts, and can be given another."""
    make_model("fraud")
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    variant = {"VariantName": "v", "ModelName": "fraud", "ServerlessConfig": serverless}
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "one", "ProductionVariants": [variant]})
    cloud.call("CreateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "one"})
    pass_time(3)
    change = {"VariantName": "v", "ServerlessUpdateConfig": {"MaxConcurrency": 9}}
    request = {"EndpointName": "shop", "DesiredWeightsAndCapacities": [change]}
    cloud.call("UpdateEndpointWeightsAndCapacities", request)
    (shown,) = describe()["ProductionVariants"]
    assert shown["CurrentServerlessConfig"] == serverless
    assert shown["DesiredServerlessConfig"] == {**serverless, "MaxConcurrency": 9}
    assert "CurrentInstanceCount" not in shown


def test_inference_components_are_refused_honestly(cloud: Cloud) -> None:
    """A configuration for inference components is refused before anything of it exists, and the refusal says that this is not simulated."""
    role = "arn:aws:iam::123456789012:role/rollway"
    variant = {"VariantName": "v", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    config = {"EndpointConfigName": "one", "ProductionVariants": [variant], "ExecutionRoleArn": role}
    with pytest.raises(Refusal, match="inference components are not simulated"):
        cloud.call("CreateEndpointConfig", config)
    assert not cloud.configs.shelf.all()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"DesiredInstanceCount": 2}, "is serverless: DesiredInstanceCount is not for it"),
        ({"ServerlessUpdateConfig": {"ProvisionedConcurrency": 6}}, "must not exceed MaxConcurrency"),
        ({"ServerlessUpdateConfig": {"ProvisionedConcurrency": 0}}, "value greater than or equal to 1"),
    ],
)
def test_capacity_that_a_serverless_variant_cannot_have(
    cloud: Cloud, make_model: Make, pass_time: Seconds, change: dict[str, Any], why: str
) -> None:
    """A change is held to the rules of a configuration, and instances are not for a variant that has none."""
    make_model("fraud")
    variant = {
        "VariantName": "v",
        "ModelName": "fraud",
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
    }
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "one", "ProductionVariants": [variant]})
    cloud.call("CreateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "one"})
    pass_time(3)
    request = {"EndpointName": "shop", "DesiredWeightsAndCapacities": [{"VariantName": "v", **change}]}
    with pytest.raises(Refusal, match=why):
        cloud.call("UpdateEndpointWeightsAndCapacities", request)


def test_instances_have_no_concurrency(cloud: Cloud, shop: str) -> None:
    """Serverless capacity is not for a variant on instances."""
    change = {"VariantName": "baseline", "ServerlessUpdateConfig": {"MaxConcurrency": 9}}
    with pytest.raises(Refusal, match="is not serverless: ServerlessUpdateConfig is not for it"):
        cloud.call(
            "UpdateEndpointWeightsAndCapacities", {"EndpointName": shop, "DesiredWeightsAndCapacities": [change]}
        )
