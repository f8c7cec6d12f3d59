"""Under fire: the journal out of reach, wrong clocks, expired credentials, autoscaling and strangers at work on the same endpoint."""

from datetime import timedelta

import pytest

from policies.lifecycle import Outcome, Phase
from rollway.journal.records import Decided
from rollway.sandbox.fault_menu import ExpiredCredentials, LostAnswer, Outage, OutsideChange, ScalingActivity
from tests.loop.rehearsal import BUCKET, CONFIG, ENDPOINT, QUICK, Rehearsal, model
from tests.loop.test_trouble import at, on_baseline


def shares_seen(rehearsal: Rehearsal) -> list[float]:
    """The candidate's share at every decision, as ordered."""
    return [decision.state.placement.shares.get("candidate", 0.0) for decision in rehearsal.decisions]


def test_a_journal_out_of_reach_for_five_minutes_holds_the_rollout_and_nothing_more(rehearsal):
    """A healthy candidate is promoted all the same, and gets no more traffic while nothing can be put on record."""
    shares = []

    def watch(rehearsal: Rehearsal, decision) -> None:
        if decision.state.phase is Phase.BAKING and not shares:
            shares.append(rehearsal.share())
            rehearsal.cloud.faults.plant(Outage(service="s3", prefix=BUCKET, duration="5m", after="3m"))

    rehearsal.watch = watch

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.PROMOTED, ending.reason


def test_a_way_back_does_not_wait_for_the_journal(rehearsal):
    """With the journal out of reach, a candidate that fails is taken back all the same."""
    rehearsal.models["fraud-v7"] = model(3, failing=0.3)
    rehearsal.watch = at(
        Phase.BAKING, 0, lambda r: r.cloud.faults.plant(Outage(service="s3", prefix=BUCKET, duration="30m"))
    )

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert on_baseline(rehearsal)


@pytest.mark.parametrize("minutes", [-2, 2])
def test_a_wrong_clock_does_no_harm(rehearsal, minutes):
    """Two minutes ahead or behind, a rollout goes by the store's time: promoted, and recorded in AWS's own time."""
    rehearsal.skew = timedelta(minutes=minutes)

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.PROMOTED
    records = rehearsal.rollout.journal.read().records
    last = [record for record in records if isinstance(record, Decided)][-1]
    assert abs(last.at - rehearsal.clock.now()) < timedelta(minutes=1)


@pytest.mark.parametrize("phase", [Phase.BAKING, Phase.SHIFTING])
def test_expired_credentials_are_waited_out(rehearsal, phase):
    """Credentials that are renewed within the lease cost a healthy rollout nothing but time."""
    rehearsal.watch = at(phase, 1, lambda r: r.cloud.faults.plant(ExpiredCredentials(duration="2m")))

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.PROMOTED, ending.reason


def test_expired_credentials_delay_a_rollback_and_do_not_end_it(rehearsal):
    """The way back goes on when the credentials are renewed."""
    rehearsal.models["fraud-v7"] = model(3, failing=0.3)
    rehearsal.watch = at(Phase.ROLLING_BACK, 0, lambda r: r.cloud.faults.plant(ExpiredCredentials(duration="10m")))

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert on_baseline(rehearsal)


@pytest.mark.parametrize(
    "operation",
    ["CreateEndpointConfig", "UpdateEndpoint", "UpdateEndpointWeightsAndCapacities", "CreateSchedule", "PutObject"],
)
def test_an_answer_that_is_lost_is_looked_up(rehearsal, operation):
    """AWS did it, and nobody heard: the rollout finds it done and goes on."""
    rehearsal.cloud.faults.plant(LostAnswer(operation=operation, times=3))

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.PROMOTED, ending.reason


def test_scaling_is_held_during_a_rollout_and_exactly_as_before_after_it(rehearsal):
    """The baseline cannot be scaled in under the rollout; bounds and suspensions are the old ones afterwards."""
    rehearsal.register_scaling()
    before = rehearsal.scaling()
    during = []
    rehearsal.watch = at(Phase.BAKING, 1, lambda r: during.append(r.scaling()["SuspendedState"]))

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.PROMOTED
    assert during[0]["DynamicScalingInSuspended"]
    assert during[0]["ScheduledScalingSuspended"]
    assert not during[0]["DynamicScalingOutSuspended"]
    assert rehearsal.scaling() == before


def test_autoscaling_at_work_in_the_middle_of_a_rollback_is_waited_out(rehearsal):
    """An endpoint that autoscaling keeps busy is asked again until it obeys."""
    rehearsal.register_scaling()
    rehearsal.models["fraud-v7"] = model(3, failing=0.3)

    def act(rehearsal: Rehearsal) -> None:
        for instances in (3, 4, 5):
            rehearsal.cloud.faults.plant(ScalingActivity(endpoint=ENDPOINT, variant="AllTraffic", instances=instances))

    rehearsal.watch = at(Phase.ROLLING_BACK, 0, act)

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert on_baseline(rehearsal)


@pytest.mark.parametrize("which", ["original", "in use"])
def test_a_deleted_configuration_is_created_anew_for_the_way_back(rehearsal, which):
    """Somebody deleting the old configuration, or the very one in use, does not keep the endpoint from going back."""
    rehearsal.models["fraud-v7"] = model(3, failing=0.3)

    def delete(rehearsal: Rehearsal) -> None:
        name = CONFIG["EndpointConfigName"] if which == "original" else rehearsal.endpoint()["EndpointConfigName"]
        rehearsal.cloud.faults.plant(OutsideChange(endpoint=ENDPOINT, delete_config=name))

    rehearsal.watch = at(Phase.BAKING, 0, delete)

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert on_baseline(rehearsal)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"instances": {"AllTraffic": 5}}, "somebody scaled AllTraffic to 5 instances; this rollout left it at 2"),
        ({"tags": {"owner": "kim"}}, "somebody changed the endpoint's tags: owner from none to kim"),
    ],
)
def test_what_strangers_change_holds_until_a_person_accepts_it(rehearsal, change, told):
    """Counts and tags that somebody else changed are told plainly; after resume the rollout goes on with them."""
    theirs = OutsideChange(endpoint=ENDPOINT, after="1m", **change)

    def watch(rehearsal: Rehearsal, decision) -> None:
        if decision.state.phase is Phase.BAKING and not rehearsal.cloud.faults.planted() and not held:
            rehearsal.cloud.faults.plant(theirs)
        if decision.action == "hold" and not held:
            held.append(decision)
            rehearsal.signal("resume")

    held = []
    rehearsal.watch = watch

    ending = rehearsal.play(QUICK)

    assert told in held[0].reason
    assert ending.outcome is Outcome.PROMOTED, ending.reason


def test_a_stranger_at_work_on_tags_does_not_keep_a_bad_candidate_in_service(rehearsal):
    """While a lesser drift holds the rollout its gates are judged on, and a failure takes the candidate back."""

    def worsen(rehearsal: Rehearsal) -> None:
        rehearsal.cloud.faults.plant(OutsideChange(endpoint=ENDPOINT, tags={"owner": "kim"}))
        rehearsal.models["fraud-v7"] = model(3, failing=0.3)

    rehearsal.watch = at(Phase.BAKING, 0, worsen)

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert "failing: " in ending.reason
    assert on_baseline(rehearsal)


def test_scaling_that_strangers_change_is_theirs_from_then_on(rehearsal):
    """Bounds that somebody else changed hold the rollout; aborted, it leaves them as they are and takes back its own suspensions."""
    rehearsal.register_scaling()
    theirs = OutsideChange(endpoint=ENDPOINT, scaling={"AllTraffic": {"min": 1, "max": 9}}, after="1m")

    def watch(rehearsal: Rehearsal, decision) -> None:
        if decision.state.phase is Phase.BAKING and not rehearsal.cloud.faults.planted() and not held:
            rehearsal.cloud.faults.plant(theirs)
        if decision.action == "hold" and not held:
            held.append(decision)
            rehearsal.signal("abort")

    held = []
    rehearsal.watch = watch

    ending = rehearsal.play(QUICK)

    assert ending.outcome is Outcome.ABORTED
    assert "somebody changed the scaling of AllTraffic to 1 to 9 instances" in held[0].reason
    scaling = rehearsal.scaling()
    assert (scaling["MinCapacity"], scaling["MaxCapacity"]) == (1, 9)
    assert not any(scaling["SuspendedState"].values())
