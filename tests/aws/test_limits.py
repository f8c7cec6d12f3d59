"""Requests outside AWS's documented limits never leave, and say everything that is wrong with them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.model import OperationModel

from policies.commands import CreateConfig, SetCapacity
from policies.endpoint_config import EndpointConfig
from policies.errors import PermanentAwsError
from rollway.aws.errors import InvalidRequest
from rollway.aws.execution import carry_out
from rollway.aws.limits import check_request
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws
from rollway.sandbox.cloud import Cloud

VARIANT = {"VariantName": "a", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/a",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
SCHEDULE = {
    "Name": "s",
    "ScheduleExpression": "rate(1 minute)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {
        "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:updateEndpoint",
        "RoleArn": "arn:aws:iam::123456789012:role/r",
    },
}


def config(**changes: Any) -> dict[str, Any]:
    return {"EndpointConfigName": "c", "ProductionVariants": [VARIANT], **changes}


def bad_variant(**changes: Any) -> dict[str, Any]:
    return config(ProductionVariants=[VARIANT | changes])


BAD: list[tuple[str, str, dict[str, Any], list[str]]] = [  # service, method, parameters, paths of the problems
    ("sagemaker", "create_endpoint_config", config(EndpointConfigName="a_b"), ["EndpointConfigName"]),
    ("sagemaker", "create_endpoint_config", config(EndpointConfigName="a" * 64), ["EndpointConfigName"]),
    ("sagemaker", "create_endpoint_config", config(ProductionVariants=[]), ["ProductionVariants"]),
    ("sagemaker", "create_endpoint_config", config(ProductionVariants=[VARIANT] * 11), ["ProductionVariants"]),
    ("sagemaker", "create_endpoint_config", config(Tags=[{"Key": "a"}]), ["Tags[0].Value"]),
    ("sagemaker", "create_endpoint_config", config(Tags=[{"Key": "a*b", "Value": ""}]), ["Tags[0].Key"]),
    (
        "sagemaker",
        "create_endpoint_config",
        bad_variant(InitialInstanceCount=0, VolumeSizeInGB=513, RoutingConfig={"RoutingStrategy": "FIFO"}),
        [
            "ProductionVariants[0].InitialInstanceCount",
            "ProductionVariants[0].VolumeSizeInGB",
            "ProductionVariants[0].RoutingConfig.RoutingStrategy",
        ],
    ),
    ("sagemaker", "describe_endpoint", {"EndpointName": "what?"}, ["EndpointName"]),
    ("sagemaker", "describe_endpoint", {}, ["EndpointName"]),
    ("sagemaker", "describe_endpoint", {"EndpointNames": "e"}, ["EndpointName", "EndpointNames"]),
    (
        "sagemaker",
        "update_endpoint_weights_and_capacities",
        {"EndpointName": "e", "DesiredWeightsAndCapacities": [{"VariantName": "a", "DesiredWeight": -1.0}]},
        ["DesiredWeightsAndCapacities[0].DesiredWeight"],
    ),
    (
        "sagemaker",
        "update_endpoint",
        {
            "EndpointName": "e",
            "EndpointConfigName": "c",
            "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "Weight"}],
        },
        ["ExcludeRetainedVariantProperties[0].VariantPropertyType"],
    ),
    (
        "application_autoscaling",
        "register_scalable_target",
        TARGET | {"ResourceId": "", "ScalableDimension": "sagemaker:variant:Desired"},
        ["ResourceId", "ScalableDimension"],
    ),
    (
        "application_autoscaling",
        "put_scheduled_action",
        TARGET | {"ScheduledActionName": "a:b", "ScalableTargetAction": {"MinCapacity": "two"}},
        ["ScheduledActionName", "ScalableTargetAction.MinCapacity"],
    ),
    ("scheduler", "create_schedule", SCHEDULE | {"Name": "a b"}, ["Name"]),
    (
        "scheduler",
        "create_schedule",
        SCHEDULE | {"Target": {**SCHEDULE["Target"], "RetryPolicy": {"MaximumEventAgeInSeconds": 5}}},
        ["Target.RetryPolicy.MaximumEventAgeInSeconds"],
    ),
    (
        "cloudwatch",
        "get_metric_data",
        {
            "MetricDataQueries": [{"Id": "m", "Label": 5}],
            "StartTime": datetime(2026, 1, 1, tzinfo=UTC),
            "EndTime": "soon",
        },
        ["MetricDataQueries[0].Label", "EndTime"],
    ),
]


@pytest.mark.parametrize("case", BAD)
def test_it_never_leaves(aws: Aws, cloud: Cloud, case: tuple[str, str, dict[str, Any], list[str]]) -> None:
    """Every service's client refuses it by itself, with every problem, and AWS hears nothing of it."""
    service, method, parameters, wheres = case
    before = len(cloud.request_log.entries())

    with pytest.raises(PermanentAwsError) as caught:
        getattr(getattr(aws, service), method)(**parameters)

    assert isinstance(caught.value, InvalidRequest)
    assert sorted(problem.where for problem in caught.value.problems) == sorted(wheres)
    assert all(where in str(caught.value) for where in wheres)
    assert len(cloud.request_log.entries()) == before


def test_what_is_within_the_limits_leaves(aws: Aws, live: str) -> None:
    """The guard lets pass what AWS allows, and what it completes by itself: client tokens, tags in any script."""
    aws.sagemaker.add_tags(ResourceArn=describe_endpoint(aws, live).arn, Tags=[{"Key": "équipe", "Value": "fraude 1"}])
    schedule: Any = SCHEDULE | {"Target": {**SCHEDULE["Target"], "Input": json.dumps({})}}

    assert aws.scheduler.create_schedule(**schedule)["ScheduleArn"]


def test_an_instance_type_newer_than_botocore_leaves() -> None:
    """A live endpoint may use one, and its configuration has to be written again as it is."""
    check_request("CreateEndpointConfig", bad_variant(InstanceType="ml.z99.xlarge"))


def test_it_can_be_asked_beforehand() -> None:
    """The same check without a client: nothing for a good request, every problem of a bad one."""
    check_request("CreateEndpointConfig", config())
    with pytest.raises(InvalidRequest, match=r"EndpointConfigName.*InitialInstanceCount") as caught:
        check_request("CreateEndpointConfig", bad_variant(InitialInstanceCount=0) | {"EndpointConfigName": "-"})
    assert caught.value.operation == "CreateEndpointConfig"
    assert "upgrade botocore" in caught.value.hint


def test_a_command_outside_the_limits_is_refused(aws: Aws, live: str) -> None:
    """In a rollout it is an outcome like every other refusal: recorded, and never tried again."""
    bad = EndpointConfig(name="c", fields={"ProductionVariants": [VARIANT | {"InitialInstanceCount": 0}]})

    result = carry_out(aws, CreateConfig(config=bad))

    assert result.status == "refused"
    assert "ProductionVariants[0].InitialInstanceCount: is 0; at least 1" in result.message
    capacity = carry_out(aws, SetCapacity(endpoint=live, variant="AllTraffic", instances=-1))
    assert capacity.status == "refused"


def test_the_guard_comes_last(aws: Aws, cloud: Cloud) -> None:
    """What is checked is what would be sent: after everything that changes a request on its way."""
    del cloud

    def spoil(params: dict[str, Any], model: OperationModel, **_: object) -> None:
        params["EndpointName"] = f"no such name, {model.name}"

    undo: Callable[[], None] = lambda: aws.sagemaker.meta.events.unregister(event, spoil)  # noqa: E731
    event = "before-parameter-build.sagemaker.DescribeEndpoint"
    aws.sagemaker.meta.events.register(event, spoil)
    try:
        with pytest.raises(InvalidRequest, match="no such name"):
            aws.sagemaker.describe_endpoint(EndpointName="e")
    finally:
        undo()
