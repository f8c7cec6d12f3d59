"""boto3 talks to the simulated account: real client, real serialisation, moto in between, and moto unharmed afterwards."""

import inspect
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.s3.models import FakeBucket, FakeKey
from moto.sagemaker.responses import SageMakerResponse

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import Throttle
from rollway.sandbox.moto_adapter import all_patches, in_process
from rollway.sandbox.moto_adapter.s3_files import KEY_ATTRIBUTES
from rollway.sandbox.settings import SandboxSettings

Client = Any  # boto3 makes its clients while it runs
ROLE = "arn:aws:iam::123456789012:role/rollway"


@pytest.fixture
def aws(cloud: Cloud) -> Generator[Callable[[str], Client]]:
    """A maker of boto3 clients that talk to ``cloud`` and do not retry."""
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    with in_process(cloud):
        session: Any = boto3.session.Session()
        yield lambda service: session.client(service, config=config)


@pytest.fixture
def sagemaker(aws: Callable[[str], Client]) -> Client:
    """A SageMaker client with a model ``m`` and configurations ``one`` and ``two``."""
    client = aws("sagemaker")
    client.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "m:1"})
    fixed = {"ModelName": "m", "InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1}
    for name, weight in (("one", 1), ("two", 0)):
        variants = [{"VariantName": "a", "InitialVariantWeight": weight, **fixed}, {"VariantName": "b", **fixed}]
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
    return client


def test_every_replaced_symbol_exists_in_moto(cloud: Cloud) -> None:
    """The contract with moto's internals: a release that renames any of these fails here, not in a rollout."""
    for patch in all_patches(cloud):
        assert hasattr(patch.owner, patch.name) is not patch.adds, f"{patch.owner}.{patch.name}"
    key = FakeKey("name", b"", "123456789012", "us-east-1")
    assert all(hasattr(key, name) for name in (*KEY_ATTRIBUTES, "metadata", "etag", "last_modified", "value"))
    bucket = FakeBucket("bucket", "123456789012", "us-east-1")
    assert all(hasattr(bucket, name) for name in ("keys", "region_name", "versioning_status"))


def test_moto_is_itself_again_afterwards(cloud: Cloud) -> None:
    """Uninstalling restores every method that was replaced, and leaves none that was added."""
    patches = all_patches(cloud)
    before = [inspect.getattr_static(patch.owner, patch.name, None) for patch in patches]
    with in_process(cloud):
        assert hasattr(SageMakerResponse, "update_endpoint")
    assert [inspect.getattr_static(patch.owner, patch.name, None) for patch in patches] == before
    assert not hasattr(SageMakerResponse, "update_endpoint")
    with mock_aws():
        session: Any = boto3.session.Session(region_name="us-east-1")
        assert session.client("sagemaker").list_models()["Models"] == []


def test_a_rollout_through_boto3(sagemaker: Client, clock: VirtualClock) -> None:
    """Create, update, adjust and delete through the real client; zero weights survive the wire."""
    arn = sagemaker.create_endpoint(EndpointName="shop", EndpointConfigName="one")["EndpointArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:endpoint/shop"
    clock.advance(timedelta(seconds=3))
    sagemaker.update_endpoint(EndpointName="shop", EndpointConfigName="two")
    updating = sagemaker.describe_endpoint(EndpointName="shop")
    assert updating["PendingDeploymentSummary"]["EndpointConfigName"] == "two"
    clock.advance(timedelta(seconds=3))
    wanted = [{"VariantName": "b", "DesiredWeight": 0.0}, {"VariantName": "a", "DesiredWeight": 3}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="shop", DesiredWeightsAndCapacities=wanted)
    clock.advance(timedelta(seconds=3))
    described = sagemaker.describe_endpoint(EndpointName="shop")
    assert [variant["CurrentWeight"] for variant in described["ProductionVariants"]] == [3, 0]
    assert described["LastModifiedTime"] == clock.now()
    sagemaker.delete_endpoint(EndpointName="shop")
    clock.advance(timedelta(seconds=3))
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="shop")


def test_refusals_arrive_as_client_errors(sagemaker: Client, cloud: Cloud) -> None:
    """AWS's code, message and status reach the caller, and the request log."""
    with pytest.raises(ClientError) as caught:
        sagemaker.update_endpoint(EndpointName="shop", EndpointConfigName="one")
    error: Any = caught.value.response
    assert error["Error"]["Code"] == "ValidationException"
    assert error["Error"]["Message"] == (
        'Could not find endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/shop".'
    )
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert error["ResponseMetadata"]["RequestId"]
    (entry,) = cloud.request_log.entries("UpdateEndpoint")
    assert (entry.outcome, entry.at) == ("ValidationException", cloud.clock.now())
    assert '"EndpointConfigName": "one"' in entry.parameters


@pytest.mark.parametrize(
    ("service", "operation", "method"),
    [
        ("sagemaker", "ListModels", "list_models"),
        ("cloudwatch", "ListMetrics", "list_metrics"),
        ("sts", "GetCallerIdentity", "get_caller_identity"),
        ("s3", "ListBuckets", "list_buckets"),
    ],
)
def test_any_service_can_be_throttled(
    aws: Callable[[str], Client], cloud: Cloud, service: str, operation: str, method: str
) -> None:
    """A throttled call fails in its service's own protocol and with a code that botocore retries; the next succeeds."""
    cloud.faults.plant(Throttle(operation=operation))
    call = getattr(aws(service), method)
    with pytest.raises(ClientError) as caught:
        call()
    assert any(code in str(caught.value) for code in ("(ThrottlingException)", "(SlowDown)"))
    call()
    assert [entry.outcome == "ok" for entry in cloud.request_log.entries(operation)] == [False, True]


def test_what_is_not_simulated_stays_motos(aws: Callable[[str], Client]) -> None:
    """The model registry and its tags answer as moto's do."""
    sagemaker = aws("sagemaker")
    group = sagemaker.create_model_package_group(ModelPackageGroupName="fraud")["ModelPackageGroupArn"]
    sagemaker.add_tags(ResourceArn=group, Tags=[{"Key": "team", "Value": "risk"}])
    assert sagemaker.list_tags(ResourceArn=group)["Tags"] == [{"Key": "team", "Value": "risk"}]


def test_an_update_of_a_model_package_changes_what_it_says(aws: Callable[[str], Client]) -> None:
    """A note leaves the approval alone, a rejection the notes, and a second note the first, as on AWS."""
    sagemaker = aws("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="fraud")
    made = sagemaker.create_model_package(ModelPackageGroupName="fraud", ModelApprovalStatus="Approved")
    arn = made["ModelPackageArn"]
    for change in ({"CustomerMetadataProperties": {"a": "1"}}, {"CustomerMetadataProperties": {"b": "2"}}):
        sagemaker.update_model_package(ModelPackageArn=arn, **change)
        assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "Approved"
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    seen = sagemaker.describe_model_package(ModelPackageName=arn)
    assert (seen["ModelApprovalStatus"], seen["CustomerMetadataProperties"]) == ("Rejected", {"a": "1", "b": "2"})


def test_own_resources_are_tagged_in_the_simulated_account(sagemaker: Client, cloud: Cloud) -> None:
    """Tags of a model set through boto3 are the account's, not moto's."""
    arn = sagemaker.describe_model(ModelName="m")["ModelArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "risk"}])
    assert cloud.tags.of(arn) == {"team": "risk"}
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "risk"}]


def test_account_and_region_are_settings(clock: VirtualClock) -> None:
    """ARNs of every service carry the simulated account's number."""
    cloud = Cloud(clock, SandboxSettings(account_id="210987654321", region="eu-west-3"))
    with in_process(cloud):
        session: Any = boto3.session.Session()
        assert session.client("sts").get_caller_identity()["Account"] == "210987654321"
        sagemaker = session.client("sagemaker")
        model = sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "m:1"})
    assert model["ModelArn"] == "arn:aws:sagemaker:eu-west-3:210987654321:model/m"


def test_lists_are_paginated_by_the_client(sagemaker: Client) -> None:
    """boto3's paginator follows our tokens to the end."""
    for number in range(25):
        sagemaker.create_model(ModelName=f"m-{number}", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "m:1"})
    pages = list(sagemaker.get_paginator("list_models").paginate())
    assert [len(page["Models"]) for page in pages] == [10, 10, 6]


def test_a_model_of_a_package_serves_the_packages_image(aws: Callable[[str], Client], cloud: Cloud) -> None:
    """A model that names a package of the registry is served by the package's container; of one that is not there nothing is known."""
    client = aws("sagemaker")
    client.create_model_package_group(ModelPackageGroupName="fraud")
    container = {"Image": "fraud:3", "Environment": {"LEVEL": "2"}}
    types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
    made = client.create_model_package(
        ModelPackageGroupName="fraud", InferenceSpecification={"Containers": [container], **types}
    )
    for name, package in (("known", made["ModelPackageArn"]), ("unknown", f"{made['ModelPackageArn']}0")):
        client.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"ModelPackageName": package})

    served = cloud.models.container("known")

    assert (served.image, served.environment) == ("fraud:3", {"LEVEL": "2"})
    assert cloud.models.container("unknown").image == f"{made['ModelPackageArn']}0"
