"""Whole canaries on the simulated AWS: what the endpoint is like afterwards."""

import os

import pytest

from policies.lifecycle import Outcome, Phase
from rollway.journal.leases import read_standing
from tests.loop.rehearsal import CONFIG, ENDPOINT, QUICK, Rehearsal, model

FULL = os.environ.get("ROLLWAY_CHAOS") == "full"


def served_model(rehearsal: Rehearsal) -> list[str]:
    """The models that answer requests now, by what the endpoint's configuration says."""
    live = rehearsal.endpoint()
    return [variant["ModelName"] for variant in rehearsal.config(live["EndpointConfigName"])["ProductionVariants"]]


def content(config: dict) -> dict:
    """A described configuration without what names it and when it was made."""
    ignored = {"EndpointConfigName", "EndpointConfigArn", "CreationTime", "ResponseMetadata"}
    return {key: value for key, value in config.items() if key not in ignored}


def scale_out(rehearsal: Rehearsal, instances: int) -> None:
    """Let the live endpoint grow beyond what its configuration says, as autoscaling would."""
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": instances}]
    request = {"EndpointName": ENDPOINT, "DesiredWeightsAndCapacities": desired}
    rehearsal.cloud.call("UpdateEndpointWeightsAndCapacities", request)
    rehearsal.settle()


def test_a_promoted_endpoint_serves_only_the_candidate_on_an_otherwise_equal_config(rehearsal):
    """Promotion replaces the model and nothing else: capture, KMS, VPC, volume, counts and tags are as before."""
    before = content(rehearsal.config(CONFIG["EndpointConfigName"]))
    scale_out(rehearsal, 7)

    ending = rehearsal.play()

    assert ending.outcome is Outcome.PROMOTED
    live = rehearsal.endpoint()
    after = content(rehearsal.config(live["EndpointConfigName"]))
    (variant,) = live["ProductionVariants"]
    assert served_model(rehearsal) == ["fraud-v7"]
    assert (variant["VariantName"], variant["CurrentInstanceCount"]) == ("AllTraffic", 7)
    before["ProductionVariants"][0]["ModelName"] = "fraud-v7"
    assert after == before
    tags = rehearsal.cloud.call("ListTags", {"ResourceArn": rehearsal.config_arn(live["EndpointConfigName"])})["Tags"]
    assert {"Key": "team", "Value": "risk"} in tags
    assert {tag["Key"] for tag in tags if not tag["Key"].startswith("rollway:")} == {"team"}


def test_promotion_keeps_the_way_back_and_removes_only_its_own(rehearsal):
    """After a promotion the old configuration is still there and the side-by-side one is gone."""
    assert rehearsal.play(QUICK).outcome is Outcome.PROMOTED

    names = {each["EndpointConfigName"] for each in rehearsal.cloud.call("ListEndpointConfigs", {})["EndpointConfigs"]}
    assert names == {CONFIG["EndpointConfigName"], rehearsal.endpoint()["EndpointConfigName"]}


def test_a_candidate_that_errs_on_a_tenth_of_the_requests_is_rolled_back_at_the_first_stage(rehearsal):
    """A bad candidate never sees the second stage, and the baseline has its live instance count, not the initial one."""
    rehearsal.models["fraud-v7"] = model(3, failing=0.10)
    scale_out(rehearsal, 7)

    ending = rehearsal.play()

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "errors: " in ending.reason
    assert max(decision.state.stage for decision in rehearsal.decisions) == 0
    live = rehearsal.endpoint()
    (variant,) = live["ProductionVariants"]
    assert live["EndpointConfigName"] == CONFIG["EndpointConfigName"]
    assert (variant["CurrentWeight"], variant["CurrentInstanceCount"]) == (1.0, 7)
    names = {each["EndpointConfigName"] for each in rehearsal.cloud.call("ListEndpointConfigs", {})["EndpointConfigs"]}
    assert names == {CONFIG["EndpointConfigName"]}


def test_a_slow_candidate_is_rolled_back(rehearsal):
    """A candidate half as slow again is found by its latency."""
    rehearsal.models["fraud-v7"] = model(3, failing=0.002, scale=1.5)

    ending = rehearsal.play()

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "latency: " in ending.reason


def test_both_arms_in_one_outage_are_not_the_candidates_fault(rehearsal):
    """Errors that hit both arms alike in the same minutes do not roll the candidate back."""

    def break_both(rehearsal: Rehearsal, decision) -> None:
        state = decision.state
        outage = state.phase is Phase.BAKING and state.stage == 1
        for name in ("fraud-v6", "fraud-v7"):
            rehearsal.models[name] = model(hash((name, outage)) % 1000, failing=0.2 if outage else 0.002)

    rehearsal.watch = break_both

    ending = rehearsal.play({"stages": [{"share": 20, "bake": "8m"}, {"share": 95, "bake": "5m"}], "deadline": "1h"})

    assert ending.outcome is not Outcome.ROLLED_BACK


@pytest.mark.parametrize("seed", range(3 if FULL else 1))
def test_a_healthy_candidate_is_promoted_whatever_the_luck(rehearsal):
    """Seeded rehearsals of an equal candidate all end in promotions."""
    rehearsal.rate_per_s = 8.0

    ending = rehearsal.play({"stages": [{"share": 20, "bake": "8m"}, {"share": 95, "bake": "5m"}]})

    assert ending.outcome is Outcome.PROMOTED, ending.reason


def test_the_endpoint_is_free_for_the_next_rollout_afterwards(rehearsal):
    """A finished rollout leaves its outcome on the lease, so that the next one may start."""
    ending = rehearsal.play(QUICK)

    standing = read_standing(rehearsal.store, ENDPOINT)

    assert standing is not None
    assert standing.lease.outcome is ending.outcome
    rehearsal.begin(candidate="fraud-v6")
