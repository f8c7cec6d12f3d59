"""Capacity before traffic, on the simulated AWS: what the endpoint runs on at every moment of a rollout."""

from datetime import timedelta
from typing import Any

from policies.lifecycle import Outcome, Phase
from tests.loop.rehearsal import ENDPOINT, QUICK, SCALABLE, Rehearsal, model

TRACKING: dict[str, Any] = {
    "TargetValue": 50.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}


def autoscale(rehearsal: Rehearsal, instances: int = 7) -> None:
    """Have autoscaling look after the baseline between 2 and 10 instances by its load, and have it grown to so many."""
    rehearsal.register_scaling(2, 10)
    rehearsal.aws.application_autoscaling.put_scaling_policy(
        PolicyName="load",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
        **SCALABLE,
    )
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": instances}]
    rehearsal.cloud.call(
        "UpdateEndpointWeightsAndCapacities", {"EndpointName": ENDPOINT, "DesiredWeightsAndCapacities": desired}
    )
    rehearsal.settle()


def counted(rehearsal: Rehearsal, variant: str = "AllTraffic") -> int:
    """How many instances serve a variant now; 0 without it."""
    variants = rehearsal.endpoint()["ProductionVariants"]
    return next((each["CurrentInstanceCount"] for each in variants if each["VariantName"] == variant), 0)


def test_counts_follow_the_load_that_cloudwatch_has(rehearsal: Rehearsal):
    """The busiest minute of the past, as CloudWatch has it, decides on each stage's instances and on those for all traffic."""
    rehearsal.rate_per_s = 3.0
    rehearsal.pass_time(timedelta(minutes=10))
    capacity = {"requests_per_instance": "50/min", "headroom": "0%"}

    ending = rehearsal.play(QUICK | {"capacity": capacity})

    assert rehearsal.rollout is not None
    plan = rehearsal.rollout.plan
    assert [stage.instances for stage in plan.stages] == [1, 4], "180 a minute, of which 20 % and 95 %, by 50"
    assert ending.outcome is Outcome.PROMOTED, ending.reason
    assert counted(rehearsal) == plan.full_capacity == 4


def test_an_endpoint_without_requests_is_said_to_be_unknown(rehearsal: Rehearsal):
    """Where CloudWatch has nothing to tell, the share alone decides, and the plan says so."""
    plan = rehearsal.begin(QUICK | {"capacity": {"requests_per_instance": "measured"}}).plan

    assert [stage.instances for stage in plan.stages] == [1, 2]
    assert "the load is not known: CloudWatch has no request of the last 1d" in plan.stages[0].why


def test_a_grown_fleet_stays_what_it_is_through_a_rollback(rehearsal: Rehearsal):
    """An autoscaled baseline at 7 whose configuration says 2 has 7 instances before, during and after a rollback."""
    autoscale(rehearsal)
    rehearsal.models["fraud-v7"] = model(3, failing=0.5)
    seen: list[int] = []
    rehearsal.watch = lambda playing, _: seen.append(counted(playing))

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert {*seen, counted(rehearsal)} == {7}
    assert rehearsal.scaling()["SuspendedState"] == dict.fromkeys(rehearsal.scaling()["SuspendedState"], False)


def test_the_candidate_has_the_full_capacity_before_it_serves_alone(rehearsal: Rehearsal):
    """The update that gives the candidate all traffic finds the baseline's name at full count, and keeps it and its scaling."""
    autoscale(rehearsal)
    alone: list[int] = []

    def look(playing: Rehearsal, _: object) -> None:
        variants = playing.endpoint()["ProductionVariants"]
        alone.extend(
            each["CurrentInstanceCount"]
            for each in variants
            if len(variants) == 1 and playing.endpoint()["EndpointConfigName"] != "fraud-v6-config"
        )

    rehearsal.watch = look
    assert rehearsal.play(QUICK).outcome is Outcome.PROMOTED

    assert set(alone) == {7}
    policies = rehearsal.aws.application_autoscaling.describe_scaling_policies(**SCALABLE)["ScalingPolicies"]
    assert [(each["PolicyName"], each.get("TargetTrackingScalingPolicyConfiguration")) for each in policies] == [
        ("load", TRACKING)
    ]
    assert rehearsal.scaling()["MaxCapacity"] == 10


def test_a_baseline_that_was_shrunk_is_full_again_before_its_traffic_returns(rehearsal: Rehearsal):
    """A baseline of few instances and little traffic gets its count back first, then its traffic, then its configuration."""
    autoscale(rehearsal)
    rehearsal.begin(QUICK)
    rehearsal.look_until(Phase.BAKING, 1)
    desired = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    rehearsal.cloud.call(
        "UpdateEndpointWeightsAndCapacities", {"EndpointName": ENDPOINT, "DesiredWeightsAndCapacities": desired}
    )
    rehearsal.settle()
    assert (counted(rehearsal), round(rehearsal.share())) == (2, 95)
    seen: list[tuple[int, int]] = []
    rehearsal.watch = lambda playing, _: seen.append((counted(playing), round(playing.share())))
    rehearsal.signal("abort")

    assert rehearsal.rollout is not None
    assert rehearsal.drive(rehearsal.rollout).outcome is Outcome.ABORTED
    assert all(count == 7 for count, share in seen if share < 95), seen
    assert counted(rehearsal) == 7


def test_instances_for_the_promotion_are_given_back_when_it_fails(rehearsal: Rehearsal):
    """Without autoscaling, what the baseline's name was given for all traffic goes when the watch takes the candidate back."""
    rehearsal.rate_per_s = 3.0
    rehearsal.pass_time(timedelta(minutes=3))

    def break_when_alone(playing: Rehearsal, decision: Any) -> None:
        if decision.state.phase is Phase.BAKING and decision.state.stage == len(QUICK["stages"]):
            assert counted(playing) == 4
            playing.models["fraud-v7"] = model(5, failing=0.9)

    rehearsal.watch = break_when_alone
    capacity = {"requests_per_instance": "50/min", "headroom": "0%"}
    ending = rehearsal.play(QUICK | {"watch": "10m", "capacity": capacity})

    assert ending.outcome is Outcome.ROLLED_BACK, ending.reason
    assert counted(rehearsal) == 2
