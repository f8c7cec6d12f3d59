"""A name that is taken for its content: models and configurations that are deleted and created again under a live endpoint."""

from typing import Any

import pytest

from policies.errors import PreflightError
from policies.lifecycle import Outcome, Phase
from policies.loading import parse_policy
from policies.plan import Plan
from rollway.loop.starting import Request, plan_rollout
from tests.loop.rehearsal import CONFIG, ENDPOINT, POLICY, QUICK, ROLE, Rehearsal

OTHER = "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:another"


def create_again(rehearsal: Rehearsal, model: str, image: str = OTHER) -> None:
    """Delete a model and create one of its name with another image, as a pipeline does that names models by their use."""
    rehearsal.cloud.call("DeleteModel", {"ModelName": model})
    container = {"Image": image}
    rehearsal.cloud.call("CreateModel", {"ModelName": model, "PrimaryContainer": container, "ExecutionRoleArn": ROLE})


def plan(rehearsal: Rehearsal, **policy: Any) -> Plan:
    """Plan a rollout of fraud-v7."""
    fields = POLICY | QUICK | policy
    return plan_rollout(rehearsal.aws, Request(ENDPOINT, "fraud-v7", parse_policy(fields)), rehearsal.now())


def test_a_baseline_that_was_created_again_is_refused(rehearsal):
    """What serves could not be brought back, and the very first update would already replace it."""
    create_again(rehearsal, "fraud-v6")

    with pytest.raises(PreflightError) as caught:
        plan(rehearsal)

    later, image = caught.value.problems
    assert later.where == image.where == "model fraud-v6"
    assert "after variant AllTraffic was deployed with it" in later.what
    assert f"names the image {OTHER}; variant AllTraffic was deployed with" in image.what


def test_also_after_shifts_of_traffic_and_scaling(rehearsal):
    """Weights and counts move the endpoint's last change, and not the moment at which its model was deployed."""
    create_again(rehearsal, "fraud-v6")
    count = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    rehearsal.cloud.call(
        "UpdateEndpointWeightsAndCapacities", {"EndpointName": ENDPOINT, "DesiredWeightsAndCapacities": count}
    )
    rehearsal.settle()

    with pytest.raises(PreflightError, match="after variant AllTraffic was deployed with it"):
        plan(rehearsal)


def test_a_configuration_that_was_created_again_is_refused(rehearsal):
    """The configuration under the old name may hold anything by now, so no way back leads through it."""
    rehearsal.cloud.call("DeleteEndpointConfig", {"EndpointConfigName": CONFIG["EndpointConfigName"]})
    rehearsal.cloud.call("CreateEndpointConfig", CONFIG)

    with pytest.raises(PreflightError, match="after the endpoint was deployed with it"):
        plan(rehearsal)


def test_a_baseline_that_is_gone_is_refused(rehearsal):
    """A model that serves and was deleted is found before the first update fails on it."""
    rehearsal.cloud.call("DeleteModel", {"ModelName": "fraud-v6"})

    with pytest.raises(PreflightError, match="serves now and does not exist any more"):
        plan(rehearsal)


def test_a_policy_that_accepts_it_rolls_out(rehearsal):
    """Who knows better may go on; the plan keeps what was accepted."""
    create_again(rehearsal, "fraud-v6", "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1")

    accepted = plan(rehearsal, on_changed_baseline="accept")

    assert any("accepted by the policy" in note for note in accepted.notes)


def test_once_it_was_deployed_it_is_the_baseline(rehearsal):
    """After an update to the new content the name stands for what serves, and a rollout starts."""
    create_again(rehearsal, "fraud-v6")
    fresh = CONFIG | {"EndpointConfigName": "fresh"}
    rehearsal.cloud.call("CreateEndpointConfig", fresh)
    rehearsal.cloud.call("UpdateEndpoint", {"EndpointName": ENDPOINT, "EndpointConfigName": "fresh"})
    rehearsal.settle()

    assert plan(rehearsal).baseline.model == "fraud-v6"


@pytest.mark.parametrize("model", ["fraud-v6", "fraud-v7"])
def test_a_model_created_again_between_plan_and_start_is_not_deployed(rehearsal, model):
    """The first configuration is compared with the plan right before it is created; the endpoint stays as it is."""
    rollout = rehearsal.begin(QUICK)
    rehearsal.pass_time(rollout.plan.policy.metrics.look_every)
    create_again(rehearsal, model)

    ending = rehearsal.drive(rollout)

    assert ending.outcome is not Outcome.PROMOTED
    assert f"model {model} was created on" in ending.reason
    assert rehearsal.endpoint()["EndpointConfigName"] == CONFIG["EndpointConfigName"]


def test_a_candidate_created_again_before_its_promotion_is_not_promoted(rehearsal):
    """What was judged is not what its name stands for by then: the baseline stays."""
    rollout = rehearsal.begin(QUICK)
    rehearsal.look_until(Phase.BAKING)
    create_again(rehearsal, "fraud-v7")

    ending = rehearsal.drive(rollout)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "model fraud-v7 was created on" in ending.reason
    assert rehearsal.endpoint()["EndpointConfigName"] == CONFIG["EndpointConfigName"]


def test_a_rollout_that_is_taken_up_compares_too(rehearsal):
    """What the models were is in the journal, so another process finds out as well."""
    rehearsal.begin(QUICK)
    rehearsal.look_until(Phase.BAKING)
    create_again(rehearsal, "fraud-v7")
    rehearsal.die()

    (taken,) = rehearsal.reconcile()

    assert taken.ending is not None
    assert taken.ending.outcome is Outcome.ROLLED_BACK


def test_the_way_back_asks_for_no_model(rehearsal):
    """A candidate that was created again, with its configuration deleted besides, keeps nothing from going back."""
    rollout = rehearsal.begin(QUICK)
    rehearsal.look_until(Phase.BAKING)
    create_again(rehearsal, "fraud-v7")
    rehearsal.cloud.call("DeleteEndpointConfig", {"EndpointConfigName": rollout.plan.side_by_side.name})

    ending = rehearsal.drive(rollout)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert rehearsal.endpoint()["EndpointConfigName"] == CONFIG["EndpointConfigName"]
