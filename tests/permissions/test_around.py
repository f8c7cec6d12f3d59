"""The documented policies around rollouts, enforced: registries, the receiver, captured answers, the linter, new endpoints, fleets."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from policies.bindings.event import Handled
from policies.fleet.spec import Target
from policies.lifecycle import Outcome
from policies.loading import parse_policy
from rollway.aws.lint_subject import read_subject
from rollway.aws.objects import ObjectStore
from rollway.aws.secrets import read_secrets
from rollway.aws.session import connect
from rollway.cli import main
from rollway.cli.world import World
from rollway.fleet.places import Places
from rollway.loop.hands import PlainHands
from rollway.loop.starting import Request, plan_rollout, start
from rollway.registries.catching_up import Reach, follow
from rollway.registries.writing_back import tell_registry
from rollway.webhooks.desk import Desk
from rollway.webhooks.figures import Figures
from rollway.webhooks.inbox import Inbox
from rollway.webhooks.queue import QueueReader
from tests.bindings.documents import IMAGE, SAGEMAKER, bind
from tests.loop import test_answers as answers
from tests.loop.rehearsal import BUCKET, ENDPOINT, POLICY, QUICK, Rehearsal, model
from tests.loop.test_blueprints import register_own
from tests.permissions.documents import DOCS, FAR_ROLE, ROLLOUT, admit_fleet, allowed, denied, used
from tests.registries.scene import Orders, Scene
from tests.registries.simulated_mlflow import SimulatedMlflow, serving
from tests.webhooks.signing import package_event

REGISTRY = "iam-registry-policy.json"
RECEIVER = "iam-receiver-policy.json"
ANSWERS = "iam-answers-policy.json"
LINT = "lint-policy.json"
CREATE = "iam-create-policy.json"
BLUEPRINT = "iam-blueprint-policy.json"
TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
SERVERLESS: Final = f"""
endpoint: fraud-new
models: {{fraud-v9: {{PrimaryContainer: {{Image: "{IMAGE}"}}, ExecutionRoleArn: "arn:aws:iam::123456789012:role/serving"}}}}
config:
  ProductionVariants:
    - VariantName: AllTraffic
      ModelName: fraud-v9
      ServerlessConfig: {{MemorySizeInMB: 2048, MaxConcurrency: 9, ProvisionedConcurrency: 2}}
scaling: {{AllTraffic: {{min: 1, max: 5}}}}
"""
HOME = ("iam-fleet-policy.json", "iam-journal-policy.json")
STATEMENT: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::models/*"}],
}


def test_a_model_registry_uses_all_of_its_policy(rehearsal: Rehearsal, restrict):
    """A version that is found, made, rolled out, taken back, told and rejected uses every documented action, and nothing is denied."""
    furnish_registry(rehearsal.aws.sagemaker)
    restrict(*ROLLOUT, REGISTRY)
    reach = Reach(rehearsal.aws, rehearsal.store, rehearsal.now)
    scene = Scene(rehearsal.cloud, rehearsal.clock, reach, Orders())

    follow(reach, bind(SAGEMAKER, write_back=True, reject_on_rollback=True), scene.orders)
    (begun,) = scene.orders.given.values()
    ended = scene.end(scene.begin(begun.model_name, origin=begun.origin), Outcome.ROLLED_BACK)
    tell_registry(reach.aws, reach.store, ended)

    assert denied(rehearsal.cloud) == []
    assert used(rehearsal.cloud, REGISTRY) == allowed(REGISTRY)


def furnish_registry(sagemaker: Any) -> None:
    """One approved version of the model package group ``fraud``."""
    sagemaker.create_model_package_group(ModelPackageGroupName="fraud")
    containers = [{"Image": IMAGE, "ModelDataUrl": "s3://models/fraud.tar.gz"}]
    types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
    sagemaker.create_model_package(
        ModelPackageGroupName="fraud",
        ModelApprovalStatus="Approved",
        InferenceSpecification={"Containers": containers} | types,
    )


def test_mlflow_needs_models_and_their_role_alone(rehearsal: Rehearsal, restrict):
    """A version of MLflow becomes a model with its tags and its role, and nothing is denied."""
    mlflow = SimulatedMlflow()
    mlflow.register("fraud", "2", stage="prod")
    mlflow.aliases["fraud", "champion"] = "2"
    restrict(*ROLLOUT, REGISTRY)
    reach = Reach(rehearsal.aws, rehearsal.store, rehearsal.now)
    orders = Orders()
    with serving(mlflow.answer) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", url)
        patch.setenv("NO_PROXY", "127.0.0.1")
        follow(reach, bind(), orders)

    assert [model for _, model in orders.models] == ["2"]
    assert denied(rehearsal.cloud) == []
    assert {action for _, _, action in used(rehearsal.cloud, REGISTRY)} == {
        "sagemaker:CreateModel",
        "sagemaker:AddTags",
        "sagemaker:ListTags",
        "iam:PassRole",
    }


def test_the_receiver_finishes_what_it_lets_in(rehearsal: Rehearsal, restrict):
    """An event from the queue is kept, handled, settled and closed with the receiver's policy and the journal's, and uses all of it."""
    owner, at = rehearsal.aws, rehearsal.now()
    queue = owner.sqs.create_queue(QueueName="registry-events")["QueueUrl"]
    owner.sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(package_event()))
    secret = owner.secretsmanager.create_secret(Name="registry", SecretString="a-secret-of-16-chars")["ARN"]
    restrict("iam-journal-policy.json", RECEIVER)
    inbox, figures = Inbox(rehearsal.store), Figures()
    desk = Desk(inbox, lambda event: Handled(started=(), why=f"{event.model} is bound to nothing"), figures)

    assert QueueReader(rehearsal.aws, queue, inbox, figures, lambda: at).take(0) == 1
    for name in desk.due(at):
        desk.work(name, at)

    assert read_secrets(rehearsal.aws, secret) == ("a-secret-of-16-chars",)
    assert inbox.list_open() == ()
    assert denied(rehearsal.cloud) == []
    assert used(rehearsal.cloud, RECEIVER) == allowed(RECEIVER)


def test_captured_answers_use_all_of_their_policy(rehearsal: Rehearsal, restrict):
    """A shadow whose answers are compared is judged by what S3 holds, with the permission to read it."""
    answers.set_up_capture(rehearsal)
    restrict(*ROLLOUT, ANSWERS)

    ending = rehearsal.play(answers.SHADOW | answers.LADDER)

    assert ending.outcome is Outcome.PROMOTED, ending.reason
    assert denied(rehearsal.cloud) == []
    assert used(rehearsal.cloud, ANSWERS) == allowed(ANSWERS)


def test_the_linter_uses_all_of_its_policy(rehearsal: Rehearsal, restrict):
    """Endpoint, models, images, scaling, alarms, the capture's bucket, roles and their policies: all read, nothing denied."""
    owner = rehearsal.aws
    owner.s3.create_bucket(Bucket="captures")
    owner.iam.create_role(RoleName="serving", AssumeRolePolicyDocument=json.dumps(TRUST))
    owner.iam.put_role_policy(RoleName="serving", PolicyName="reading", PolicyDocument=json.dumps(STATEMENT))
    made = owner.iam.create_policy(PolicyName="writing", PolicyDocument=json.dumps(STATEMENT))
    owner.iam.attach_role_policy(RoleName="serving", PolicyArn=made["Policy"]["Arn"])
    register_own(rehearsal)
    restrict(LINT)

    subject = read_subject(rehearsal.aws, ENDPOINT)

    assert set(subject.models) == {"fraud-v6"}
    assert denied(rehearsal.cloud) == []
    assert used(rehearsal.cloud, LINT) == allowed(LINT)


def test_a_new_endpoint_uses_all_of_its_policy(rehearsal: Rehearsal, restrict, tmp_path, capsys):
    """``config create`` makes models, configuration, endpoint and scaling with the policies of rollouts, blueprints and new endpoints."""
    document = yaml.safe_load((DOCS.parent / "examples" / "blueprint.yaml").read_text("utf-8"))
    rehearsal.models["fraud-v9"] = model(1)
    text = yaml.safe_dump(document | {"endpoint": "fraud-new"}).replace("fraud-v7", "fraud-v9")
    restrict(*ROLLOUT, BLUEPRINT, CREATE, your_key_id="fraud")

    code = create(rehearsal, tmp_path, text)

    assert (code, denied(rehearsal.cloud)) == (0, []), capsys.readouterr().err
    assert used(rehearsal.cloud, CREATE) == allowed(CREATE)


def create(rehearsal: Rehearsal, folder: Path, blueprint: str) -> int:
    """Play ``config create`` on a blueprint."""
    file = folder / "blueprint.yaml"
    file.write_text(blueprint, "utf-8")
    return main(["config", "create", str(file), "--region", "us-east-1"], World(rehearsal, rehearsal.timing))


def test_a_new_serverless_endpoint_is_scaled_by_the_blueprints_policy(rehearsal, restrict, tmp_path, capsys):
    """Provisioned concurrency is registered by a statement of its own, and nothing is denied."""
    rehearsal.models["fraud-v9"] = model(1)
    restrict(*ROLLOUT, BLUEPRINT, CREATE)

    code = create(rehearsal, tmp_path, SERVERLESS)

    assert (code, denied(rehearsal.cloud)) == (0, []), capsys.readouterr().err
    register = "application-autoscaling:RegisterScalableTarget"
    assert (BLUEPRINT, "ServerlessScaling", register) in used(rehearsal.cloud, BLUEPRINT)


def test_a_fleet_acts_in_the_other_accounts_role(rehearsal: Rehearsal, monkeypatch):
    """With the external id the role is assumed; the rollout runs by its policies, and the journal by the home's, both in full."""
    admit_fleet(rehearsal.cloud)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fleets")
    home = connect("us-east-1")
    places = Places(home, ObjectStore(home, BUCKET, "rollway", rehearsal.now))
    target = Target.model_validate({"endpoint": ENDPOINT, "role": FAR_ROLE, "external_id": "fraud"})
    far = places.aws_of(target)
    plan = plan_rollout(far, Request(ENDPOINT, "fraud-v7", parse_policy(POLICY | QUICK)), rehearsal.now())
    rehearsal.rate_per_s = 3.0
    rehearsal.rollout = start(plan, places.journal_of(target), PlainHands(far, rehearsal.timing))

    ending = rehearsal.drive(rehearsal.rollout)

    assert (ending.outcome, ending.left, denied(rehearsal.cloud)) == (Outcome.PROMOTED, (), [])
    assert used(rehearsal.cloud, *HOME) == allowed(*HOME)
    by_home = {use.document for use in rehearsal.cloud.access.used if use.principal == "fleets"}
    assert by_home == set(HOME)
