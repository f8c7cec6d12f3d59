"""Reading SageMaker: shares from weights, whole configurations, everything paged."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.model import StructureShape
from botocore.stub import Stubber

from policies.errors import NotFound, PermanentAwsError
from rollway.aws.sagemaker import (
    describe_config,
    describe_endpoint,
    find_config,
    find_endpoints_using,
    find_model,
    list_endpoints,
    normalise,
)
from rollway.aws.session import Aws
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import UpdateRollsBack

VARIANT = {"ModelName": "fraud-v6", "InitialInstanceCount": 1, "InstanceType": "ml.m5.xlarge"}
EPOCH = datetime(2026, 1, 5, tzinfo=UTC)


def create_config(cloud: Cloud, name: str, weights: dict[str, float], **more: Any) -> None:
    variants = [VARIANT | {"VariantName": key, "InitialVariantWeight": value} for key, value in weights.items()]
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": name, "ProductionVariants": variants} | more)


def test_shares_are_percent_of_all_weights(aws: Aws, cloud: Cloud, settle: Callable[[], None]) -> None:
    """Weights of any scale become percentages."""
    create_config(cloud, "c", {"a": 3.0, "b": 1.0})
    cloud.call("CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c"})
    settle()
    endpoint = describe_endpoint(aws, "e")
    assert endpoint.shares == {"a": 75.0, "b": 25.0}
    assert endpoint.settled


def test_no_weight_at_all_is_no_share() -> None:
    """All-zero weights are shares of 0, not a division by zero."""
    assert normalise({"a": 0.0, "b": 0.0}) == {"a": 0.0, "b": 0.0}


def test_change_in_flight_shows_what_is_wanted(aws: Aws, cloud: Cloud, live: str) -> None:
    """While SageMaker scales, current and wanted counts differ and the endpoint is not settled."""
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 5}]
    cloud.call("UpdateEndpointWeightsAndCapacities", {"EndpointName": live, "DesiredWeightsAndCapacities": desired})
    endpoint = describe_endpoint(aws, live)
    assert endpoint.status == "Updating"
    assert not endpoint.settled
    assert [(variant.instances, variant.wanted_instances) for variant in endpoint.variants] == [(2, 5)]


def test_deployment_in_flight_shows_its_config(aws: Aws, cloud: Cloud, live: str) -> None:
    """The configuration being deployed is known while the old one still serves."""
    create_config(cloud, "next", {"AllTraffic": 1.0})
    cloud.call("UpdateEndpoint", {"EndpointName": live, "EndpointConfigName": "next"})
    endpoint = describe_endpoint(aws, live)
    assert (endpoint.config, endpoint.pending_config) == ("fraud-v6-config", "next")


def test_silent_rollback_is_visible(aws: Aws, cloud: Cloud, live: str, settle: Callable[[], None]) -> None:
    """An update that AWS took back is in service on the old configuration, and says nothing else."""
    create_config(cloud, "next", {"AllTraffic": 1.0})
    cloud.faults.plant(UpdateRollsBack())
    cloud.call("UpdateEndpoint", {"EndpointName": live, "EndpointConfigName": "next"})
    settle()
    endpoint = describe_endpoint(aws, live)
    assert (endpoint.status, endpoint.config, endpoint.failure_reason) == ("InService", "fraud-v6-config", "")


def test_shadow_variants_are_named(aws: Aws, cloud: Cloud, settle: Callable[[], None]) -> None:
    """A shadow is told apart from the variants that answer."""
    shadow = VARIANT | {"VariantName": "shadow", "ModelName": "fraud-v7"}
    create_config(cloud, "c", {"a": 1.0}, ShadowProductionVariants=[shadow])
    cloud.call("CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c"})
    settle()
    endpoint = describe_endpoint(aws, "e")
    assert (endpoint.shadows, list(endpoint.shares)) == (("shadow",), ["a"])


def test_serverless_variant_has_no_instances(aws: Aws) -> None:
    """A variant without instance counts is readable: it has none."""
    answer = endpoint_answer("InService") | {
        "ProductionVariants": [{"VariantName": "a", "CurrentWeight": 1.0, "DesiredWeight": 1.0}]
    }
    with Stubber(aws.sagemaker) as stub:
        stub.add_response("describe_endpoint", answer)
        assert describe_endpoint(aws, "e").variants[0].instances == 0


def test_unknown_status_is_an_error_with_a_remedy(aws: Aws) -> None:
    """A status that AWS invents later is never mistaken for a known one."""
    with Stubber(aws.sagemaker) as stub:
        stub.add_response("describe_endpoint", endpoint_answer("Dreaming"))
        with pytest.raises(PermanentAwsError, match="Dreaming"):
            describe_endpoint(aws, "e")


def endpoint_answer(status: str) -> dict[str, Any]:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"
    times = {"CreationTime": EPOCH, "LastModifiedTime": EPOCH}
    return {"EndpointName": "e", "EndpointArn": arn, "EndpointStatus": status} | times


def test_missing_endpoint(aws: Aws, cloud: Cloud) -> None:
    """An endpoint that does not exist is NotFound, though AWS calls it a validation error."""
    del cloud
    with pytest.raises(NotFound, match="endpoint nowhere"):
        describe_endpoint(aws, "nowhere")


def test_config_keeps_every_field(aws: Aws, cloud: Cloud) -> None:
    """What a configuration holds comes back whole: capture, encryption, shadows, routing."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 10,
        "DestinationS3Uri": "s3://captured/fraud",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    shadow = [VARIANT | {"VariantName": "shadow", "InitialVariantWeight": 1.0}]
    more = {"DataCaptureConfig": capture, "KmsKeyId": key, "ShadowProductionVariants": shadow}
    create_config(cloud, "c", {"a": 1.0}, **more)
    config = describe_config(aws, "c")
    assert {name: config.fields[name] for name in more} == more
    assert config.variants == [VARIANT | {"VariantName": "a", "InitialVariantWeight": 1.0}]


def test_config_leaves_out_what_only_aws_sets(aws: Aws, cloud: Cloud) -> None:
    """What is read can be sent back as it is: no ARN, no creation time, no name."""
    create_config(cloud, "c", {"a": 1.0})
    assert describe_config(aws, "c").fields.keys() <= written_shapes(aws).keys()


def test_config_is_read_with_the_shapes_that_it_is_written_with(aws: Aws) -> None:
    """The API model gives each member the same shape in both directions, so nothing is lost in between."""
    answer = aws.sagemaker.meta.service_model.operation_model("DescribeEndpointConfig").output_shape
    assert isinstance(answer, StructureShape)
    written = written_shapes(aws)
    assert {name: answer.members[name].name for name in written} == written


def written_shapes(aws: Aws) -> dict[str, str]:
    """The name of the shape of each member of a configuration's content."""
    request = aws.sagemaker.meta.service_model.operation_model("CreateEndpointConfig").input_shape
    assert isinstance(request, StructureShape)
    return {name: shape.name for name, shape in request.members.items() if name not in {"EndpointConfigName", "Tags"}}


def test_tags_are_read_page_by_page(aws: Aws) -> None:
    """Tags beyond the first page count too: the one that says who made a configuration may be among them."""
    arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/c"
    config = {
        "EndpointConfigName": "c",
        "EndpointConfigArn": arn,
        "ProductionVariants": [VARIANT | {"VariantName": "a"}],
    }
    with Stubber(aws.sagemaker) as stub:
        stub.add_response("describe_endpoint_config", config | {"CreationTime": EPOCH})
        stub.add_response("list_tags", {"Tags": [{"Key": "a", "Value": "1"}], "NextToken": "more"})
        expected = {"ResourceArn": arn, "NextToken": "more"}
        stub.add_response("list_tags", {"Tags": [{"Key": "b", "Value": "2"}]}, expected)
        assert describe_config(aws, "c").tags == {"a": "1", "b": "2"}


def test_absent_config_is_none(aws: Aws, cloud: Cloud) -> None:
    """Looking for a configuration that may not exist is no error."""
    del cloud
    assert find_config(aws, "nothing") is None


def test_models(aws: Aws, cloud: Cloud) -> None:
    """A model is known with what it holds, or it is not."""
    container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
    role = "arn:aws:iam::123456789012:role/serving"
    many = {"Mode": "MultiModel", "ModelDataUrl": "s3://models/fraud/"}
    cloud.call("CreateModel", {"ModelName": "many", "PrimaryContainer": container | many, "ExecutionRoleArn": role})
    cloud.call("CreateModel", {"ModelName": "chain", "Containers": [container, container], "ExecutionRoleArn": role})
    found = [find_model(aws, name) for name in ("fraud-v7", "fraud-v8", "many", "chain")]
    assert [each and each.hosting for each in found] == ["one model", None, "multi-model", "multi-container"]


def test_users_of_a_config(aws: Aws, cloud: Cloud, live: str, settle: Callable[[], None]) -> None:
    """Endpoints that run on a configuration and those on their way to it are both its users; pages are followed."""
    create_config(cloud, "shared", {"a": 1.0})
    for number in range(12):
        cloud.call("CreateEndpoint", {"EndpointName": f"e{number}", "EndpointConfigName": "shared"})
    settle()
    cloud.call("UpdateEndpoint", {"EndpointName": live, "EndpointConfigName": "shared"})
    assert len(list_endpoints(aws)) == 13
    assert set(find_endpoints_using(aws, "shared")) == {live, *(f"e{number}" for number in range(12))}
    assert find_endpoints_using(aws, "fraud-v6-config") == (live,)
    assert find_endpoints_using(aws, "unused") == ()
