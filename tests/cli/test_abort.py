"""``rollway abort``: by the process that drives the rollout, or by taking over from one that has died."""

from tests.cli.playing import JOURNAL, drive_elsewhere, live_weights
from tests.loop.rehearsal import ENDPOINT

ABORT = ("abort", ENDPOINT, "--journal", JOURNAL, "--reason", "bad feeling")


def test_a_living_process_takes_it_up(player, rehearsal):
    """The rollout's own process goes back: exit 4, with who asked and why."""
    other = drive_elsewhere(rehearsal, looks=6)

    said = player.play(*ABORT, clock=other)

    assert said.code == 4
    assert said.out.startswith("ABORTED at ")
    assert "bad feeling" in said.out
    assert live_weights(rehearsal) == {"AllTraffic": 1.0}


def test_a_process_that_hangs_is_not_waited_for(player, rehearsal):
    """When nobody heeds it, abort fences that process off and brings the endpoint back itself."""
    other = drive_elsewhere(rehearsal, looks=6)
    other.alive = False

    said = player.play(*ABORT, "--output", "json", clock=other)

    assert said.code == 4
    assert said.document["taken_over"] is True
    assert said.document["outcome"] == "ABORTED"
    assert live_weights(rehearsal) == {"AllTraffic": 1.0}


def test_nothing_to_abort(player, rehearsal):
    """Without a rollout under way abort exits 2: none known, or the last one has ended."""
    unknown = player.play(*ABORT, "--output", "json")
    other = drive_elsewhere(rehearsal, looks=6)
    player.play(*ABORT, clock=other)
    ended = player.play(*ABORT, "--output", "json")

    assert (unknown.code, ended.code) == (2, 2)
    assert unknown.error["code"] == ended.error["code"] == "nothing_under_way"
    assert "ended ABORTED" in ended.error["message"]
