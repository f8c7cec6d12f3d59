"""Trouble on the way: AWS's, other people's, our own. Each ends in the right outcome with a message that a person understands."""

import asyncio
import os
import signal

import pytest

from policies.lifecycle import Outcome, Phase
from policies.observation import Signal
from rollway.loop.drive import drive
from rollway.loop.watching import watched_by
from rollway.sandbox.fault_menu import (
    CapacityRefused,
    MetricGap,
    OutsideChange,
    SystemUpdating,
    Throttle,
    UpdateRollsBack,
)
from tests.loop.rehearsal import CONFIG, ENDPOINT, QUICK, Rehearsal, model

SHORT = QUICK


def at(phase: Phase, stage: int, act):
    """Do something the first time that the rollout stands at a phase and stage."""
    done = []

    def watch(rehearsal: Rehearsal, decision) -> None:
        if not done and (decision.state.phase, decision.state.stage) == (phase, stage):
            done.append(True)
            act(rehearsal)

    return watch


def log(rehearsal: Rehearsal):
    """What was asked of the simulated AWS."""
    return rehearsal.cloud.request_log.entries()


def on_baseline(rehearsal: Rehearsal) -> bool:
    """Whether the endpoint is as it was before the rollout."""
    live = rehearsal.endpoint()
    return (live["EndpointConfigName"], live["EndpointStatus"], len(live["ProductionVariants"])) == (
        CONFIG["EndpointConfigName"],
        "InService",
        1,
    )


@pytest.mark.parametrize("silent", [True, False])
def test_an_update_that_aws_takes_back_ends_the_rollout(rehearsal, silent):
    """InService on the old configuration is not taken for success, with or without a reason from AWS."""
    rehearsal.cloud.faults.plant(UpdateRollsBack(silent=silent))

    ending = rehearsal.play(SHORT)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "taken back by AWS" in ending.reason
    assert on_baseline(rehearsal)


def test_a_promotion_that_aws_takes_back_is_no_promotion(rehearsal):
    """The last update is checked like the first, and asked for no more often than the policy says."""
    rehearsal.watch = at(Phase.PROMOTING, 1, lambda r: r.cloud.faults.plant(UpdateRollsBack(times=2)))

    ending = rehearsal.play(SHORT)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "(asked for 2 times)" in ending.reason
    assert on_baseline(rehearsal)


@pytest.mark.parametrize(("tries", "outcome"), [(1, Outcome.ROLLED_BACK), (2, Outcome.PROMOTED)])
def test_one_silent_failure_of_the_promotion_need_not_cost_the_rollout(rehearsal, tries, outcome):
    """A promotion that AWS takes back once in silence is asked for once more while every gate passes, where the policy allows."""
    rehearsal.watch = at(Phase.PROMOTING, 1, lambda r: r.cloud.faults.plant(UpdateRollsBack()))

    ending = rehearsal.play(SHORT | {"promotion_tries": tries})

    assert ending.outcome is outcome
    assert sum(each.operation == "UpdateEndpoint" and each.outcome == "ok" for each in log(rehearsal)) == 3


def test_a_promotion_is_not_asked_for_again_for_a_candidate_that_fails(rehearsal):
    """Between the two tries the candidate is judged as ever: one that fails by then goes back."""

    def spoil(rehearsal: Rehearsal) -> None:
        rehearsal.cloud.faults.plant(UpdateRollsBack())
        rehearsal.models["fraud-v7"] = model(3, failing=0.5)
        rehearsal.cloud.faults.plant(SystemUpdating(after="4s", duration="6m"))

    rehearsal.watch = at(Phase.PROMOTING, 1, spoil)

    ending = rehearsal.play(SHORT)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "failing" in ending.reason


def test_no_capacity_for_the_candidate_ends_the_rollout(rehearsal):
    """When AWS finds no instances for the candidate, nothing is shifted and the message says so."""
    rehearsal.cloud.faults.plant(CapacityRefused(variant="candidate"))

    ending = rehearsal.play(SHORT)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "apacity" in ending.reason
    assert on_baseline(rehearsal)


def test_throttling_is_waited_out(rehearsal):
    """AWS refusing requests for a while delays a rollout and changes nothing else."""

    def throttle(rehearsal: Rehearsal) -> None:
        for operation in ("UpdateEndpointWeightsAndCapacities", "DescribeEndpoint", "GetMetricData", "UpdateEndpoint"):
            rehearsal.cloud.faults.plant(Throttle(operation=operation, times=8))

    rehearsal.watch = at(Phase.SHIFTING, 1, throttle)

    ending = rehearsal.play(SHORT)

    assert ending.outcome is Outcome.PROMOTED


def test_an_endpoint_busy_with_something_else_is_waited_for(rehearsal):
    """AWS's own maintenance in the middle of a rollout is waited out."""
    rehearsal.watch = at(Phase.SHIFTING, 1, lambda r: r.cloud.faults.plant(SystemUpdating(duration="5m")))

    ending = rehearsal.play(SHORT)

    assert ending.outcome is Outcome.PROMOTED
    assert any("AWS is at work on it by itself" in decision.reason for decision in rehearsal.decisions)


def test_a_metric_gap_holds_the_rollout_until_data_are_back(rehearsal):
    """Missing metrics of the candidate never pass: the rollout holds, and goes on when they are back."""
    rehearsal.watch = at(
        Phase.BAKING, 0, lambda r: r.cloud.faults.plant(MetricGap(variant="candidate", after="1m", duration="20m"))
    )

    ending = rehearsal.play(SHORT)

    held = [decision for decision in rehearsal.decisions if decision.action == "hold"]
    assert ending.outcome is Outcome.PROMOTED
    assert any("sample" in decision.reason for decision in held), [decision.reason for decision in held]


def test_a_candidate_without_any_metrics_is_never_promoted(rehearsal):
    """Without data the rollout holds until its deadline, then goes back: INCONCLUSIVE."""
    rehearsal.cloud.faults.plant(MetricGap(variant="candidate", duration="2d"))

    ending = rehearsal.play(SHORT | {"deadline": "1h"})

    assert ending.outcome is Outcome.INCONCLUSIVE
    assert "deadline" in ending.reason
    assert on_baseline(rehearsal)


def test_an_outside_weight_change_holds_and_touches_nothing(rehearsal):
    """When somebody else shifts traffic, the rollout says what changed and sends nothing until it is undone."""
    mine = {"AllTraffic": 80.0, "candidate": 20.0}
    theirs = OutsideChange(endpoint=ENDPOINT, weights={"AllTraffic": 50.0, "candidate": 50.0}, after="2m")
    undone = OutsideChange(endpoint=ENDPOINT, weights=mine, after="30m")

    def plant(rehearsal: Rehearsal) -> None:
        rehearsal.cloud.faults.plant(theirs)
        rehearsal.cloud.faults.plant(undone)

    rehearsal.watch = at(Phase.BAKING, 0, plant)

    ending = rehearsal.play(SHORT)

    held = [decision for decision in rehearsal.decisions if decision.action == "hold"]
    assert ending.outcome is Outcome.PROMOTED
    assert "somebody changed the traffic to AllTraffic 50 %, candidate 50 %" in held[0].reason
    assert not any(decision.commands for decision in held)


def test_an_outside_change_that_stays_ends_the_rollout_without_a_touch(rehearsal):
    """At the deadline a rollout whose endpoint somebody else has changed ends ABORTED and leaves it alone."""
    change = OutsideChange(endpoint=ENDPOINT, weights={"AllTraffic": 50.0, "candidate": 50.0}, after="2m")
    rehearsal.watch = at(Phase.BAKING, 0, lambda r: r.cloud.faults.plant(change))

    ending = rehearsal.play(SHORT | {"deadline": "1h"})

    assert ending.outcome is Outcome.ABORTED
    assert "touched nothing" in ending.reason
    assert {v["VariantName"]: v["CurrentWeight"] for v in rehearsal.endpoint()["ProductionVariants"]} == change.weights


@pytest.mark.parametrize(
    ("phase", "stage"),
    [
        (Phase.PREPARING, 0),
        (Phase.SHIFTING, 0),
        (Phase.BAKING, 0),
        (Phase.SHIFTING, 1),
        (Phase.BAKING, 1),
        (Phase.PROMOTING, 1),
    ],
)
def test_sigterm_brings_the_endpoint_back_whatever_the_stage(rehearsal, phase, stage):
    """A real SIGTERM to the process that drives the rollout leads to the baseline from every phase."""
    rehearsal.watch = at(phase, stage, lambda _: os.kill(os.getpid(), signal.SIGTERM))

    ending = rehearsal.play(SHORT)

    assert ending.outcome is Outcome.ABORTED
    assert "SIGTERM" in ending.reason
    assert on_baseline(rehearsal)


def test_a_stop_during_a_look_is_heard_at_the_very_next_moment(rehearsal):
    """An interruption in the middle of a look is not slept over: the way back begins before any time passes."""
    stopped_at = []

    def stop(rehearsal: Rehearsal) -> None:
        stopped_at.append(rehearsal.now())
        rehearsal.rollout.interrupt(Signal(verb="abort", reason="stop", by="tester"))

    rehearsal.watch = at(Phase.BAKING, 0, stop)

    ending = rehearsal.play(SHORT)

    assert ending.outcome is Outcome.ABORTED
    assert stopped_at == [ending.at]


def test_cancelling_the_task_brings_the_endpoint_back(rehearsal):
    """Asyncio's cancellation, which is how Prefect cancels a flow, is an orderly way back too."""
    rollout = rehearsal.begin(SHORT)

    async def cancelled_while_baking():
        task = asyncio.ensure_future(drive(rollout, rehearsal))
        rehearsal.watch = at(Phase.BAKING, 0, lambda _: loop.call_soon_threadsafe(task.cancel))
        loop = asyncio.get_running_loop()
        return await task

    with watched_by(rehearsal.see):
        ending = asyncio.run(cancelled_while_baking())

    assert ending.outcome is Outcome.ABORTED
    assert "cancelled" in ending.reason
    assert on_baseline(rehearsal)


def test_an_error_of_our_own_brings_the_endpoint_back(rehearsal):
    """An exception that nobody foresaw ends the rollout on its baseline, with the error in the outcome."""

    def break_down(_: Rehearsal) -> None:
        raise ZeroDivisionError("as the test says")

    rehearsal.watch = at(Phase.BAKING, 0, break_down)

    ending = rehearsal.play(SHORT)

    assert ending.outcome is Outcome.ABORTED
    assert "ZeroDivisionError" in ending.reason
    assert on_baseline(rehearsal)


@pytest.mark.parametrize(("verb", "outcome"), [("abort", Outcome.ABORTED), ("rollback", Outcome.ROLLED_BACK)])
def test_a_signal_in_the_journal_is_heard(rehearsal, verb, outcome):
    """Another process stops a rollout by writing to its journal; the reason and the asker are on record."""
    rehearsal.watch = at(Phase.BAKING, 0, lambda r: r.signal(verb, "customers complain"))

    ending = rehearsal.play(SHORT)

    assert ending.outcome is outcome
    assert "customers complain" in ending.reason
    assert "tester" in ending.reason
    assert on_baseline(rehearsal)
