"""What this rollout did itself is not taken for somebody else's doing, nor the reverse; and ways back that need another way."""

from datetime import timedelta

import pytest

from policies.lifecycle import Outcome, Phase
from rollway.journal.journal import Journal
from rollway.sandbox.fault_menu import (
    Denied,
    InstanceQuota,
    LostAnswer,
    Outage,
    OutsideChange,
    Stuck,
    UpdateRollbackFails,
)
from tests.loop.rehearsal import CONFIG, ENDPOINT, QUICK, Rehearsal, model
from tests.loop.test_taking_up import nothing_is_left
from tests.loop.test_trouble import at, log, on_baseline

FAILING = 0.39
ORIGINAL = CONFIG["EndpointConfigName"]


def records(rehearsal: Rehearsal):
    """The records of the rehearsal's rollout, read anew."""
    return Journal(rehearsal.store, rehearsal.rollout.plan.rollout_id).read().records


def fail_with(rehearsal: Rehearsal, *faults) -> None:
    """Let the candidate fail from now on, under these faults."""
    rehearsal.models["fraud-v7"] = model(3, failing=FAILING)
    for fault in faults:
        rehearsal.cloud.plant(fault)


def test_a_way_back_that_the_journal_missed_keeps_its_reason(rehearsal):
    """The journal is away while the candidate is taken back: the records are written once it is there again, the reason with them."""
    away = Outage(service="s3", duration="12m")
    rehearsal.watch = at(Phase.BAKING, 0, lambda r: fail_with(r, away))

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "failing" in ending.reason
    assert records(rehearsal)[-1].state.ending.reason == ending.reason
    assert rehearsal.reconcile() == []
    assert nothing_is_left(rehearsal)


def test_a_way_back_whose_process_died_before_the_journal_was_there_again_is_not_foreign(rehearsal):
    """The next process finds the endpoint on its old configuration: it ends rolled back at once and says what it knows."""
    rehearsal.begin(QUICK)
    rehearsal.look_until(Phase.BAKING, 0)
    rehearsal.cloud.plant(Outage(service="s3", duration="2h"))
    rehearsal.models["fraud-v7"] = model(3, failing=FAILING)
    while not on_baseline(rehearsal):
        rehearsal.advance()
    rehearsal.cloud.faults.clear()
    rehearsal.die()

    (done,) = rehearsal.reconcile()

    assert done.ending.outcome is Outcome.ROLLED_BACK
    assert "put back on config fraud-v6-config by an earlier process of this rollout" in done.ending.reason
    assert "or somebody else" in done.ending.reason
    assert nothing_is_left(rehearsal)


@pytest.mark.parametrize("phase", [(Phase.PREPARING, 0), (Phase.PROMOTING, 1)])
def test_an_update_whose_answer_was_lost_has_its_limit_of_time(rehearsal, phase):
    """Accepted, answered with an error, and stuck: it is this rollout's own, is named, and is overdue after ``timeouts.update``."""

    def lose(rehearsal: Rehearsal) -> None:
        rehearsal.cloud.plant(LostAnswer(operation="UpdateEndpoint", times=3))
        rehearsal.cloud.plant(Stuck(operation="UpdateEndpoint", by="80m"))

    if phase[0] is Phase.PREPARING:
        lose(rehearsal)
    else:
        rehearsal.watch = at(*phase, lose)

    ending = rehearsal.play(QUICK | {"timeouts": {"update": "1h", "rollback": "2h"}})

    what = "the deployment of the candidate" if phase[0] is Phase.PREPARING else "the promotion"
    assert ending.outcome is Outcome.ROLLED_BACK
    assert f"AWS has not finished {what} (config " in ending.reason
    assert not any("not by this rollout" in decision.reason for decision in rehearsal.decisions)
    assert on_baseline(rehearsal)


def test_a_split_that_a_person_sets_right_after_our_shift_is_not_overwritten(rehearsal):
    """Fifty-fifty two seconds after the shift is held as a person's, to the deadline."""
    theirs = {"AllTraffic": 50.0, "candidate": 50.0}
    change = OutsideChange(endpoint=ENDPOINT, weights=theirs, after="2s")
    rehearsal.watch = at(Phase.SHIFTING, 0, lambda r: r.cloud.plant(change))

    ending = rehearsal.play(QUICK | {"deadline": "1h"})

    assert ending.outcome is Outcome.ABORTED
    assert "somebody changed the traffic to AllTraffic 50 %, candidate 50 %" in ending.reason
    assert {v["VariantName"]: v["CurrentWeight"] for v in rehearsal.endpoint()["ProductionVariants"]} == theirs
    ours = [each for each in log(rehearsal) if each.operation == "UpdateEndpointWeightsAndCapacities"]
    assert [each.actor for each in ours] == ["caller", "outside"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"config": ORIGINAL}, f"the endpoint was put back on config {ORIGINAL} by somebody else"),
        (
            {"weights": {"AllTraffic": 100.0, "candidate": 0.0}},
            "all traffic was put back on AllTraffic by somebody else (the dead-man's switch was not due)",
        ),
    ],
)
@pytest.mark.parametrize("stage", [0, 1])
def test_a_person_who_returns_to_the_baseline_ends_the_rollout_at_once(rehearsal, change, told, stage):
    """By the old configuration as by weights: it is over within minutes, not at the deadline, and says who did it."""
    returned = OutsideChange(endpoint=ENDPOINT, after="30s", **change)
    rehearsal.watch = at(Phase.BAKING, stage, lambda r: r.cloud.plant(returned))
    began = rehearsal.now()

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert ending.reason == told
    assert rehearsal.now() - began < timedelta(minutes=20)
    assert nothing_is_left(rehearsal)


def test_the_switch_is_named_where_it_acted(rehearsal):
    """After a silence longer than the lease, traffic that is back is the switch's doing, with the time since when it was due."""
    rehearsal.begin(QUICK)
    rehearsal.look_until(Phase.BAKING, 1)
    rehearsal.die()

    (done,) = rehearsal.reconcile()

    assert done.ending.outcome is Outcome.ROLLED_BACK
    assert "by the dead-man's switch or somebody else (the dead-man's switch was due since" in done.ending.reason


def test_a_deadline_says_what_was_in_the_way(rehearsal):
    """CloudWatch that denies access all along is the reason of the INCONCLUSIVE, in AWS's words."""
    rehearsal.watch = at(Phase.BAKING, 0, lambda r: r.cloud.plant(Denied(operation="GetMetricData")))

    ending = rehearsal.play(QUICK | {"deadline": "1h"})

    assert ending.outcome is Outcome.INCONCLUSIVE
    assert "the deadline of 1h passed in phase baking; in the way: " in ending.reason
    assert "not authorized to perform: cloudwatch:GetMetricData" in ending.reason


def test_a_refused_return_by_weights_goes_by_the_old_configuration(rehearsal):
    """A candidate that fails 39 % loses its traffic though AWS denies all further weights; the switch is not kept off meanwhile."""
    denied = Denied(operation="UpdateEndpointWeightsAndCapacities")
    rehearsal.watch = at(Phase.BAKING, 0, lambda r: fail_with(r, denied))

    ending = rehearsal.play(QUICK)

    refused = [each for each in log(rehearsal) if each.outcome == "AccessDeniedException"]
    assert ending.outcome is Outcome.ROLLED_BACK
    assert "failing" in ending.reason
    assert len(refused) == 1
    assert on_baseline(rehearsal)


def test_a_return_that_lacks_instances_frees_those_of_the_idle_candidate(rehearsal):
    """Once its traffic is back, the candidate's instances are worth less than the way back: one remains, and the quota suffices."""
    stages = [{"share": 20, "bake": "3m", "instances": 4}]
    rehearsal.watch = at(Phase.BAKING, 0, lambda r: fail_with(r, InstanceQuota(instances=6)))

    ending = rehearsal.play(QUICK | {"stages": stages})

    asked = [each for each in log(rehearsal) if each.operation.startswith("UpdateEndpoint")]
    assert ending.outcome is Outcome.ROLLED_BACK
    assert [each.outcome for each in asked[-4:]] == ["ok", "ResourceLimitExceeded", "ok", "ok"]
    assert '"VariantName": "candidate", "DesiredInstanceCount": 1' in asked[-2].parameters
    assert on_baseline(rehearsal)


@pytest.mark.parametrize(("phase", "stage"), [(Phase.PREPARING, 0), (Phase.PROMOTING, 1), (Phase.ROLLING_BACK, 0)])
def test_an_endpoint_stuck_between_two_configurations_is_brought_back(rehearsal, phase, stage):
    """UpdateRollbackFailed, whichever update it came of, is healed by applying the old configuration."""
    broken = UpdateRollbackFails()
    if phase is Phase.PREPARING:
        rehearsal.cloud.plant(broken)
    elif phase is Phase.ROLLING_BACK:
        rehearsal.watch = at(Phase.BAKING, 0, lambda r: fail_with(r, broken))
    else:
        rehearsal.watch = at(phase, stage, lambda r: r.cloud.plant(broken))

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert on_baseline(rehearsal)
    assert nothing_is_left(rehearsal)


def test_a_driver_that_cannot_return_lets_the_switch_act(rehearsal):
    """Both ways denied for good: AWS's own schedule takes the traffic within the lease and a minute, and the ending says what is left."""
    both = [Denied(operation=each) for each in ("UpdateEndpointWeightsAndCapacities", "UpdateEndpoint")]
    rehearsal.watch = at(Phase.BAKING, 0, lambda r: fail_with(r, *both))
    taken = []
    rehearsal.publish = lambda r: taken.append((r.now(), r.share())) if len(taken) < 5000 else None

    ending = rehearsal.play(QUICK | {"timeouts": {"rollback": "30m"}})

    failed_at = next(each.state.since for each in rehearsal.decisions if each.state.phase is Phase.ROLLING_BACK)
    late = [share for moment, share in taken if moment > failed_at + timedelta(minutes=6)]
    assert ending.outcome is Outcome.ROLLBACK_FAILED
    assert late
    assert set(late) == {0.0}
    assert "a person is needed" in ending.reason


def test_a_deleted_endpoint_ends_the_rollout_at_once(rehearsal):
    """Gone is gone: no deadline and no time-out is waited for, and neither configuration nor schedule is left."""
    gone = OutsideChange(endpoint=ENDPOINT, delete_endpoint=True, after="1m")
    rehearsal.watch = at(Phase.BAKING, 0, lambda r: r.cloud.plant(gone))
    began = rehearsal.now()

    ending = rehearsal.play(QUICK)

    names = {each["EndpointConfigName"] for each in rehearsal.cloud.call("ListEndpointConfigs", {})["EndpointConfigs"]}
    assert ending.outcome is Outcome.ABORTED
    assert "was deleted, not by this rollout" in ending.reason
    assert rehearsal.now() - began < timedelta(minutes=15)
    assert (rehearsal.schedules(), names) == ([], {ORIGINAL})
