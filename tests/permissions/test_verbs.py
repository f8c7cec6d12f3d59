"""Verbs that only write to the journal need the journal's policy alone; all other verbs are checked in the tests of the command line."""

from tests.cli.playing import JOURNAL, Player, drive_elsewhere
from tests.loop.rehearsal import ENDPOINT
from tests.permissions.documents import allowed, denied, used

JOURNALS = "iam-journal-policy.json"


def test_steering_needs_the_journal_alone(rehearsal, restrict, capsys):
    """Who steers a rollout that another process drives, or halts everything, touches SageMaker in no way, and needs no right to."""
    other = drive_elsewhere(rehearsal, looks=6)
    restrict(JOURNALS)
    player, about = Player(rehearsal, capsys), ("--journal", JOURNAL, "--reason", "as the test says")

    played = [
        player.play("pause", ENDPOINT, *about, clock=other),
        player.play("resume", ENDPOINT, *about, clock=other),
        player.play("halt", *about),
        player.play("lift", *about),
        player.play("status", "--journal", JOURNAL),
        player.play("promote-now", ENDPOINT, *about, clock=other),
    ]

    assert [said.code for said in played] == [0, 0, 0, 0, 0, 0], [said.err for said in played]
    assert denied(rehearsal.cloud) == []
    assert used(rehearsal.cloud, JOURNALS) == allowed(JOURNALS)
