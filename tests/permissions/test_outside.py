"""What lies outside of a documented policy's scope is denied: another endpoint, another prefix, what Rollway did not make."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rollway.aws.session import connect
from rollway.sandbox.iam.documents import read_principal
from tests.loop.rehearsal import CONFIG, ROLE, Rehearsal
from tests.permissions.documents import CALLER, SWITCH_ROLE, documented

REGISTERED = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/c/s",
    "ScalableDimension": "ecs:service:DesiredCount",
}
TARGET = {
    "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint",
    "RoleArn": SWITCH_ROLE,
    "Input": '{"EndpointName": "churn-prod"}',
}
SCHEDULE = {
    "Name": "rollway-fraud-1",
    "GroupName": "rollway",
    "ScheduleExpression": "rate(1 minute)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": TARGET,
}
ALARM = {"MetricName": "m", "Namespace": "n", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1}
MINE = [{"Key": "rollway:made-by", "Value": "rollway"}]
OUTSIDE: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "another endpoint's weights": (
        "iam-policy.json",
        "sagemaker",
        "update_endpoint_weights_and_capacities",
        {"EndpointName": "churn-prod", "DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic"}]},
    ),
    "another endpoint's configuration": (
        "iam-policy.json",
        "sagemaker",
        "update_endpoint",
        {"EndpointName": "churn-prod", "EndpointConfigName": "fraud-v6-config"},
    ),
    "a configuration of another name": (
        "iam-policy.json",
        "sagemaker",
        "update_endpoint",
        {"EndpointName": "fraud-prod", "EndpointConfigName": "churn-config"},
    ),
    "another endpoint's tags": (
        "iam-policy.json",
        "sagemaker",
        "list_tags",
        {"ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/churn-prod"},
    ),
    "a configuration without Rollway's tag": (
        "iam-policy.json",
        "sagemaker",
        "create_endpoint_config",
        CONFIG | {"EndpointConfigName": "fraud-prod-mine", "Tags": []},
    ),
    "somebody else's configuration": (
        "iam-policy.json",
        "sagemaker",
        "delete_endpoint_config",
        {"EndpointConfigName": "fraud-v6-config"},
    ),
    "tags on what exists": (
        "iam-policy.json",
        "sagemaker",
        "add_tags",
        {"ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/fraud-v6-config", "Tags": MINE},
    ),
    "another model": ("iam-policy.json", "sagemaker", "describe_model", {"ModelName": "churn-v1"}),
    "an endpoint's end": ("iam-policy.json", "sagemaker", "delete_endpoint", {"EndpointName": "fraud-prod"}),
    "what is no variant of SageMaker": (
        "iam-policy.json",
        "application_autoscaling",
        "register_scalable_target",
        REGISTERED | {"MinCapacity": 1, "MaxCapacity": 2},
    ),
    "another schedule group": (
        "iam-policy.json",
        "scheduler",
        "create_schedule",
        SCHEDULE | {"GroupName": "default"},
    ),
    "another role for a schedule": (
        "iam-policy.json",
        "scheduler",
        "create_schedule",
        SCHEDULE | {"Target": TARGET | {"RoleArn": ROLE}},
    ),
    "another prefix's object": (
        "iam-journal-policy.json",
        "s3",
        "get_object",
        {"Bucket": "journal", "Key": "other/secret"},
    ),
    "a write to another prefix": (
        "iam-journal-policy.json",
        "s3",
        "put_object",
        {"Bucket": "journal", "Key": "other/secret", "Body": b""},
    ),
    "another prefix's list": (
        "iam-journal-policy.json",
        "s3",
        "list_objects_v2",
        {"Bucket": "journal", "Prefix": "other/"},
    ),
    "the removal of a record": (
        "iam-journal-policy.json",
        "s3",
        "delete_object",
        {"Bucket": "journal", "Key": "rollway/rollouts/a/records/1.json"},
    ),
    "a receiver's removal of a record": (
        "iam-receiver-policy.json",
        "s3",
        "delete_object",
        {"Bucket": "journal", "Key": "rollway/rollouts/a/records/1.json"},
    ),
    "another alarm": (
        "iam-guardrail-policy.json",
        "cloudwatch",
        "put_metric_alarm",
        ALARM | {"AlarmName": "billing", "Period": 60, "Threshold": 1.0, "Statistic": "Sum"},
    ),
    "a model with another role": (
        "iam-registry-policy.json",
        "sagemaker",
        "create_model",
        {"ModelName": "fraud-v9", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/admin", "Tags": MINE},
    ),
    "a version's approval": (
        "iam-registry-policy.json",
        "sagemaker",
        "update_model_package",
        {
            "ModelPackageArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/fraud/1",
            "ModelApprovalStatus": "Approved",
        },
    ),
    "another account's role": (
        "iam-fleet-policy.json",
        "sts",
        "assume_role",
        {"RoleArn": "arn:aws:iam::111122223333:role/admin", "RoleSessionName": "rollway", "ExternalId": "fraud"},
    ),
}
"""Requests outside of what a document is for: the document, the client, the method and its arguments."""


@pytest.fixture(scope="module")
def site() -> Any:
    """One account for all requests, of which none changes anything."""
    from tests.loop.rehearsal import stage_endpoint  # noqa: PLC0415

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "simulated")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
        with stage_endpoint(7) as staged:
            staged.cloud.call("CreateEndpoint", {"EndpointName": "churn-prod", "EndpointConfigName": "fraud-v6-config"})
            staged.settle()
            patch.setenv("AWS_ACCESS_KEY_ID", CALLER)
            staged.aws = connect("us-east-1")
            yield staged


@pytest.mark.parametrize("case", OUTSIDE)
def test_a_request_outside_is_denied(site: Rehearsal, case: str):
    """Neither by mistake nor by a bug can a rollout's role touch what it has no business with."""
    document, client, method, arguments = OUTSIDE[case]
    site.cloud.access.admit(read_principal(CALLER, documented(document)))
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(getattr(site.aws, client), method)(**arguments)
