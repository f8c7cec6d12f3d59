"""What SageMaker asks of several members together: each rule broken alone, and told where it is."""

import copy
from typing import Any

import pytest

from policies.blueprint.loading import find_problems
from rollway.aws.shapes import blueprint_shapes

ROLE = "arn:aws:iam::123456789012:role/serving"
TRACKED = "TargetTrackingScalingPolicyConfiguration"
TRACKING = {
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 70,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
}
NIGHT = {"Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 1}}
VARIANT = {"VariantName": "a", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
SERVERLESS = {
    "VariantName": "a",
    "ModelName": "m",
    "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 10, "ProvisionedConcurrency": 5},
}
CAPTURE = {
    "InitialSamplingPercentage": 1,
    "DestinationS3Uri": "s3://captures/a",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
CROSSING = {"MaxInvocationsPerSecondPerInstance": 5, "MaxCrossRegionPercentPerEndpoint": 5}
ASYNC = {"OutputConfig": {"S3OutputPath": "s3://answers/a"}}
CONTAINER = {"Image": "registry/image:1"}
REMOVED = object()


def document(**changes: Any) -> dict[str, Any]:
    """A valid blueprint with members changed by their paths, ``__`` for each dot: ``config__ProductionVariants``."""
    whole: dict[str, Any] = {
        "endpoint": "e",
        "models": {"m": {"PrimaryContainer": CONTAINER, "ExecutionRoleArn": ROLE}},
        "config": {"ProductionVariants": [VARIANT]},
        "scaling": {"a": {"min": 1, "max": 5, "policies": {"load": TRACKING}, "scheduled": {"night": NIGHT}}},
    }
    whole = copy.deepcopy(whole)
    for path, value in changes.items():
        *above, last = path.split("__")
        inner = whole
        for step in above:
            inner = inner[step]
        if value is REMOVED:
            del inner[last]
        else:
            inner[last] = value
    return whole


def wheres(whole: dict[str, Any]) -> list[str]:
    return [problem.where for problem in find_problems(whole, blueprint_shapes())]


def variant(base: dict[str, Any] | None = None, **changes: Any) -> list[dict[str, Any]]:
    changed = (VARIANT if base is None else base) | changes
    return [{name: value for name, value in changed.items() if value is not REMOVED}]


def test_the_base_is_valid() -> None:
    """What the rules below are broken in has no problems by itself."""
    assert wheres(document()) == []
    assert wheres(document(config__ProductionVariants=[SERVERLESS])) == []


V = "config.ProductionVariants[0]"


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        (variant(ServerlessConfig=SERVERLESS["ServerlessConfig"]), [f"{V}.InstanceType", f"{V}.InitialInstanceCount"]),
        (variant(InstancePools=[{"InstanceType": "ml.m5.large", "Priority": 1}]), [V]),
        (variant(InstanceType=REMOVED), [V]),
        (variant(InitialInstanceCount=REMOVED), [f"{V}.InitialInstanceCount"]),
        (variant(SERVERLESS, InitialInstanceCount=1), [f"{V}.InitialInstanceCount"]),
        (variant(ModelName=REMOVED), [f"{V}.ModelName"]),
        (variant(InitialVariantWeight=0), ["config.ProductionVariants"]),
        ([*variant(), *variant()], ["config.ProductionVariants[1].VariantName"]),
        (variant(ManagedInstanceScaling={"Status": "ENABLED"}), [f"{V}.ManagedInstanceScaling.Status"]),
        (
            variant(ManagedInstanceScaling={"MinInstanceCount": 3, "MaxInstanceCount": 2}),
            [f"{V}.ManagedInstanceScaling.MinInstanceCount"],
        ),
        (
            variant(RoutingConfig={"RoutingStrategy": "RANDOM", "PrefixAwareRoutingConfig": {"PrefixLength": 2000}}),
            [f"{V}.RoutingConfig.PrefixAwareRoutingConfig"],
        ),
        (
            variant(RoutingConfig={"RoutingStrategy": "PREFIX_AWARE"}),
            [
                f"{V}.RoutingConfig.PrefixAwareRoutingConfig.PrefixLength",
                f"{V}.RoutingConfig.PrefixAwareRoutingConfig.ConcurrencyThreshold",
            ],
        ),
        (variant(AcceleratorPartitionLayouts=[{}, {}]), [f"{V}.AcceleratorPartitionLayouts"]),
    ],
)
def test_variants(variants: list[dict[str, Any]], expected: list[str]) -> None:
    """A variant that contradicts itself, or says too little, is told at the member that is to blame."""
    assert wheres(document(config__ProductionVariants=variants)) == expected


@pytest.mark.parametrize(
    ("serverless", "expected"),
    [
        ({"MemorySizeInMB": 1500}, ["MemorySizeInMB"]),
        ({"MemorySizeInMB": 512}, ["MemorySizeInMB", "MemorySizeInMB"]),
        ({"ProvisionedConcurrency": 11}, ["ProvisionedConcurrency"]),
    ],
)
def test_serverless_sizes(serverless: dict[str, int], expected: list[str]) -> None:
    """Memory comes in steps of 1024 MB, and no more can be provisioned than may run at a time."""
    broken = variant(SERVERLESS, ServerlessConfig=SERVERLESS["ServerlessConfig"] | serverless)

    assert wheres(document(config__ProductionVariants=broken)) == [f"{V}.ServerlessConfig.{name}" for name in expected]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"DataCaptureConfig": CAPTURE}, ["config.DataCaptureConfig"]),
        ({"VpcConfig": VPC}, ["config.VpcConfig"]),
        ({"CrossRegionTrafficConfig": CROSSING}, ["config.CrossRegionTrafficConfig"]),
        ({"EnableNetworkIsolation": True}, ["config.EnableNetworkIsolation"]),
        ({"ProductionVariants": [SERVERLESS, VARIANT | {"VariantName": "b"}]}, ["config.ProductionVariants"]),
        (
            {"ShadowProductionVariants": [VARIANT | {"VariantName": "b"}]},
            [f"{V}.ServerlessConfig"],
        ),
        ({"AsyncInferenceConfig": ASYNC}, ["config.AsyncInferenceConfig"]),
    ],
)
def test_what_serverless_variants_exclude(config: dict[str, Any], expected: list[str]) -> None:
    """AWS lists what serverless endpoints cannot have."""
    assert wheres(document(config={"ProductionVariants": [SERVERLESS], **config})) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"ProductionVariants": [VARIANT, VARIANT | {"VariantName": "c"}]},
            ["config.ShadowProductionVariants"],
        ),
        (
            {"ShadowProductionVariants": [VARIANT | {"VariantName": "b"}, VARIANT | {"VariantName": "c"}]},
            ["config.ShadowProductionVariants"],
        ),
        ({"ShadowProductionVariants": [VARIANT]}, ["config.ShadowProductionVariants[0].VariantName"]),
        ({"AsyncInferenceConfig": ASYNC}, ["config.ShadowProductionVariants"]),
    ],
)
def test_shadows(config: dict[str, Any], expected: list[str]) -> None:
    """One variant shadows one other, under a name of its own, and answers at once."""
    shadowed = {"ProductionVariants": [VARIANT], "ShadowProductionVariants": [VARIANT | {"VariantName": "b"}]}

    assert wheres(document(config=shadowed)) == []
    assert wheres(document(config=shadowed | config)) == expected


def test_cross_region_traffic_and_asynchronous_inference_exclude_each_other() -> None:
    """AWS documents that the two do not go together."""
    config = {"ProductionVariants": [VARIANT], "AsyncInferenceConfig": ASYNC, "CrossRegionTrafficConfig": CROSSING}

    assert wheres(document(config=config)) == ["config.CrossRegionTrafficConfig"]


def test_metrics_are_published_at_certain_frequencies() -> None:
    """The shape allows any number; the documentation lists seven."""
    config = {"ProductionVariants": [VARIANT], "MetricsConfig": {"MetricPublishFrequencyInSeconds": 45}}

    assert wheres(document(config=config)) == ["config.MetricsConfig.MetricPublishFrequencyInSeconds"]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({}, ["models.m"]),
        ({"PrimaryContainer": CONTAINER, "Containers": [CONTAINER]}, ["models.m"]),
        ({"PrimaryContainer": {}}, ["models.m.PrimaryContainer"]),
        (
            {
                "PrimaryContainer": CONTAINER
                | {
                    "ModelDataUrl": "s3://a/b",
                    "ModelDataSource": {
                        "S3DataSource": {"S3Uri": "s3://a/b", "S3DataType": "S3Prefix", "CompressionType": "None"}
                    },
                }
            },
            ["models.m.PrimaryContainer"],
        ),
        (
            {"PrimaryContainer": CONTAINER, "InferenceExecutionConfig": {"Mode": "Serial"}},
            ["models.m.InferenceExecutionConfig"],
        ),
        ({"Containers": [CONTAINER | {"ContainerHostname": "one"}, CONTAINER]}, ["models.m.Containers"]),
        (
            {"PrimaryContainer": CONTAINER | {"Environment": {"A": "é" * 1000}}},
            ["models.m.PrimaryContainer.Environment.A"],
        ),
        (
            {"PrimaryContainer": CONTAINER | {"Environment": {f"A{number}": "x" * 1000 for number in range(33)}}},
            ["models.m"],
        ),
        (
            {
                "PrimaryContainer": CONTAINER
                | {
                    "ContainerMetricsConfig": {
                        "MetricsEndpoints": [{"MetricsEndpointPath": "/m", "MetricPublishFrequencyInSeconds": 7}]
                    }
                }
            },
            [
                "models.m.PrimaryContainer.ContainerMetricsConfig.MetricsEndpoints[0].MetricPublishFrequencyInSeconds",
            ],
        ),
    ],
)
def test_models(model: dict[str, Any], expected: list[str]) -> None:
    """A model has one container or several, each with an image and one source of data, and not too large an environment."""
    assert wheres(document(models__m=model)) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ({"PrimaryContainer": CONTAINER, "VpcConfig": VPC}, ["models.m.VpcConfig"]),
        ({"PrimaryContainer": CONTAINER, "EnableNetworkIsolation": True}, ["models.m.EnableNetworkIsolation"]),
        ({"Containers": [CONTAINER, CONTAINER]}, ["models.m.Containers"]),
        ({"PrimaryContainer": CONTAINER | {"Mode": "MultiModel"}}, ["models.m.PrimaryContainer.Mode"]),
        (
            {
                "PrimaryContainer": CONTAINER
                | {
                    "ModelDataSource": {
                        "S3DataSource": {"S3Uri": "s3://a/b", "S3DataType": "S3Prefix", "CompressionType": "None"}
                    }
                }
            },
            ["models.m.PrimaryContainer.ModelDataSource"],
        ),
    ],
)
def test_models_of_serverless_variants(model: dict[str, Any], expected: list[str]) -> None:
    """A model may be fine by itself, and not for a serverless variant."""
    assert wheres(document(models__m=model)) == []
    assert wheres(document(models__m=model, config__ProductionVariants=[SERVERLESS])) == expected


S = "scaling.a"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("scaling__a__min", 9, [f"{S}.min"]),
        ("scaling__a__min", 0, [f"{S}.min"]),
        ("scaling__a__min", -1, [f"{S}.min"]),
        ("scaling__a__max", REMOVED, [f"{S}.max"]),
        ("scaling__b", {"min": 1, "max": 2}, ["scaling.b"]),
        ("scaling__a__policies__x", {}, [f"{S}.policies.x"]),
        (
            "scaling__a__policies__x",
            TRACKING | {"StepScalingPolicyConfiguration": {}},
            [f"{S}.policies.x"],
        ),
        ("scaling__a__policies__x", TRACKING | {"PolicyType": "StepScaling"}, [f"{S}.policies.x.PolicyType"]),
        (
            "scaling__a__policies__x",
            {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1}},
            [f"{S}.policies.x.TargetTrackingScalingPolicyConfiguration"],
        ),
        (
            f"scaling__a__policies__load__{TRACKED}__PredefinedMetricSpecification",
            {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            [
                f"{S}.policies.load.{TRACKED}.PredefinedMetricSpecification.PredefinedMetricType",
            ],
        ),
        ("scaling__a__scheduled__night__Schedule", REMOVED, [f"{S}.scheduled.night.Schedule"]),
        ("scaling__a__scheduled__night__Schedule", "daily", [f"{S}.scheduled.night.Schedule"]),
        (
            "scaling__a__scheduled__night__ScalableTargetAction",
            {},
            [f"{S}.scheduled.night.ScalableTargetAction"],
        ),
        (
            "scaling__a__scheduled__night__ScalableTargetAction",
            {"MinCapacity": 5, "MaxCapacity": 4},
            [f"{S}.scheduled.night.ScalableTargetAction.MinCapacity"],
        ),
        ("scaling__a__scheduled__night__StartTime", "soon", [f"{S}.scheduled.night.StartTime"]),
    ],
)
def test_scaling(path: str, value: object, expected: list[str]) -> None:
    """Scaling is of a variant that there is, between bounds that make sense, by policies and actions that are whole."""
    assert wheres(document(**{path: value})) == expected


def test_an_asynchronous_variant_may_scale_to_nothing() -> None:
    """Requests wait in a queue there, so no instance has to."""
    config = {"ProductionVariants": [VARIANT], "AsyncInferenceConfig": ASYNC}

    assert wheres(document(config=config, scaling__a__min=0)) == []


def test_what_scales_of_a_serverless_variant_is_provisioned() -> None:
    """Without provisioned concurrency there is nothing to scale, and it cannot exceed what may run at a time."""
    bare = variant(SERVERLESS, ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 10})

    assert wheres(document(config__ProductionVariants=bare)) == ["scaling.a"]
    assert wheres(document(config__ProductionVariants=[SERVERLESS], scaling__a__max=20)) == ["scaling.a.max"]


def test_tags() -> None:
    """AWS keeps a prefix to itself, and Rollway needs room for two tags of its own."""
    assert wheres(document(tags={"aws:a": "b"})) == ["tags.aws:a"]
    assert wheres(document(tags={f"key-{number}": "" for number in range(48)})) == []
    assert wheres(document(tags={f"key-{number}": "" for number in range(49)})) == ["tags"]


@pytest.mark.parametrize("junk", [None, 5, "text", [], [5], [[]], {"ProductionVariants": [None, 5]}, {5: 6}])
@pytest.mark.parametrize("part", ["models", "config", "tags", "scaling"])
def test_junk_is_told_and_breaks_nothing(part: str, junk: object) -> None:
    """Whatever stands where a part should be, there is a problem to read and no traceback."""
    assert wheres(document(**{part: junk})) != []
