"""SageMaker's model registry, simulated by moto: the newest approved version, and what is noted on it."""

import pytest

from policies.bindings.making import declare_model, name_model
from policies.bindings.spec import When
from policies.errors import Throttled
from rollway.aws.model_making import ensure_model
from rollway.aws.model_registry import VALUE_LIMIT, SageMakerRegistry
from rollway.sandbox.fault_menu import Throttle
from tests.bindings.documents import IMAGE, SAGEMAKER, bind

APPROVED = When(approved=True)


@pytest.fixture
def register(scene):
    """Register versions of the group ``fraud`` with these approvals, and return their ARNs."""

    def register(*approvals: str) -> list[str]:
        sagemaker = scene.reach.aws.sagemaker
        sagemaker.create_model_package_group(ModelPackageGroupName="fraud")
        containers = [{"Image": IMAGE, "ModelDataUrl": "s3://models/fraud.tar.gz"}]
        types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
        arns = []
        for approval in approvals:
            made = sagemaker.create_model_package(
                ModelPackageGroupName="fraud",
                ModelApprovalStatus=approval,
                InferenceSpecification={"Containers": containers} | types,
            )
            arns.append(made["ModelPackageArn"])
        return arns

    return register


def test_the_newest_version_that_is_approved_now_is_found(scene, register):
    """Pending and rejected versions are passed over; rejecting the newest approved one leads back to the one before it."""
    arns = register("Approved", "Approved", "Rejected", "PendingManualApproval")
    registry = SageMakerRegistry(scene.reach.aws)

    found = registry.find("fraud", APPROVED)
    registry.reject(arns[1], "it was taken back")
    after = registry.find("fraud", APPROVED)

    assert found is not None
    assert after is not None
    assert (found.version, found.approval, after.version) == (arns[1], "approved", arns[0])


def test_an_empty_group_and_none_at_all_have_no_version(scene, register):
    """Neither is an error: there is nothing to roll out."""
    registry = SageMakerRegistry(scene.reach.aws)

    assert registry.find("nobody", APPROVED) is None
    register("Rejected")
    assert registry.find("fraud", APPROVED) is None


def test_a_registry_that_cannot_be_asked_is_an_error(scene):
    """Being throttled is never taken for "nothing is approved"."""
    scene.cloud.faults.plant(Throttle(operation="ListModelPackages", times=20))

    with pytest.raises(Throttled):
        SageMakerRegistry(scene.reach.aws).find("fraud", APPROVED)


def test_notes_leave_the_approval_alone(scene, register):
    """Metadata is written, cut to AWS's limit, and the version stays approved."""
    (arn,) = register("Approved")
    registry = SageMakerRegistry(scene.reach.aws)

    registry.note(arn, {"rollway.outcome": "ROLLED_BACK", "rollway.reason": "x" * 1000})

    found = registry.find("fraud", APPROVED)
    assert found is not None
    assert found.tags == {"rollway.outcome": "ROLLED_BACK", "rollway.reason": "x" * VALUE_LIMIT}


def test_a_package_becomes_a_model(scene, register):
    """The SageMaker model is made straight from the package's ARN, once."""
    register("Approved")
    found = SageMakerRegistry(scene.reach.aws).find("fraud", APPROVED)
    assert found is not None
    members = declare_model(bind(SAGEMAKER).make, found)

    made = [ensure_model(scene.reach.aws, name_model(found), members) for _ in range(2)]

    described = scene.cloud.call("DescribeModel", {"ModelName": name_model(found)})
    assert made == [True, False]
    assert described["PrimaryContainer"]["ModelPackageName"] == found.version
