"""The IAM policy in the docs is exactly what rollouts use: nothing missing, nothing to spare."""

import json
from pathlib import Path

from tests.loop.rehearsal import Rehearsal, model

DOCUMENTED = Path(__file__).parents[2] / "docs" / "iam-policy.json"
SHORT = {"stages": [{"share": 20, "bake": "8m"}, {"share": 95, "bake": "5m"}]}
ACTIONS = {
    "CreateEndpointConfig": {"sagemaker:CreateEndpointConfig", "sagemaker:AddTags"},
    "GetMetricData": {"cloudwatch:GetMetricData"},
    "DescribeScalableTargets": {"application-autoscaling:DescribeScalableTargets"},
    "GetObject": {"s3:GetObject"},
    "PutObject": {"s3:PutObject"},
    "ListObjectsV2": {"s3:ListBucket"},
    "ListObjects": {"s3:ListBucket"},
}
"""The IAM actions that an API operation needs, where they are not simply SageMaker's action of the same name."""


def test_the_documented_policy_is_what_rollouts_use(rehearsal: Rehearsal):
    """A promotion and a rollback together use every documented action and no other."""
    before = len(rehearsal.cloud.request_log.entries())
    rehearsal.play(SHORT)
    rehearsal.models["fraud-v6"] = model(9, failing=0.3)
    rehearsal.play(SHORT, candidate="fraud-v6")

    used = set[str]()
    for entry in rehearsal.cloud.request_log.entries()[before:]:
        used |= ACTIONS.get(entry.operation, {f"sagemaker:{entry.operation}"})

    statements = json.loads(DOCUMENTED.read_text("utf-8"))["Statement"]
    assert used == {action for statement in statements for action in statement["Action"]}
