"""The IAM policy for registries in the docs is exactly what following one uses besides what rollouts use."""

import json
from pathlib import Path

from policies.bindings.spec import When
from policies.lifecycle import Outcome
from rollway.aws.model_registry import SageMakerRegistry
from rollway.registries.catching_up import follow
from rollway.registries.writing_back import tell_registry
from tests.bindings.documents import IMAGE, SAGEMAKER, bind

DOCS = Path(__file__).parents[2] / "docs"
PASSED = {"CreateModel": {"sagemaker:CreateModel", "iam:PassRole"}}
"""The actions that an operation needs, where they are not the service's action of the same name alone."""


def documented(name: str) -> set[str]:
    """The actions that a document in docs allows."""
    statements = json.loads((DOCS / name).read_text("utf-8"))["Statement"]
    return {action for statement in statements for action in statement["Action"]}


def test_the_documented_policy_is_what_following_uses(scene):
    """A version that is found, made, rolled out, taken back, told and rejected uses every documented action and no other."""
    sagemaker = scene.reach.aws.sagemaker
    sagemaker.create_model_package_group(ModelPackageGroupName="fraud")
    containers = [{"Image": IMAGE, "ModelDataUrl": "s3://models/fraud.tar.gz"}]
    types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
    inference = {"Containers": containers} | types
    sagemaker.create_model_package(
        ModelPackageGroupName="fraud", ModelApprovalStatus="Approved", InferenceSpecification=inference
    )
    before = len(scene.cloud.request_log.entries())

    follow(scene.reach, bind(SAGEMAKER, write_back=True, reject_on_rollback=True), scene.orders)
    (start,) = scene.orders.given.values()
    ended = scene.end(scene.begin(start.model_name, origin=start.origin), Outcome.ROLLED_BACK)
    tell_registry(scene.reach.aws, scene.reach.store, ended)

    used = set[str]()
    for entry in scene.cloud.request_log.entries()[before:]:
        if entry.service in {"sagemaker", "iam"}:
            used |= PASSED.get(entry.operation, {f"{entry.service}:{entry.operation}"})
    assert used - (documented("iam-policy.json") - {"iam:PassRole"}) == documented("iam-registry-policy.json")
    assert SageMakerRegistry(scene.reach.aws).find("fraud", When(approved=True)) is None
