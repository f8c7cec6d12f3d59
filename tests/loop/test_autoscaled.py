"""An endpoint that autoscaling has grown beyond its configuration keeps what it has: before, during and after, either way."""

from typing import Any

import pytest

from policies.decision import Decision
from policies.lifecycle import Outcome, Phase
from tests.loop.rehearsal import ENDPOINT, QUICK, SCALABLE, Rehearsal, model

SEVEN = 7
TRACKING: dict[str, Any] = {
    "TargetValue": 600.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}


@pytest.fixture
def grown(rehearsal: Rehearsal) -> Rehearsal:
    """The endpoint serves with 7 instances; its configuration says 2; autoscaling tracks its load between 2 and 10."""
    rehearsal.register_scaling(2, 10)
    rehearsal.aws.application_autoscaling.put_scaling_policy(
        PolicyName="load",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
        **SCALABLE,
    )
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": SEVEN}]
    rehearsal.cloud.call(
        "UpdateEndpointWeightsAndCapacities", {"EndpointName": ENDPOINT, "DesiredWeightsAndCapacities": desired}
    )
    rehearsal.settle()
    return rehearsal


def watch_counts(rehearsal: Rehearsal) -> list[tuple[str, int]]:
    """Note at every decision under whose model's name how many instances the baseline's variant serves with."""
    seen: list[tuple[str, int]] = []

    def watch(rehearsal: Rehearsal, decision: Decision) -> None:
        del decision
        live = rehearsal.endpoint()
        (variant,) = [each for each in live["ProductionVariants"] if each["VariantName"] == "AllTraffic"]
        config = rehearsal.config(live["EndpointConfigName"])["ProductionVariants"]
        models = [each["ModelName"] for each in config if each["VariantName"] == "AllTraffic"]
        seen.append((models[0], variant["CurrentInstanceCount"]))

    rehearsal.watch = watch
    return seen


def policies(rehearsal: Rehearsal) -> list[tuple[str, dict[str, Any]]]:
    """The scaling policies of the baseline's variant, read back through boto3."""
    found = rehearsal.aws.application_autoscaling.describe_scaling_policies(
        ServiceNamespace="sagemaker", ResourceId=SCALABLE["ResourceId"]
    )["ScalingPolicies"]
    return [(each["PolicyName"], dict(each["TargetTrackingScalingPolicyConfiguration"])) for each in found]


@pytest.mark.parametrize("bad", [True, False], ids=["rolled back", "promoted"])
def test_an_autoscaled_endpoint_keeps_its_capacity_and_its_policies(grown: Rehearsal, bad: bool):  # noqa: FBT001 - a case
    """Seven instances before, during and after; whoever serves all traffic has had them before it got it; scaling is as it was."""
    if bad:
        grown.models["fraud-v7"] = model(3, failing=0.5)
    before, scaling = policies(grown), grown.scaling()
    seen = watch_counts(grown)

    ending = grown.play(QUICK | {"strategy": "canary"})

    assert ending.outcome is (Outcome.ROLLED_BACK if bad else Outcome.PROMOTED), ending.reason
    assert {count for _, count in seen} == {SEVEN}
    assert ("fraud-v7" in {name for name, _ in seen}) is not bad
    (live,) = grown.endpoint()["ProductionVariants"]
    assert (live["CurrentInstanceCount"], live["DesiredInstanceCount"]) == (SEVEN, SEVEN)
    assert before
    assert policies(grown) == before
    assert grown.scaling() == scaling


def test_a_baseline_that_was_shrunk_is_full_again_before_its_traffic_returns(grown: Rehearsal):
    """A baseline of few instances and little traffic gets its count back first, then its traffic, then its configuration."""
    grown.begin(QUICK)
    grown.look_until(Phase.BAKING, 1)
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    grown.cloud.call(
        "UpdateEndpointWeightsAndCapacities", {"EndpointName": ENDPOINT, "DesiredWeightsAndCapacities": desired}
    )
    grown.settle()
    assert (grown.instances(), round(grown.share())) == (2, 95)
    seen: list[tuple[int, int]] = []
    grown.watch = lambda playing, _: seen.append((playing.instances(), round(playing.share())))
    grown.signal("abort")

    assert grown.rollout is not None
    assert grown.drive(grown.rollout).outcome is Outcome.ABORTED
    assert all(count == 7 for count, share in seen if share < 95), seen
    assert grown.instances() == 7
