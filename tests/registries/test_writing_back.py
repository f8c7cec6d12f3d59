"""Telling a registry how a rollout ended: by the journal alone, once, and never at the cost of the outcome."""

import pytest

from policies.bindings.loading import parse_bindings
from policies.bindings.origin import Origin
from policies.lifecycle import Outcome
from rollway.registries.writing_back import tell_quietly, tell_registry, tell_what_was_missed
from tests.bindings.documents import IMAGE, MLFLOW, bindings_of

TOLD = MLFLOW | {"write_back": True}


def origin(**changes) -> Origin:
    fields = {"binding": "b", "registry": "mlflow", "model": "fraud", "version": "2", "write_back": True}
    return Origin.model_validate(fields | changes)


@pytest.fixture
def finish(scene):
    """Play a rollout of the registered version to an outcome, and return its name."""
    container = {"Image": IMAGE}
    role = "arn:aws:iam::123456789012:role/serving"
    for model in ("new", "newer"):
        scene.cloud.call("CreateModel", {"ModelName": model, "PrimaryContainer": container, "ExecutionRoleArn": role})

    def finish(outcome: Outcome = Outcome.PROMOTED, model: str = "new", meanwhile: str | None = None, **changes) -> str:
        begun = scene.begin(model, origin=origin(**changes))
        return scene.end(begun, outcome, "because of the tail", meanwhile=meanwhile)

    return finish


def tell(scene, rollout_id: str) -> str:
    return str(tell_registry(scene.reach.aws, scene.reach.store, rollout_id) or "")


@pytest.mark.parametrize(
    ("outcome", "alias"), [(Outcome.PROMOTED, True), (Outcome.ROLLED_BACK, False), (Outcome.ABORTED, False)]
)
def test_mlflow_is_told_of_the_outcome(scene, mlflow, finish, outcome, alias):
    """Outcome, endpoint, reason and journal become tags of the version; the alias only that of a promoted one."""
    rollout_id = finish(outcome, alias_when_promoted="live")

    told = tell(scene, rollout_id)

    tags = mlflow.tags["fraud", "2"]
    assert f"fraud 2: {outcome}" in told
    assert tags["rollway.outcome"] == outcome
    assert tags["rollway.endpoint.fraud-prod"] == f"{outcome} at 2026-06-01 12:00 UTC"
    assert (tags["rollway.reason"], tags["rollway.journal"]) == (
        "because of the tail",
        f"s3://journal/rollway/rollouts/{rollout_id}/",
    )
    assert (mlflow.aliases.get(("fraud", "live")) == "2") is alias
    assert mlflow.aliases["fraud", "champion"] == "2"


def test_it_is_told_once(scene, mlflow, finish):
    """A second process, or the next poll, tells nothing again: not even when somebody has changed the tag since."""
    rollout_id = finish()
    tell(scene, rollout_id)
    mlflow.tags["fraud", "2"]["rollway.outcome"] = "a person's own words"

    assert tell(scene, rollout_id) == ""
    assert mlflow.tags["fraud", "2"]["rollway.outcome"] == "a person's own words"


def test_a_registry_that_is_away_changes_nothing_and_is_told_at_the_next_poll(scene, mlflow, finish):
    """The failure is told as such; the poll that comes after makes it good."""
    rollout_id = finish()
    mlflow.failures = [503] * 3

    assert "could not be told" in tell_quietly(scene.reach.aws, scene.reach.store, rollout_id)
    missed = tell_what_was_missed(scene.reach, parse_bindings(bindings_of(TOLD)))

    assert "PROMOTED" in missed[0]
    assert mlflow.tags["fraud", "2"]["rollway.outcome"] == "PROMOTED"
    assert tell_what_was_missed(scene.reach, parse_bindings(bindings_of(TOLD))) == []


@pytest.mark.parametrize("changes", [{"write_back": False}, None])
def test_nobody_is_told_who_did_not_ask(scene, mlflow, finish, changes):
    """Without write_back, and for a rollout that a person started, the registry hears nothing."""
    rollout_id = finish(**changes) if changes else scene.end(scene.begin("new"), Outcome.PROMOTED)

    assert tell(scene, rollout_id) == ""
    assert mlflow.asked == []


def test_a_rollout_under_way_is_not_told_of(scene, mlflow, finish):
    """Before its end, and while its endpoint is not free yet, there is no outcome to tell."""
    assert finish
    held, journal = scene.begin("new", origin=origin())

    assert tell(scene, held.lease.rollout_id) == ""
    assert journal.read().plan.origin == origin()
    assert mlflow.asked == []


def test_an_alias_is_not_moved_for_what_was_overtaken(scene, mlflow, finish):
    """The news of an older rollout comes after a newer one has begun: its tags are set, the alias stays."""
    older = finish(alias_when_promoted="live")
    scene.begin("newer", origin=origin(version="3"))

    tell(scene, older)

    assert mlflow.tags["fraud", "2"]["rollway.outcome"] == "PROMOTED"
    assert ("fraud", "live") not in mlflow.aliases


@pytest.mark.parametrize(("outcome", "approval"), [(Outcome.ROLLED_BACK, "Rejected"), (Outcome.ABORTED, "Approved")])
@pytest.mark.parametrize("reject", [True, False])
def test_sagemakers_registry_is_told_and_rejects_only_where_that_is_wanted(scene, finish, outcome, approval, reject):
    """Metadata always; the approval is taken back only for a version that failed, and only by a binding that says so."""
    sagemaker = scene.reach.aws.sagemaker
    sagemaker.create_model_package_group(ModelPackageGroupName="fraud")
    made = sagemaker.create_model_package(ModelPackageGroupName="fraud", ModelApprovalStatus="Approved")
    arn = made["ModelPackageArn"]

    tell(scene, finish(outcome, registry="sagemaker", version=arn, reject_on_rollback=reject))

    seen = sagemaker.describe_model_package(ModelPackageName=arn)
    assert seen["CustomerMetadataProperties"]["rollway.outcome"] == outcome
    assert seen["ModelApprovalStatus"] == (approval if reject else "Approved")
    if seen["ModelApprovalStatus"] == "Rejected":
        assert "because of the tail" in seen["ApprovalDescription"]


@pytest.mark.parametrize("meanwhile", [None, "newer"])
def test_an_alias_follows_what_serves(scene, mlflow, finish, meanwhile):
    """A promoted version gets its alias only where its model was read back to serve; the registry is told what does."""
    rollout_id = finish(alias_when_promoted="live", meanwhile=meanwhile)

    tell(scene, rollout_id)

    assert (("fraud", "live") in mlflow.aliases) is (meanwhile is None)
    assert mlflow.tags["fraud", "2"]["rollway.serving"].startswith(f"{meanwhile or 'new'} (fraud-prod-")
