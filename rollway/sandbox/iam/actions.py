"""The actions that the simulated IAM knows, each with the condition keys that it has values for.

From AWS's service authorization reference, which names more keys: a document that asks for one of those is refused when it is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rollway.sandbox.iam.patterns import covers_action

_TAGGED: Final = frozenset({"aws:ResourceTag/*"})
_TAGGING: Final = frozenset({"aws:RequestTag/*"})
_SCALING: Final = frozenset({"application-autoscaling:service-namespace", "application-autoscaling:scalable-dimension"})
_NONE: Final = frozenset[str]()

ACTIONS: Final[Mapping[str, frozenset[str]]] = {
    "sagemaker:AddTags": _TAGGING | {"sagemaker:TaggingAction"} | _TAGGED,
    "sagemaker:CreateEndpoint": _TAGGING | _TAGGED,
    "sagemaker:CreateEndpointConfig": _TAGGING,
    "sagemaker:CreateModel": _TAGGING,
    "sagemaker:DeleteEndpointConfig": _TAGGED,
    "sagemaker:DescribeEndpoint": _TAGGED,
    "sagemaker:DescribeEndpointConfig": _TAGGED,
    "sagemaker:DescribeModel": _TAGGED,
    "sagemaker:DescribeModelPackage": _NONE,
    "sagemaker:InvokeEndpoint": _TAGGED,
    "sagemaker:ListEndpoints": _NONE,
    "sagemaker:ListModelPackages": _NONE,
    "sagemaker:ListTags": _TAGGED,
    "sagemaker:UpdateEndpoint": _TAGGED,
    "sagemaker:UpdateEndpointWeightsAndCapacities": _TAGGED,
    "sagemaker:UpdateModelPackage": frozenset({"sagemaker:ModelApprovalStatus"}),
    "cloudwatch:DeleteAlarms": _NONE,
    "cloudwatch:DescribeAlarms": _NONE,
    "cloudwatch:GetMetricData": _NONE,
    "cloudwatch:PutMetricAlarm": _NONE,
    "cloudwatch:PutMetricData": frozenset({"cloudwatch:namespace"}),
    "cloudwatch:SetAlarmState": _NONE,
    "application-autoscaling:DeleteScalingPolicy": _SCALING,
    "application-autoscaling:DeleteScheduledAction": _SCALING,
    "application-autoscaling:DeregisterScalableTarget": _SCALING,
    "application-autoscaling:DescribeScalableTargets": _NONE,
    "application-autoscaling:DescribeScalingPolicies": _NONE,
    "application-autoscaling:DescribeScheduledActions": _NONE,
    "application-autoscaling:PutScalingPolicy": _SCALING,
    "application-autoscaling:PutScheduledAction": _SCALING,
    "application-autoscaling:RegisterScalableTarget": _SCALING,
    "scheduler:CreateSchedule": _NONE,
    "scheduler:CreateScheduleGroup": _NONE,
    "scheduler:DeleteSchedule": _NONE,
    "scheduler:GetSchedule": _NONE,
    "scheduler:UpdateSchedule": _NONE,
    "s3:DeleteObject": _NONE,
    "s3:GetBucketAcl": _NONE,
    "s3:GetBucketPolicyStatus": _NONE,
    "s3:GetBucketPublicAccessBlock": _NONE,
    "s3:GetLifecycleConfiguration": _NONE,
    "s3:GetObject": _NONE,
    "s3:ListBucket": frozenset({"s3:prefix"}),
    "s3:PutObject": _NONE,
    "iam:GetPolicy": _NONE,
    "iam:GetPolicyVersion": _NONE,
    "iam:GetRole": _NONE,
    "iam:GetRolePolicy": _NONE,
    "iam:ListAttachedRolePolicies": _NONE,
    "iam:ListRolePolicies": _NONE,
    "iam:PassRole": frozenset({"iam:PassedToService"}),
    "kms:CreateGrant": _NONE,
    "sts:AssumeRole": frozenset({"sts:ExternalId", "sts:RoleSessionName", "aws:SourceAccount", "aws:SourceArn"}),
    "servicequotas:ListServiceQuotas": _NONE,
    "sqs:DeleteMessage": _NONE,
    "sqs:ReceiveMessage": _NONE,
    "sqs:SendMessage": _NONE,
    "secretsmanager:GetSecretValue": frozenset({"secretsmanager:VersionStage"}),
    "ecr:DescribeImages": _NONE,
}


def keys_of(action: str) -> frozenset[str]:
    """Return the condition keys of an action, the names of tags as ``*``."""
    return ACTIONS[action]


def matching_actions(patterns: Sequence[str]) -> Iterator[str]:
    """Yield the known actions that any of some patterns covers."""
    return (action for action in ACTIONS if any(covers_action(pattern, action) for pattern in patterns))
