"""The documented policies of rollouts, enforced: whole rollouts of every strategy, with nothing denied and nothing to spare."""

from datetime import timedelta
from typing import Any

import pytest

from policies.commands import ReplaceScaling
from policies.decision import Decision
from policies.lifecycle import Outcome, Phase
from rollway.aws.execution import carry_out
from rollway.loop.quota_check import check_quotas
from tests.loop import test_ab_test as ab_test
from tests.loop import test_blueprints as blueprints
from tests.loop.rehearsal import ENDPOINT, Rehearsal, model
from tests.loop.test_guardrail import COMPARED, GUARDRAIL, ROLLING
from tests.loop.test_strategies import STRATEGIES
from tests.permissions.documents import ROLLOUT, allowed, denied, used

SHORT: dict[str, Any] = {"stages": [{"share": 20, "bake": "8m"}, {"share": 95, "bake": "5m"}]}
PROBED = SHORT | {"probes": {"body": "1,2,3", "count": 5}}


def test_canaries_use_all_of_the_policies_and_nothing_else(rehearsal, restrict):
    """A promotion and a rollback of an autoscaled endpoint need every documented action on every documented resource, and no other."""
    rehearsal.register_scaling()
    restrict(*ROLLOUT)

    assert rehearsal.play(PROBED).outcome is Outcome.PROMOTED
    rehearsal.models["fraud-v6"] = model(9, failing=0.3)
    assert rehearsal.play(SHORT, candidate="fraud-v6").outcome is Outcome.ROLLED_BACK

    assert denied(rehearsal.cloud) == []
    assert used(rehearsal.cloud, *ROLLOUT) == allowed(*ROLLOUT)


@pytest.mark.parametrize("good", [True, False], ids=["promoted", "taken back"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_gets_by_with_the_policies(rehearsal, restrict, strategy, good):
    """Linear, blue/green, shadow and control twin end as they shall, both ways, with nothing denied."""
    rehearsal.register_scaling()
    restrict(*ROLLOUT)
    fields = STRATEGIES[strategy]
    if not good:
        rehearsal.models["fraud-v7"] = model(3, failing=0.5)
        fields = fields | ({"probes": None} if strategy == "blue_green" else {})

    ending = rehearsal.play(fields)

    assert ending.outcome is (Outcome.PROMOTED if good else Outcome.ROLLED_BACK), ending.reason
    assert (denied(rehearsal.cloud), ending.left) == ([], ())


def test_an_ab_test_gets_by_with_the_policies(rehearsal, restrict):
    """Several challengers, their metrics and the winner's promotion need no further action."""
    shop = rehearsal.aws
    restrict(*ROLLOUT)

    rates = {"fraud-v6": 0.1, "fraud-v7": 0.1, "fraud-v8": 0.25}
    ending = ab_test.play(rehearsal, rates, aws=shop, **ab_test.HELD_OUT)

    assert ending.outcome is Outcome.PROMOTED, ending.reason
    assert denied(rehearsal.cloud) == []


def test_sagemakers_guardrails_use_all_of_their_policy(rehearsal, restrict):
    """A rolling update that is promoted and a canary that is taken back use the alarms' permissions and the usual ones alone."""
    restrict(*ROLLOUT, "iam-guardrail-policy.json")

    assert rehearsal.play(GUARDRAIL | ROLLING).outcome is Outcome.PROMOTED
    rehearsal.models["fraud-v6"] = model(9, failing=0.3)
    assert rehearsal.play(GUARDRAIL | {"gates": COMPARED}, candidate="fraud-v6").outcome is Outcome.ROLLED_BACK

    assert denied(rehearsal.cloud) == []
    assert used(rehearsal.cloud, "iam-guardrail-policy.json") == allowed("iam-guardrail-policy.json")


def test_blueprints_use_all_of_their_policy(rehearsal, restrict):
    """A promotion that the watch takes back, and a registration that steps aside, need models, a role and scaling besides."""
    blueprints.register_own(rehearsal)
    restrict(*ROLLOUT, "iam-blueprint-policy.json")

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
    assert denied(rehearsal.cloud) == []
    needed = {pair for pair in allowed("iam-blueprint-policy.json") if pair[1] != "ServerlessScaling"}
    assert used(rehearsal.cloud, "iam-blueprint-policy.json") == needed


def test_quotas_and_image_tags_use_all_of_their_policies(rehearsal, restrict):
    """What a plan looks up besides where it may: the account's quotas, and whether a tag of an image was moved."""
    restrict(*ROLLOUT, "iam-quota-policy.json")

    assert check_quotas(rehearsal.aws, rehearsal.begin(SHORT).plan) == ""

    both = ("iam-quota-policy.json", "iam-image-policy.json")
    assert used(rehearsal.cloud, *both) == allowed(*both)
    assert denied(rehearsal.cloud) == []


def test_the_switch_acts_in_its_role_alone(rehearsal, restrict):
    """When every process is gone, EventBridge brings the traffic back by what its role allows, and needs all of that but the queue."""
    restrict(*ROLLOUT)
    rehearsal.begin(SHORT)
    rehearsal.look_until(Phase.BAKING)

    rehearsal.pass_time(timedelta(minutes=10))

    weights = {each["VariantName"]: each["CurrentWeight"] for each in rehearsal.endpoint()["ProductionVariants"]}
    assert (weights["AllTraffic"], weights["candidate"]) == (100, 0)
    assert denied(rehearsal.cloud) == []
    switch = allowed("switch-role.json")
    assert used(rehearsal.cloud, "switch-role.json") == {pair for pair in switch if pair[2] != "sqs:SendMessage"}
