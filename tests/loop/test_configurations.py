"""A change of the configuration as a rollout: capture, instance type or keys change as a model does, and go back as one."""

import copy
from typing import Any

from policies.endpoint_config import EndpointConfig
from policies.lifecycle import Outcome, Phase
from policies.loading import parse_policy
from rollway.loop.hands import PlainHands
from rollway.loop.rollout import Rollout
from rollway.loop.starting import Request, plan_rollout, start
from tests.loop.rehearsal import CONFIG, ENDPOINT, POLICY, QUICK, Rehearsal, model

KEY = "arn:aws:kms:us-east-1:123456789012:key/99999999-2222-3333-4444-555555555555"


def wanted(**variant: Any) -> dict[str, Any]:
    """The live configuration with another key, less capture, and whatever is said of its variant."""
    fields = {
        name: copy.deepcopy(value) for name, value in CONFIG.items() if name not in {"EndpointConfigName", "Tags"}
    }
    fields["KmsKeyId"] = KEY
    fields["DataCaptureConfig"]["InitialSamplingPercentage"] = 5
    fields["ProductionVariants"][0] |= variant
    return fields


def begin(rehearsal: Rehearsal, fields: dict[str, Any]) -> Rollout:
    """Start a rollout to a whole configuration."""
    config = EndpointConfig(name="wanted", fields=fields, tags={"team": "risk"})
    rehearsal.rate_per_s = 3.0
    request = Request(ENDPOINT, "", parse_policy(POLICY | QUICK), config)
    hands = PlainHands(rehearsal.aws, rehearsal.timing)
    rehearsal.rollout = start(plan_rollout(rehearsal.aws, request, rehearsal.now()), rehearsal.store, hands)
    return rehearsal.rollout


def content(rehearsal: Rehearsal) -> dict[str, Any]:
    """What the endpoint's configuration says, without what names it and when it was made."""
    live = rehearsal.config(rehearsal.endpoint()["EndpointConfigName"])
    named = {"EndpointConfigName", "EndpointConfigArn", "CreationTime", "ResponseMetadata"}
    return {key: value for key, value in live.items() if key not in named}


def test_a_configuration_is_promoted_as_it_was_wanted(rehearsal):
    """The endpoint ends on exactly the wanted fields; the count is the live one, which is autoscaling's."""
    fields = wanted(InstanceType="ml.m6i.2xlarge")

    ending = rehearsal.drive(begin(rehearsal, fields))

    assert ending.outcome is Outcome.PROMOTED, ending.reason
    assert content(rehearsal) == fields


def test_the_arms_differ_in_their_variants_alone(rehearsal):
    """While both serve, what a configuration says of all variants is as wanted for both."""
    rollout = begin(rehearsal, wanted(InstanceType="ml.m6i.2xlarge"))
    rehearsal.look_until(Phase.BAKING)

    live = content(rehearsal)
    types = {each["VariantName"]: each["InstanceType"] for each in live["ProductionVariants"]}
    assert types == {"AllTraffic": "ml.m6i.xlarge", "candidate": "ml.m6i.2xlarge"}
    assert (live["KmsKeyId"], live["DataCaptureConfig"]["InitialSamplingPercentage"]) == (KEY, 5)
    assert rehearsal.drive(rollout).outcome is Outcome.PROMOTED


def test_a_worse_configuration_is_taken_back(rehearsal):
    """The endpoint is back on the very configuration that it came from."""
    rehearsal.models["fraud-v7"] = model(3, failing=0.5)

    ending = rehearsal.drive(begin(rehearsal, wanted(ModelName="fraud-v7")))

    assert ending.outcome is Outcome.ROLLED_BACK
    assert rehearsal.endpoint()["EndpointConfigName"] == CONFIG["EndpointConfigName"]


def test_people_see_which_configuration_it_is_about(rehearsal):
    """The same model in another configuration is told apart by the configuration's name."""
    plan = begin(rehearsal, wanted()).plan

    assert plan.baseline.model == "fraud-v6"
    assert plan.candidate.model == f"fraud-v6 ({plan.promoted.name})"
