"""``rollway abort``: the signal, and what is said of what became of it."""

from tests.cli.playing import JOURNAL, drive_elsewhere, live_weights
from tests.loop.rehearsal import ENDPOINT

ABORT = ("abort", ENDPOINT, "--journal", JOURNAL, "--reason", "bad feeling")


def test_a_living_process_takes_it_up(player, rehearsal):
    """The rollout's own process goes back within the wait: exit 4, with who asked and why."""
    other = drive_elsewhere(rehearsal, looks=6)

    said = player.play(*ABORT, "--wait", "10m", clock=other)

    assert said.code == 4
    assert said.out.startswith("ABORTED at ")
    assert "bad feeling" in said.out
    assert "has taken that up" in said.err
    assert live_weights(rehearsal) == {"AllTraffic": 1.0}


def test_nobody_takes_it_up(player, rehearsal):
    """When nobody listens, abort says so after its wait, exits 5, and touches nothing."""
    other = drive_elsewhere(rehearsal, looks=6)
    other.alive = False
    before = player.changes()

    said = player.play(*ABORT, "--output", "json", clock=other)

    assert said.code == 5
    assert said.document == {
        "endpoint": ENDPOINT,
        "rollout": rehearsal.rollout.plan.rollout_id,
        "phase": "baking",
        "taken_up": False,
        "taken_over": False,
        "outcome": None,
        "reason": None,
    }
    assert player.changes() == before


def test_a_way_back_that_takes_longer_than_the_wait(player, rehearsal):
    """A rollout that has taken the signal up but is not back yet exits 5 and says where it stands."""
    other = drive_elsewhere(rehearsal, looks=6)

    said = player.play(*ABORT, "--wait", "6s", clock=other)

    assert said.code == 5
    assert "is rolling back, not done yet" in said.out


def test_nothing_to_abort(player, rehearsal):
    """Without a rollout under way abort exits 2: none known, or the last one has ended."""
    unknown = player.play(*ABORT, "--output", "json")
    other = drive_elsewhere(rehearsal, looks=6)
    player.play(*ABORT, "--wait", "10m", clock=other)
    ended = player.play(*ABORT, "--output", "json")

    assert (unknown.code, ended.code) == (2, 2)
    assert unknown.error["code"] == ended.error["code"] == "nothing_under_way"
    assert "ended ABORTED" in ended.error["message"]


def test_a_wait_needs_a_unit(player):
    """A bare number is refused, since it could be seconds or minutes."""
    said = player.play(*ABORT, "--wait", "60")

    assert said.code == 2
    assert "with its unit" in said.err
