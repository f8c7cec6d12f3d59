"""Creating and deleting configurations: idempotent by content, and never somebody else's."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from policies.endpoint_config import EndpointConfig
from policies.errors import NotFound
from rollway.aws.configs import create_config, delete_config
from rollway.aws.sagemaker import describe_config, find_config
from rollway.aws.session import Aws
from rollway.sandbox.cloud import Cloud
from tests.policies.building import make_beside


@pytest.fixture
def wanted(aws: Aws, live: str) -> EndpointConfig:
    """The live configuration with a candidate, marked as Rollway's."""
    config = describe_config(aws, "fraud-v6-config")
    return make_beside(config, live, "fraud-v7", {"AllTraffic": 2, "candidate": 1})


def test_created_as_wanted(aws: Aws, wanted: EndpointConfig) -> None:
    """What is created reads back with the same content and tags."""
    assert create_config(aws, wanted).status == "done"
    created = describe_config(aws, wanted.name)
    assert (created.fields, created.tags) == (wanted.fields, wanted.tags)
    assert created.tags["team"] == "risk"


def test_twice_is_once(aws: Aws, cloud: Cloud, wanted: EndpointConfig) -> None:
    """Creating what exists already is done, without a second request to create."""
    create_config(aws, wanted)
    before = len(cloud.request_log.entries("CreateEndpointConfig"))
    assert create_config(aws, wanted).status == "done"
    assert len(cloud.request_log.entries("CreateEndpointConfig")) == before


def test_other_content_under_the_name_is_refused(aws: Aws, wanted: EndpointConfig) -> None:
    """A name that stands for something else is never taken for done, whoever made it."""
    create_config(aws, wanted)
    other = wanted.fields | {"ProductionVariants": wanted.variants[:1]}
    result = create_config(aws, wanted.model_copy(update={"fields": other}))
    assert result.status == "refused"
    assert wanted.name in result.message


@pytest.mark.parametrize(("tags", "status"), [({"rollway:made-by": "rollway"}, "done"), ({}, "refused")])
def test_defaults_that_aws_adds_are_no_other_content(aws: Aws, tags: dict[str, str], status: str) -> None:
    """Members that AWS completes by itself do not make our own configuration foreign; a stranger's stays foreign."""
    variant = {"VariantName": "a", "ModelName": "m", "InitialVariantWeight": 0.1}
    wanted = EndpointConfig(name="c", fields={"ProductionVariants": [variant]})
    single_precision = 0.10000000149011612
    completed = variant | {"InitialVariantWeight": single_precision, "VolumeSizeInGB": 30}
    with Stubber(aws.sagemaker) as stub:
        stub_config(stub, [completed], tags)
        assert create_config(aws, wanted).status == status


def test_somebody_faster_with_the_same_content(aws: Aws) -> None:
    """Losing the race to create the same content is as good as winning it."""
    variant = {"VariantName": "a", "ModelName": "m"}
    with Stubber(aws.sagemaker) as stub:
        stub.add_client_error(
            "describe_endpoint_config", "ValidationException", "Could not find endpoint configuration"
        )
        words = "Cannot create already existing endpoint configuration"
        stub.add_client_error("create_endpoint_config", "ValidationException", words)
        stub_config(stub, [variant], {})
        result = create_config(aws, EndpointConfig(name="c", fields={"ProductionVariants": [variant]}))
    assert result.status == "done"


def stub_config(stub: Stubber, variants: list[dict[str, Any]], tags: dict[str, str]) -> None:
    answer = {
        "EndpointConfigName": "c",
        "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/c",
        "ProductionVariants": variants,
        "CreationTime": datetime(2026, 1, 5, tzinfo=UTC),
    }
    stub.add_response("describe_endpoint_config", answer)
    stub.add_response("list_tags", {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]})


def test_unknown_model_is_an_error(aws: Aws, wanted: EndpointConfig) -> None:
    """A model that AWS does not know is NotFound, not a crash."""
    variants = [variant | {"ModelName": "fraud-v9"} for variant in wanted.variants]
    with pytest.raises(NotFound):
        create_config(aws, wanted.model_copy(update={"fields": {"ProductionVariants": variants}}))


def test_unused_own_config_is_deleted_once(aws: Aws, wanted: EndpointConfig) -> None:
    """Deleting is idempotent."""
    create_config(aws, wanted)
    assert delete_config(aws, wanted.name).status == "done"
    assert find_config(aws, wanted.name) is None
    assert delete_config(aws, wanted.name).status == "done"


def test_foreign_config_is_left_alone(aws: Aws, live: str) -> None:
    """What Rollway did not make it does not delete, even if asked to."""
    del live
    result = delete_config(aws, "fraud-v6-config")
    assert result.status == "refused"
    assert "rollway:made-by" in result.message
    assert find_config(aws, "fraud-v6-config") is not None


def test_config_in_use_is_kept(
    aws: Aws, cloud: Cloud, wanted: EndpointConfig, live: str, settle: Callable[[], None]
) -> None:
    """A configuration is kept while an endpoint is being moved to it and while one runs on it."""
    create_config(aws, wanted)
    cloud.call("UpdateEndpoint", {"EndpointName": live, "EndpointConfigName": wanted.name})
    assert delete_config(aws, wanted.name).status == "refused"
    settle()
    result = delete_config(aws, wanted.name)
    assert result.status == "refused"
    assert live in result.message
