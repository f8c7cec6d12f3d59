"""``rollway status``: a query, whatever it finds."""

import json
from datetime import timedelta

import pytest

from policies.values import parse_duration
from rollway.journal.leases import read_standing
from rollway.sandbox.fault_menu import Denied
from tests.cli.playing import JOURNAL, current_lease, drive_elsewhere, open_newest
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
    assert rollout["left_behind"] == []


def test_what_was_left_behind(player, rehearsal, policy_file):
    """A configuration that AWS does not delete is shown by run, status and the list of all, with its answer and the command for it."""
    rehearsal.cloud.plant(Denied(operation="DeleteEndpointConfig"))
    ran = player.play(
        "run", ENDPOINT, "--model", "fraud-v7", "--policy", policy_file(), "--journal", JOURNAL, "--output", "json"
    )

    rollout = player.play(*STATUS, "--output", "json").document["rollout"]
    text = " ".join(player.play(*STATUS).out.split())
    every = player.play("status", "--journal", JOURNAL)

    assert (ran.code, rollout["outcome"]) == (0, "PROMOTED")
    (left,) = rollout["left_behind"]
    assert ran.document["left_behind"] == [left]
    name = left["task"]["config"]
    (command,) = left["by_hand"]
    assert command == f"aws sagemaker delete-endpoint-config --endpoint-config-name {name} --region us-east-1"
    assert left["answer"]["code"] == "access_denied"
    assert f"left behind: configuration {name} (AWS turned down DeleteEndpointConfig" in rollout["reason"]
    assert command in text
    assert "1 task of its clean-up left behind" in " ".join(every.out.split())


def test_it_changes_nothing(player, rehearsal):
    """Looking costs nothing."""
    drive_elsewhere(rehearsal, looks=6)
    before, keys = player.changes(), rehearsal.store.list_keys()

    player.play(*STATUS)

    assert player.changes() == before
    assert rehearsal.store.list_keys() == keys


@pytest.mark.parametrize(
    ("silent_for", "expected"),
    [
        ("1m", None),
        ("1m59s", None),
        ("2m15s", "silent since {since} UTC (2m15s ago), can be taken over at {until} UTC"),
        ("2m59s", "silent since {since} UTC (2m59s ago), can be taken over at {until} UTC"),
        ("3m", "silent since {since} UTC (3m ago), can be taken over now"),
        ("6m", "silent since {since} UTC (6m ago), can be taken over now"),
    ],
)
def test_a_silent_driver_is_shown_with_what_to_do(player, rehearsal, silent_for, expected):
    """A driver that is overdue with its sign of life: silent since when, from when another can take over, and what works at once."""
    drive_elsewhere(rehearsal, looks=1)
    written = read_standing(rehearsal.store, ENDPOINT).written_at
    rehearsal.clock.advance(written + parse_duration(silent_for) - rehearsal.clock.now())

    said = [" ".join(player.play(*verb).out.split()) for verb in (STATUS, ("status", "--journal", JOURNAL))]
    document = player.play(*STATUS, "--output", "json").document["rollout"]
    overview = player.play("status", "--journal", JOURNAL, "--output", "json").document["endpoints"][ENDPOINT]

    lasts = current_lease(rehearsal).lasts
    times = {"since": f"{written:%H:%M:%S}", "until": f"{written + lasts:%H:%M:%S}"}
    remedy = f": rollway reconcile; at once: rollway rollback {ENDPOINT} --reason REASON"
    for text in said:
        assert ("silent since" in text) is (expected is not None)
        assert expected is None or expected.format(**times) + remedy in text
    for driver in (document, overview):
        assert driver["silent_since"] == (written.isoformat() if expected else None)
        assert driver["take_over_at"] == (written + lasts).isoformat()
        assert driver["orphaned"] is (expected is not None and "now" in expected)


def test_a_driver_that_let_go_is_shown(player, rehearsal):
    """A rollout that was handed over can be taken over at once, and since when is said."""
    other = drive_elsewhere(rehearsal, looks=1)
    other._rollout.lease.let_go()

    text = " ".join(player.play(*STATUS).out.split())

    assert "let go of by its process at" in text
    assert "can be taken over now: rollway reconcile" in text


def test_the_driver_of_an_ended_rollout_is_not_silent(player, policy_file, rehearsal):
    """After the end no sign of life is due, however long ago it was."""
    player.play("run", ENDPOINT, "--model", "fraud-v7", "--policy", policy_file(), "--journal", JOURNAL)
    rehearsal.clock.advance(timedelta(days=2))

    assert "silent" not in player.play(*STATUS).out
    document = player.play(*STATUS, "--output", "json").document["rollout"]
    assert (document["silent"], document["take_over_at"]) == (False, None)


def test_a_journal_from_before_readings_claims_nothing(player, policy_file, rehearsal):
    """A rollout that ended before readings were recorded is shown without a claim about what served; what serves now is read."""
    player.play("run", ENDPOINT, "--model", "fraud-v7", "--policy", policy_file(), "--journal", JOURNAL)
    _forget_readings(rehearsal)

    texts = [" ".join(player.play(*verb).out.split()) for verb in (STATUS, ("status", "--journal", JOURNAL))]

    for text in texts:
        assert "which model serves was not read back: no reading is on record" in text
    assert "serves now fraud-v7 serves all traffic" in texts[0]
    rollout = player.play(*STATUS, "--output", "json").document["rollout"]
    assert (rollout["outcome"], rollout["serving"]["kind"]) == ("PROMOTED", "not_read_back")


def _forget_readings(rehearsal) -> None:
    """Leave the records and the lease as an earlier version wrote them: without any reading, nor the fate of each model."""
    newer = {"serving", "tried", "models"}

    def strip(value):
        if isinstance(value, dict):
            return {
                key: strip(each) for key, each in value.items() if key not in newer or (key == "models" and each != [])
            }
        return [strip(each) for each in value] if isinstance(value, list) else value

    store = rehearsal.store
    for key in store.list_keys(""):
        if key.endswith(".json") and key.startswith(("endpoints/", "rollouts/")):
            stored = store.read(key)
            store.replace(key, json.dumps(strip(json.loads(stored.body))), stored.etag)
    assert open_newest(rehearsal).read().state.ending is not None
