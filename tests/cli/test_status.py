"""``rollway status``: a query, whatever it finds."""

from tests.cli.playing import JOURNAL, drive_elsewhere
from tests.loop.rehearsal import CONFIG, ENDPOINT

STATUS = ("status", ENDPOINT, "--journal", JOURNAL)


def test_an_endpoint_without_rollouts(player):
    """An endpoint that was never rolled out on still shows what is live."""
    said = player.play(*STATUS, "--output", "json")

    assert said.code == 0
    assert said.document["rollout"] is None
    assert said.document["live"]["config"] == CONFIG["EndpointConfigName"]


def test_a_rollout_under_way(player, rehearsal):
    """Phase, stage, share, who, since when and why so are told, next to what AWS says."""
    drive_elsewhere(rehearsal, looks=6)

    said = player.play(*STATUS, "--output", "json")

    assert said.code == 0
    rollout = said.document["rollout"]
    assert (rollout["phase"], rollout["stage"], rollout["stages"], rollout["share"]) == ("baking", 1, 1, 50.0)
    assert rollout["started_by"] == rehearsal.rollout.journal.read().records[0].by
    assert rollout["outcome"] is None
    assert rollout["decisions"][-1]["reason"].startswith("the candidate gets 50 %")
    assert [variant["share"] for variant in said.document["live"]["variants"]] == [50.0, 50.0]


def test_it_reads_well(player, rehearsal):
    """As text the same is a few lines that name the models, the stand and the newest events."""
    drive_elsewhere(rehearsal, looks=6)

    text = player.play(*STATUS).out

    for part in ("fraud-v6 → fraud-v7", "baking, stage 1 of 1, candidate share 50 %", "latest events", "ago"):
        assert part in text


def test_an_ended_rollout(player, policy_file):
    """After the end the outcome, its reason and the last verdicts stand in the document."""
    player.play("run", ENDPOINT, "--model", "fraud-v7", "--policy", policy_file(), "--journal", JOURNAL)

    said = player.play(*STATUS, "--output", "json")

    rollout = said.document["rollout"]
    assert (said.code, rollout["outcome"], rollout["share"]) == (0, "PROMOTED", 100.0)
    assert {verdict["verdict"] for verdict in rollout["verdicts"]} == {"PASS"}


def test_it_changes_nothing(player, rehearsal):
    """Looking costs nothing."""
    drive_elsewhere(rehearsal, looks=6)
    before, keys = player.changes(), rehearsal.store.list_keys()

    player.play(*STATUS)

    assert player.changes() == before
    assert rehearsal.store.list_keys() == keys
