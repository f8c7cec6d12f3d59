"""Capacity by the load that the simulated CloudWatch has measured, and given back when the promotion fails."""

from datetime import timedelta
from typing import Any

from policies.lifecycle import Outcome, Phase
from tests.loop.rehearsal import QUICK, Rehearsal, model


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
    assert rehearsal.instances() == plan.full_capacity == 4


def test_an_endpoint_without_requests_is_said_to_be_unknown(rehearsal: Rehearsal):
    """Where CloudWatch has nothing to tell, the share alone decides, and the plan says so."""
    plan = rehearsal.begin(QUICK | {"capacity": {"requests_per_instance": "measured"}}).plan

    assert [stage.instances for stage in plan.stages] == [1, 2]
    assert "the load is not known: CloudWatch has no request of the last 1d" in plan.stages[0].why


def test_instances_for_the_promotion_are_given_back_when_it_fails(rehearsal: Rehearsal):
    """Without autoscaling, what the baseline's name was given for all traffic goes when the watch takes the candidate back."""
    rehearsal.rate_per_s = 3.0
    rehearsal.pass_time(timedelta(minutes=3))

    def break_when_alone(playing: Rehearsal, decision: Any) -> None:
        if decision.state.phase is Phase.BAKING and decision.state.stage == len(QUICK["stages"]):
            assert playing.instances() == 4
            playing.models["fraud-v7"] = model(5, failing=0.9)

    rehearsal.watch = break_when_alone
    capacity = {"requests_per_instance": "50/min", "headroom": "0%"}
    ending = rehearsal.play(QUICK | {"watch": "10m", "capacity": capacity})

    assert ending.outcome is Outcome.ROLLED_BACK, ending.reason
    assert rehearsal.instances() == 2
