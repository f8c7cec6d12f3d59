"""The IAM policy in the docs is exactly what rollouts use: nothing missing, nothing to spare."""

import json
from pathlib import Path

from policies.commands import ReplaceScaling
from policies.decision import Decision
from policies.lifecycle import Outcome
from rollway.aws.execution import carry_out
from rollway.loop.quota_check import check_quotas
from tests.loop import test_blueprints as blueprints
from tests.loop.rehearsal import ENDPOINT, Rehearsal, model
from tests.loop.test_guardrail import COMPARED, GUARDRAIL

DOCS = Path(__file__).parents[2] / "docs"
SHORT = {"stages": [{"share": 20, "bake": "8m"}, {"share": 95, "bake": "5m"}]}
PROBED = SHORT | {"probes": {"body": "1,2,3", "count": 5}}
ACTIONS = {
    "CreateEndpointConfig": {"sagemaker:CreateEndpointConfig", "sagemaker:AddTags"},
    "CreateSchedule": {"scheduler:CreateSchedule", "iam:PassRole"},
    "UpdateSchedule": {"scheduler:UpdateSchedule", "iam:PassRole"},
    "ListObjectsV2": {"s3:ListBucket"},
    "ListObjects": {"s3:ListBucket"},
    "InvokeEndpoint": {"sagemaker:InvokeEndpoint"},
    "CreateModel": {"sagemaker:CreateModel", "iam:PassRole"},
    "ListServiceQuotas": {"servicequotas:ListServiceQuotas"},
}
"""The IAM actions that an API operation needs, where they are not simply the service's action of the same name."""


def test_the_documented_policy_is_what_rollouts_use(rehearsal: Rehearsal):
    """A promotion and a rollback of an autoscaled endpoint together use every documented action and no other."""
    rehearsal.register_scaling()
    before = len(rehearsal.cloud.request_log.entries())
    rehearsal.play(PROBED)
    rehearsal.models["fraud-v6"] = model(9, failing=0.3)
    rehearsal.play(SHORT, candidate="fraud-v6")

    assert used_since(rehearsal, before) == documented("iam-policy.json")


def test_what_sagemakers_guardrails_need_besides(rehearsal: Rehearsal):
    """The alarms of a guarded update need what the second document says, all of it, and nothing that neither says."""
    before = len(rehearsal.cloud.request_log.entries())
    rehearsal.play(GUARDRAIL)
    rehearsal.models["fraud-v6"] = model(9, failing=0.3)
    rehearsal.play(GUARDRAIL | {"gates": COMPARED}, candidate="fraud-v6")

    used = used_since(rehearsal, before)
    assert used - documented("iam-policy.json") == documented("iam-guardrail-policy.json")


def test_what_a_blueprint_needs_besides(rehearsal: Rehearsal):
    """A promotion that the watch takes back, and a registration that steps aside, use every action of the third document."""
    blueprints.register_own(rehearsal)
    before = len(rehearsal.cloud.request_log.entries())

    def worsen(rehearsal: Rehearsal, decision: Decision) -> None:
        if decision.state.registration == "after":
            rehearsal.models["fraud-v8"] = model(6, failing=0.5)

    rehearsal.watch = worsen
    declared = blueprints.blueprint(blueprints.SCALING)
    ending = rehearsal.drive(blueprints.begin(rehearsal, declared, blueprints.WATCHED))
    aside = ReplaceScaling(
        endpoint=ENDPOINT, variant="AllTraffic", registration=None, stand="aside", at=rehearsal.now()
    )
    result = carry_out(rehearsal.aws, aside, rehearsal.timing)

    assert (ending.outcome, result.status) == (Outcome.ROLLED_BACK, "done")
    used = used_since(rehearsal, before)
    assert used - documented("iam-policy.json") | {"iam:PassRole"} == documented("iam-blueprint-policy.json")


def test_what_a_look_at_the_quotas_needs_besides(rehearsal: Rehearsal):
    """One action more than rollouts need anyway."""
    plan = rehearsal.begin(SHORT).plan
    before = len(rehearsal.cloud.request_log.entries())

    assert check_quotas(rehearsal.aws, plan) == ""

    assert used_since(rehearsal, before) - documented("iam-policy.json") == documented("iam-quota-policy.json")


def test_what_a_look_at_tags_needs_besides(rehearsal: Rehearsal):
    """Where images are named by tags, one action says whether they were moved; a rollout starts without it too."""
    before = len(rehearsal.cloud.request_log.entries())
    rehearsal.begin(SHORT)

    asked = {f"{entry.service}:{entry.operation}" for entry in rehearsal.cloud.request_log.entries()[before:]}
    assert {action for action in asked if action.startswith("ecr:")} == documented("iam-image-policy.json")


def used_since(rehearsal: Rehearsal, before: int) -> set[str]:
    """The IAM actions that were needed for the requests since so many, but for the look-up of tags that no rollout depends on."""
    used = set[str]()
    for entry in rehearsal.cloud.request_log.entries()[before:]:
        used |= ACTIONS.get(entry.operation, {f"{entry.service}:{entry.operation}"})
    return used - documented("iam-image-policy.json")


def documented(name: str) -> set[str]:
    """The actions that a document in docs allows."""
    statements = json.loads((DOCS / name).read_text("utf-8"))["Statement"]
    return {action for statement in statements for action in statement["Action"]}
