"""SageMaker's deployment guardrails, judged and braked by a rollout, on the simulated AWS."""

from typing import Any

import pytest

from policies.commands import ApplyConfig, SoundAlarm
from policies.decision import Decision
from policies.lifecycle import Outcome, Phase
from rollway.journal.records import Intended
from rollway.sandbox.fault_menu import GuardrailsIgnored
from tests.loop.rehearsal import CONFIG, QUICK, SECOND, Rehearsal, model

BROKEN = 0.5
ORIGINAL = CONFIG["EndpointConfigName"]
LIMITS = {name: QUICK["gates"][name] for name in ("failing", "sample")}
COMPARED = {"errors": {"metric": "model_errors", "no_worse_than": {"ratio": 1.5, "or_absolute": "5%"}}}
GUARDRAIL: dict[str, Any] = {
    "strategy": "guardrail",
    "stages": [{"share": 50, "bake": "4m"}, {"share": 100, "bake": "3m"}],
    "gates": LIMITS,
}
ROLLING = {
    "deployment_guardrails": {"rolling": True},
    "stages": [{"share": 50, "bake": "4m"}, {"share": 100, "bake": "4m"}],
}


def commands(rehearsal: Rehearsal) -> list[Any]:
    """Every command that was carried out, in order."""
    assert rehearsal.rollout is not None
    return [record.command for record in rehearsal.rollout.journal.read().records if isinstance(record, Intended)]


def serving(rehearsal: Rehearsal) -> tuple[str, list[str]]:
    """The endpoint's status and the models that it serves."""
    live = rehearsal.endpoint()
    config = rehearsal.config(live["EndpointConfigName"])
    return live["EndpointStatus"], [each["ModelName"] for each in config["ProductionVariants"]]


def alarms(rehearsal: Rehearsal) -> list[str]:
    """Names of the alarms that exist."""
    return [each.get("AlarmName", "") for each in rehearsal.aws.cloudwatch.describe_alarms()["MetricAlarms"]]


@pytest.mark.parametrize(
    "more",
    [{}, ROLLING, {"stages": [{"share": 100, "bake": "4m"}]}, {"gates": LIMITS | COMPARED}],
    ids=["canary", "rolling", "all at once", "compared"],
)
def test_a_good_candidate_is_promoted(rehearsal, more):
    """SageMaker moves the traffic, every step is judged in time, and no alarm is left over."""
    ending = rehearsal.play(GUARDRAIL | more)

    assert ending.outcome is Outcome.PROMOTED, ending.reason
    assert serving(rehearsal) == ("InService", ["fraud-v7"])
    assert rehearsal.endpoint()["LastDeploymentConfig"]
    assert alarms(rehearsal) == []


def test_a_failing_judge_makes_sagemaker_roll_back(rehearsal):
    """A comparison that no alarm could make fails: our alarm goes off, and SageMaker itself takes the update back."""
    rehearsal.models["fraud-v7"] = model(3, failing=BROKEN)

    ending = rehearsal.play(GUARDRAIL | {"gates": COMPARED | {"sample": LIMITS["sample"]}})

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "errors: " in ending.reason
    assert "-abort went off" in rehearsal.endpoint()["FailureReason"]
    assert rehearsal.endpoint()["EndpointConfigName"] == ORIGINAL
    assert [type(each) for each in commands(rehearsal)].count(ApplyConfig) == 1
    assert alarms(rehearsal) == []
    names = {each["EndpointConfigName"] for each in rehearsal.cloud.call("ListEndpointConfigs", {})["EndpointConfigs"]}
    assert names == {ORIGINAL}


def test_a_fixed_limit_is_an_alarm_of_its_own(rehearsal):
    """A limit that CloudWatch can watch needs no process of ours: its alarm has SageMaker go back while nobody looks."""
    rehearsal.models["fraud-v7"] = model(3, failing=BROKEN)
    rehearsal.begin(GUARDRAIL | {"lease": "20m"})
    rehearsal.look_until(Phase.BAKING)
    rehearsal.die()

    assert "-failing went off" in rehearsal.endpoint()["FailureReason"]
    (reconciled,) = rehearsal.reconcile()
    assert reconciled.ending is not None
    assert reconciled.ending.outcome is Outcome.ROLLED_BACK
    assert alarms(rehearsal) == []


def test_silence_has_sagemaker_go_back(rehearsal):
    """When every process of ours is gone, the pulse stops, and its alarm takes even a good candidate back."""
    rehearsal.begin(GUARDRAIL)
    rehearsal.look_until(Phase.BAKING)
    rehearsal.die()
    rehearsal.pass_time(rehearsal.rollout.plan.policy.lease)

    assert "-pulse went off" in rehearsal.endpoint()["FailureReason"]
    assert serving(rehearsal) == ("InService", ["fraud-v6"])


def test_gates_that_cannot_tell_are_taken_back_in_time(rehearsal):
    """SageMaker would go on without a verdict, so too few requests at a step end the rollout there."""
    ending = rehearsal.play(GUARDRAIL | {"gates": LIMITS | {"sample": {"requests_at_least": 100_000}}})

    assert ending.outcome is Outcome.INCONCLUSIVE
    assert "SageMaker waits for nobody" in ending.reason
    assert serving(rehearsal) == ("InService", ["fraud-v6"])


def test_a_pause_is_no_reason_to_let_sagemaker_go_on(rehearsal):
    """Paused, the candidate shall get no more; SageMaker cannot pause, so the update is taken back when it would go on."""
    rehearsal.begin(GUARDRAIL)
    rollout = rehearsal.look_until(Phase.BAKING)
    rehearsal.signal("pause", "let me look")

    ending = rehearsal.drive(rollout)

    assert ending.outcome is Outcome.ABORTED
    assert "let me look" in ending.reason
    assert serving(rehearsal) == ("InService", ["fraud-v6"])


def test_an_abort_is_heard_in_flight(rehearsal):
    """An update that no request can stop is stopped by its alarm."""
    rehearsal.begin(GUARDRAIL)
    rollout = rehearsal.look_until(Phase.BAKING)
    rehearsal.signal("abort", "wrong model")

    ending = rehearsal.drive(rollout)

    assert ending.outcome is Outcome.ABORTED
    assert any(isinstance(each, SoundAlarm) for each in commands(rehearsal))
    assert serving(rehearsal) == ("InService", ["fraud-v6"])


@pytest.mark.parametrize(("verb", "outcome"), [("approve", Outcome.PROMOTED), ("rollback", Outcome.ROLLED_BACK)])
def test_a_silent_all_at_once_is_reported(rehearsal, verb, outcome):
    """Where SageMaker left out its guardrails, the rollout says so and leaves it to a person: nobody has judged the candidate."""
    rehearsal.cloud.plant(GuardrailsIgnored())

    def watch(rehearsal: Rehearsal, decision: Decision) -> None:
        if decision.action == "hold" and "got all traffic at once" in decision.reason:
            rehearsal.signal(verb)

    rehearsal.watch = watch
    ending = rehearsal.play(GUARDRAIL)

    assert ending.outcome is outcome
    assert any("guardrails did not do as asked" in each.reason for each in rehearsal.decisions)
    assert serving(rehearsal) == ("InService", ["fraud-v7" if verb == "approve" else "fraud-v6"])


def test_the_next_process_goes_on_in_flight(rehearsal):
    """A process that dies during a step leaves the update to SageMaker and the judgement to the next one."""
    rehearsal.begin(
        GUARDRAIL | {"lease": "10m", "stages": [{"share": 50, "bake": "20m"}, {"share": 100, "bake": "3m"}]}
    )
    rollout = rehearsal.look_until(Phase.BAKING)
    rehearsal.pass_time(rollout.plan.policy.take_over_after + SECOND)

    (reconciled,) = rehearsal.reconcile()

    assert reconciled.ending is not None
    assert reconciled.ending.outcome is Outcome.PROMOTED, reconciled.ending.reason
    assert alarms(rehearsal) == []
