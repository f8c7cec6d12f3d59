"""What a rollout could not clear up: every change of a clean-up, denied or throttled for ever, is in the ending and in the overview."""

import shlex
from collections.abc import Callable
from typing import Any

import pytest

from policies.by_hand import by_hand
from policies.decision import Decision
from policies.lifecycle import Ending, Outcome, Phase
from rollway.cli.overview import say_hold
from rollway.journal.journal import Journal
from rollway.journal.leases import read_standing
from rollway.sandbox.fault_menu import Denied, Fault, Throttle
from tests.loop import test_blueprints as blueprints
from tests.loop.rehearsal import ENDPOINT, QUICK, Rehearsal, model
from tests.loop.test_guardrail import GUARDRAIL

HURRIED: dict[str, Any] = {"timeouts": {"update": "15m"}}
FAULTS: dict[str, tuple[Callable[[str], Fault], str]] = {
    "denied": (lambda operation: Denied(operation=operation), "AccessDenied"),
    "throttled for ever": (lambda operation: Throttle(operation=operation, times=100_000), "Throttling"),
}
"""What is wrong with a request for ever, and how AWS calls it."""
CLEAN_UPS: dict[str, tuple[str, str, str]] = {
    "DeleteEndpointConfig": ("canary", "delete_config", "sagemaker delete-endpoint-config"),
    "DeleteSchedule": ("canary", "disarm_switch", "scheduler delete-schedule"),
    "RegisterScalableTarget": ("canary", "set_scaling", "application-autoscaling register-scalable-target"),
    "DeleteAlarms": ("guardrail", "remove_guard", "cloudwatch delete-alarms"),
    "DeregisterScalableTarget": (
        "new scaling",
        "replace_scaling",
        "application-autoscaling deregister-scalable-target",
    ),
    "PutScalingPolicy": ("other scaling", "replace_scaling", "application-autoscaling register-scalable-target"),
}
"""Every change of a clean-up: in which rollout it is made, its command, and the first command that makes it by hand."""


def play(rehearsal: Rehearsal, rollout: str, fault: Fault) -> Ending:
    """Play a rollout to its end, with a fault from the moment on at which the clean-up begins."""
    scales = rollout.endswith("scaling")

    def watch(rehearsal: Rehearsal, decision: Decision) -> None:
        if decision.state.registration == "after":
            rehearsal.models["fraud-v8"] = model(6, failing=0.5)
        if decision.state.phase is Phase.CLEANING and not rehearsal.cloud.faults.planted():
            rehearsal.cloud.plant(fault)

    rehearsal.watch = watch
    if scales:
        if rollout == "other scaling":
            blueprints.register_own(rehearsal)
        declared = blueprints.blueprint(blueprints.SCALING)
        return rehearsal.drive(blueprints.begin(rehearsal, declared, blueprints.WATCHED | HURRIED))
    rehearsal.register_scaling()
    return rehearsal.play((GUARDRAIL if rollout == "guardrail" else QUICK) | HURRIED)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", CLEAN_UPS)
def test_what_aws_does_not_do_is_left_behind_and_said(rehearsal, operation, fault):
    """The outcome stays; the ending names the one task that is left, AWS's answer, and how to do it; everything else is cleared up."""
    rollout, kind, command = CLEAN_UPS[operation]
    make, words = FAULTS[fault]

    ending = play(rehearsal, rollout, make(operation))

    assert ending.outcome is (Outcome.ROLLED_BACK if rollout.endswith("scaling") else Outcome.PROMOTED)
    assert "left behind: " in ending.reason
    assert words in ending.reason
    (left,) = ending.left
    assert left.task is not None
    assert (left.task.kind, left.answer and left.answer.status) == (
        kind,
        "refused" if fault == "denied" else "busy",
    )
    assert rehearsal.rollout is not None
    by = by_hand(rehearsal.rollout.plan, left)
    assert by[0].startswith(f"aws {command} ")
    assert all(shlex.split(each)[-2:] == ["--region", "us-east-1"] for each in by)
    standing = read_standing(rehearsal.store, ENDPOINT)
    assert standing is not None
    assert f"1 task of its clean-up left behind: rollway status {ENDPOINT}" in say_hold(ENDPOINT, standing)
    assert Journal(rehearsal.store, rehearsal.rollout.plan.rollout_id).read().state.ending == ending


def test_a_clean_up_that_succeeds_after_all_leaves_nothing(rehearsal):
    """What is refused for a while is asked for again, after everything else has had its turn."""
    ending = play(rehearsal, "canary", Denied(operation="DeleteEndpointConfig", duration="20s"))

    assert (ending.outcome, ending.left) == (Outcome.PROMOTED, ())
    assert "left behind" not in ending.reason
    names = [each["EndpointConfigName"] for each in rehearsal.cloud.call("ListEndpointConfigs", {})["EndpointConfigs"]]
    assert rehearsal.rollout is not None
    assert set(names) == {"fraud-v6-config", rehearsal.rollout.plan.promoted.name}


def test_a_configuration_that_another_endpoint_uses_stays_and_is_said(rehearsal):
    """Rollway's own refusal is final: it is reported at once, and not asked for again and again."""

    def lend(rehearsal: Rehearsal, decision: Decision) -> None:
        made = {"EndpointConfigName": decision.state.made[0]} if decision.state.made else {}
        if decision.state.phase is Phase.BAKING and "churn-prod" not in borrowed:
            borrowed.append("churn-prod")
            rehearsal.cloud.call("CreateEndpoint", {"EndpointName": "churn-prod"} | made)

    borrowed: list[str] = []
    rehearsal.watch = lend

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.PROMOTED
    assert [each.task.kind for each in ending.left if each.task] == ["delete_config"]
    assert "in use by churn-prod" in ending.reason
    assert rehearsal.rollout is not None
    assert by_hand(rehearsal.rollout.plan, ending.left[0]) == (), "nobody is told to delete what another endpoint needs"
    asked = [each for each in rehearsal.decisions if any(task.kind == "delete_config" for task in each.commands)]
    assert len(asked) == 1
