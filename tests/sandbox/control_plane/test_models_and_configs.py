"""Models and endpoint configurations: limits enforced, nothing overwritten, every field given back."""

from collections.abc import Callable
from typing import Any

import pytest

from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.sagemaker.constraints import sagemaker_model

ROLE = "arn:aws:iam::123456789012:role/rollway"
Make = Callable[..., dict[str, Any]]

FULL_MODEL: dict[str, Any] = {
    "ModelName": "full",
    "ExecutionRoleArn": ROLE,
    "Containers": [
        {"Image": "one:1", "ModelDataUrl": "s3://models/one.tar.gz", "Environment": {"THREADS": "4"}},
        {"Image": "two:1", "ContainerHostname": "second"},
    ],
    "InferenceExecutionConfig": {"Mode": "Serial"},
    "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
    "EnableNetworkIsolation": True,
}

VARIANT: dict[str, Any] = {
    "VariantName": "v",
    "ModelName": "full",
    "InstanceType": "ml.m6i.large",
    "InitialInstanceCount": 3,
    "InitialVariantWeight": 0.25,
    "VolumeSizeInGB": 64,
    "ModelDataDownloadTimeoutInSeconds": 600,
    "ContainerStartupHealthCheckTimeoutInSeconds": 300,
    "EnableSSMAccess": True,
    "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
    "InferenceAmiVersion": "al2-ami-sagemaker-inference-gpu-2",
}

FULL_CONFIG: dict[str, Any] = {
    "EndpointConfigName": "full",
    "ProductionVariants": [VARIANT],
    "ShadowProductionVariants": [{**VARIANT, "VariantName": "shadow"}],
    "DataCaptureConfig": {
        "EnableCapture": True,
        "InitialSamplingPercentage": 20,
        "DestinationS3Uri": "s3://capture/shop",
        "KmsKeyId": "alias/capture",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    },
    "KmsKeyId": "alias/volumes",
    "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://out/shop"}},
    "ExplainerConfig": {"ClarifyExplainerConfig": {"ShapConfig": {"ShapBaselineConfig": {"ShapBaseline": "1,2"}}}},
    "ExecutionRoleArn": ROLE,
    "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
    "EnableNetworkIsolation": True,
    "MetricsConfig": {"EnableEnhancedMetrics": True, "MetricPublishFrequencyInSeconds": 10},
}


def config_with(**changes: object) -> dict[str, Any]:
    variant = {"VariantName": "v", "ModelName": "fraud", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    return {"EndpointConfigName": "c", "ProductionVariants": [{**variant, **changes}]}


def test_every_field_of_a_model_comes_back(cloud: Cloud) -> None:
    """Nothing that CreateModel was given is lost on DescribeModel."""
    arn = cloud.call("CreateModel", FULL_MODEL)["ModelArn"]
    described = cloud.call("DescribeModel", {"ModelName": "full"})
    assert described == {**FULL_MODEL, "ModelArn": arn, "CreationTime": cloud.clock.now()}


def test_every_field_of_a_config_comes_back(cloud: Cloud) -> None:
    """Nothing that CreateEndpointConfig was given is lost on DescribeEndpointConfig, shadow variants included."""
    cloud.call("CreateModel", FULL_MODEL)
    arn = cloud.call("CreateEndpointConfig", FULL_CONFIG)["EndpointConfigArn"]
    described = cloud.call("DescribeEndpointConfig", {"EndpointConfigName": "full"})
    assert described == {**FULL_CONFIG, "EndpointConfigArn": arn, "CreationTime": cloud.clock.now()}


def test_a_weight_that_is_not_given_is_one(cloud: Cloud, make_model: Make) -> None:
    """AWS documents 1.0 as the default InitialVariantWeight, and describe shows it."""
    make_model("fraud")
    cloud.call("CreateEndpointConfig", config_with())
    described = cloud.call("DescribeEndpointConfig", {"EndpointConfigName": "c"})
    assert described["ProductionVariants"][0]["InitialVariantWeight"] == 1.0


def test_every_instance_type_that_aws_publishes_is_accepted(cloud: Cloud, make_model: Make) -> None:
    """No stale list of instance types: the oracle is botocore's model of the API."""
    make_model("fraud")
    shape: Any = sagemaker_model().shape_for("ProductionVariantInstanceType")
    assert "ml.g5.xlarge" in shape.enum
    for number, instance_type in enumerate(shape.enum):
        request = config_with(InstanceType=instance_type)
        cloud.call("CreateEndpointConfig", {**request, "EndpointConfigName": f"c-{number}"})


def test_models_and_configs_are_immutable(cloud: Cloud, make_model: Make, make_config: Make) -> None:
    """Creating a name again is refused in AWS's words and leaves the first one as it was."""
    make_config("one", {"v": 1})
    with pytest.raises(Refusal) as model:
        make_model("fraud", PrimaryContainer={"Image": "other:1"})
    with pytest.raises(Refusal) as config:
        make_config("one", {"w": 1})
    arn = "arn:aws:sagemaker:us-east-1:123456789012:"
    assert model.value.message == f'Cannot create already existing model "{arn}model/fraud".'
    assert config.value.message == f'Cannot create already existing endpoint configuration "{arn}endpoint-config/one".'
    assert cloud.call("DescribeModel", {"ModelName": "fraud"})["PrimaryContainer"] == {"Image": "fraud:1"}


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        ("DescribeModel", {"ModelName": "x"}, 'Could not find model "arn:'),
        ("DeleteModel", {"ModelName": "x"}, 'Could not find model "arn:'),
        ("DescribeEndpointConfig", {"EndpointConfigName": "x"}, 'Could not find endpoint configuration "arn:'),
        ("DeleteEndpointConfig", {"EndpointConfigName": "x"}, 'Could not find endpoint configuration "arn:'),
        ("DescribeEndpoint", {"EndpointName": "x"}, 'Could not find endpoint "arn:'),
        ("DeleteEndpoint", {"EndpointName": "x"}, 'Could not find endpoint "arn:'),
        ("CreateEndpointConfig", config_with(ModelName="x"), 'Could not find model "arn:'),
        ("CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "x"}, 'Could not find endpoint configuration "'),
    ],
)
def test_not_found_is_a_validation_exception(
    cloud: Cloud, operation: str, request_: dict[str, Any], message: str
) -> None:
    """SageMaker says "not found" only in a ValidationException's message, so rollouts must be able to rely on it."""
    with pytest.raises(Refusal) as caught:
        cloud.call(operation, request_)
    assert (caught.value.code, caught.value.status) == ("ValidationException", 400)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (
            config_with(VariantName="-v"),
            "'productionVariants.1.member.variantName' failed to satisfy constraint: Member",
        ),
        (config_with(VariantName="v_1"), "must satisfy regular expression pattern"),
        ({**config_with(), "EndpointConfigName": "c" * 64}, "length less than or equal to 63"),
        (config_with(InitialVariantWeight=-0.1), "value greater than or equal to 0"),
        (config_with(InitialInstanceCount=0), "value greater than or equal to 1"),
        (config_with(InstanceType="ml.imaginary"), "must satisfy enum value set: [ml."),
        (config_with(VolumeSizeInGB=513), "value less than or equal to 512"),
        (
            {"EndpointConfigName": "c"},
            "Value null at 'productionVariants' failed to satisfy constraint: Member must not be",
        ),
        ({"EndpointConfigName": "c", "ProductionVariants": []}, "length greater than or equal to 1"),
        ({**config_with(), "KmsKeyId": "no spaces"}, "'kmsKeyId'"),
        ({**config_with(), "MetricsConfig": {"MetricPublishFrequencyInSeconds": 7}}, "must be one of [10, 30, 60"),
        (config_with(InitialInstanceCount=None), "must specify InitialInstanceCount"),
        (config_with(InstanceType=None), "must specify InstanceType"),
        (config_with(ModelName=None), "inference components are not simulated"),
        (config_with(ServerlessConfig={"MemorySizeInMB": 1500, "MaxConcurrency": 5}), "multiple of 1024"),
        (
            config_with(ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 6}),
            "must not exceed MaxConcurrency",
        ),
    ],
)
def test_limits_of_configs_are_enforced(
    cloud: Cloud, make_model: Make, request_: dict[str, Any], complaint: str
) -> None:
    """What AWS refuses, the rehearsal refuses, naming the member: the client library checks none of this."""
    make_model("fraud")
    with pytest.raises(Refusal) as caught:
        cloud.call("CreateEndpointConfig", request_)
    assert caught.value.code == "ValidationException"
    assert complaint in caught.value.message
    assert not cloud.configs.shelf.all()


def test_variants_are_ten_at_most_and_named_once(make_config: Make) -> None:
    """Ten variants are a configuration, eleven or two of a name are not."""
    make_config("ten", {f"v{number}": 1 for number in range(10)})
    with pytest.raises(Refusal, match="length less than or equal to 10"):
        make_config("eleven", {f"v{number}": 1 for number in range(11)})
    with pytest.raises(Refusal, match='"v" is repeated'):
        make_config("twins", {"v": 1}, ShadowProductionVariants=[{**VARIANT, "ModelName": "fraud"}])


def test_shadows_come_one_to_one(cloud: Cloud, make_config: Make) -> None:
    """A shadow variant is allowed beside exactly one production variant, and its model must exist."""
    shadow = {**VARIANT, "VariantName": "shadow", "ModelName": "fraud"}
    make_config("ok", {"v": 1}, ShadowProductionVariants=[shadow])
    with pytest.raises(Refusal, match="got 2 and 1"):
        make_config("no", {"v": 1, "w": 1}, ShadowProductionVariants=[shadow])
    with pytest.raises(Refusal, match="Could not find model"):
        make_config("no", {"v": 1}, ShadowProductionVariants=[{**shadow, "ModelName": "unknown"}])
    assert [config.name for config in cloud.configs.shelf.all()] == ["ok"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"ModelName": "under_score"}, "regular expression"),
        ({"PrimaryContainer": None}, "Exactly one of"),
        ({"Containers": [{"Image": "x"}]}, "Exactly one of"),
        ({"PrimaryContainer": {"Environment": {}}}, "Image or ModelPackageName"),
        ({"PrimaryContainer": {"Image": "x" * 256}}, "length less than or equal to 255"),
        ({"PrimaryContainer": {"Image": "x", "Environment": {"A": "b" * 1025}}}, "less than or equal to 1024"),
        ({"ExecutionRoleArn": "not-an-arn-of-any-role"}, "'executionRoleArn'"),
        ({"Tags": [{"Key": "semi;colon", "Value": ""}]}, "'tags.1.member.key'"),
    ],
)
def test_limits_of_models_are_enforced(make_model: Make, changes: dict[str, Any], complaint: str) -> None:
    """Names, containers, roles and tags of models are checked before anything is kept."""
    request = {"name": "fraud", **changes}
    request["name"] = request.pop("ModelName", "fraud")
    with pytest.raises(Refusal) as caught:
        make_model(**request)
    assert complaint in caught.value.message


def test_every_breach_is_reported_at_once(cloud: Cloud) -> None:
    """AWS counts and lists all violated constraints in one message."""
    with pytest.raises(Refusal, match=r"^ValidationException: 2 validation errors detected: .*; "):
        cloud.call("CreateEndpoint", {"EndpointName": "_", "EndpointConfigName": "_"})
