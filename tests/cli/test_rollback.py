"""``rollway rollback``: by the process that drives the rollout, or by taking over from one that has died."""

from datetime import timedelta

from rollway.sandbox.fault_menu import OutsideChange, SystemUpdating
from tests.cli.playing import JOURNAL, Interjecting, current_lease, drive_elsewhere, live_weights
from tests.loop.rehearsal import CONFIG, ENDPOINT

ROLLBACK = ("rollback", ENDPOINT, "--journal", JOURNAL, "--reason", "bad feeling")


def test_a_living_process_goes_back_itself(player, rehearsal):
    """Where the rollout's process lives, it is left to it: exit 3, and its steps are told."""
    other = drive_elsewhere(rehearsal, looks=6)

    said = player.play(*ROLLBACK, clock=other)

    assert said.code == 3
    assert "taking over" not in said.err
    assert "back on fraud-v6" in said.err
    assert live_weights(rehearsal) == {"AllTraffic": 1.0}


def test_a_dead_process_is_taken_over_from(player, rehearsal):
    """Where nobody gives a sign of life any more, this process brings the endpoint back, cleans up and frees it."""
    other = drive_elsewhere(rehearsal, looks=6)
    other.alive = False

    said = player.play(*ROLLBACK, "--output", "json", clock=other)

    assert said.code == 3
    assert said.document["taken_over"] is True
    assert said.document["outcome"] == "ROLLED_BACK"
    assert "without a sign of life for 3m" in said.err, "3 × look_every of the policy"
    assert "taking over" in said.err
    assert rehearsal.endpoint()["EndpointConfigName"] == CONFIG["EndpointConfigName"]
    assert current_lease(rehearsal).outcome == "ROLLED_BACK"


def test_a_way_back_that_aws_is_at_work_on_is_not_taken_over(player, rehearsal):
    """A process that waits for AWS has nothing to write; that silence is not taken for death."""
    other = drive_elsewhere(rehearsal, looks=6)
    maintenance = SystemUpdating(duration=timedelta(minutes=5), endpoint=ENDPOINT)
    going_back = Interjecting(
        rehearsal, lambda: rehearsal.rollout.state.ending is not None, lambda: rehearsal.cloud.faults.plant(maintenance)
    )
    other._rehearsal = _WithSleepOf(rehearsal, going_back)

    said = player.play(*ROLLBACK, clock=other)

    assert said.code == 3
    assert "taking over" not in said.err


class _WithSleepOf:
    """A rehearsal that sleeps by another clock."""

    def __init__(self, rehearsal, clock) -> None:
        self.now = rehearsal.now
        self.sleep = clock.sleep


def test_a_rollout_that_only_failed_to_free_its_endpoint(player, rehearsal):
    """A process that died between its last record and freeing the endpoint is finished off, and its outcome stands."""
    other = drive_elsewhere(rehearsal, looks=6)
    player.play(*ROLLBACK, clock=other)
    held = current_lease(rehearsal).model_copy(update={"outcome": None})
    rehearsal.store.replace(
        f"endpoints/{ENDPOINT}.json",
        held.model_dump_json(),
        rehearsal.store.read(f"endpoints/{ENDPOINT}.json").etag,
    )

    said = player.play(*ROLLBACK)

    assert said.code == 3
    assert current_lease(rehearsal).outcome == "ROLLED_BACK"


def test_a_rollout_that_ended_without_going_back_is_reopened(player, rehearsal):
    """After an end that left the candidate in place (drift), rollback brings the endpoint back."""
    shares = OutsideChange(endpoint=ENDPOINT, weights={"AllTraffic": 1.0, "candidate": 3.0})
    rehearsal.cloud.faults.plant(shares.model_copy(update={"after": timedelta(minutes=2)}))
    drive_elsewhere(rehearsal, looks=9, policy={"on_drift": "abort", "stages": [{"share": 50, "bake": "30m"}]})
    assert current_lease(rehearsal).outcome == "ABORTED"
    assert len(live_weights(rehearsal)) == 2

    said = player.play(*ROLLBACK)

    assert said.code == 3
    assert "taking it up again" in said.err
    assert live_weights(rehearsal) == {"AllTraffic": 1.0}
    assert current_lease(rehearsal).outcome == "ROLLED_BACK"


def test_after_a_promotion_it_says_how_to_go_back(player, policy_file):
    """An ended rollout is not undone behind the user's back: exit 2, naming the model to run to."""
    run = ("run", ENDPOINT, "--model", "fraud-v7", "--policy", policy_file(), "--journal", JOURNAL)
    assert player.play(*run).code == 0
    before = player.changes()

    said = player.play(*ROLLBACK, "--output", "json")

    assert said.code == 2
    assert said.error["code"] == "nothing_under_way"
    assert f"rollway run {ENDPOINT} --model fraud-v6" in said.error["hint"]
    assert player.changes() == before
