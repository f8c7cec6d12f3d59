"""``rollway run``: from the request to the exit code, and what is said on the way."""

import json
import os
import signal
from datetime import timedelta

import pytest

from rollway.journal.leases import Bid, acquire
from rollway.sandbox.fault_menu import SystemUpdating
from tests.cli.playing import JOURNAL, Interjecting, Player, current_lease, live_weights, open_newest, send_signal
from tests.loop.rehearsal import ENDPOINT


def run(player: Player, policy: str, *more: str, clock=None):
    """Run a rollout of fraud-v7, unless the further arguments name another model."""
    models = () if "--model" in more else ("--model", "fraud-v7")
    arguments = ("run", ENDPOINT, *models, "--policy", policy, "--journal", JOURNAL)
    return player.play(*arguments, *more, clock=clock)


def stage_is_baking(player: Player):
    return lambda: live_weights(player.rehearsal).get("candidate", 0.0) > 0


def test_a_healthy_candidate_is_promoted(player, policy_file):
    """A promoted rollout exits 0, frees the endpoint, and says so in one sentence."""
    said = run(player, policy_file())

    assert said.code == 0
    assert said.out.startswith("PROMOTED at ")
    assert said.out.count("\n") == 1
    assert "without Prefect, in this process" in said.err
    assert current_lease(player.rehearsal).outcome == "PROMOTED"


def test_a_failing_candidate_is_taken_back(player, policy_file):
    """A rolled back rollout exits 3, and its document says why, on what verdicts, and how soon the traffic was back."""
    said = run(player, policy_file(), "--model", "fraud-bad", "--output", "json")

    assert said.code == 3
    document = said.document
    assert set(document) == {
        "endpoint",
        "rollout",
        "outcome",
        "reason",
        "baseline",
        "candidate",
        "policy",
        "started_at",
        "ended_at",
        "returned_in_s",
        "serving",
        "left_behind",
        "verdicts",
    }
    assert (document["outcome"], document["candidate"]) == ("ROLLED_BACK", "fraud-bad")
    assert [each["model"] for each in document["serving"]["served"]] == [document["baseline"]]
    assert "errors" in document["reason"]
    assert document["left_behind"] == []
    assert {verdict["gate"]: verdict["verdict"] for verdict in document["verdicts"]}["errors"] == "FAIL"
    assert 0 < document["returned_in_s"] < 60


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_leads_back(player, policy_file, number):
    """Ctrl-C, pressed twice, and SIGTERM abort in an orderly way: exit 4, endpoint on its baseline."""
    clock = Interjecting(player.rehearsal, stage_is_baking(player), lambda: [os.kill(os.getpid(), number)] * 2)

    said = run(player, policy_file(), clock=clock)

    assert said.code == 4
    assert said.err.count("Ctrl-C does not stop this") == 1
    assert live_weights(player.rehearsal) == {"AllTraffic": 1.0}


def test_an_abort_in_the_journal_exits_4(player, policy_file):
    """A run that somebody else aborts says who and why."""
    clock = Interjecting(player.rehearsal, stage_is_baking(player), lambda: send_signal(player.rehearsal, "too slow"))

    said = run(player, policy_file(), clock=clock)

    assert said.code == 4
    assert "abort by tester: too slow" in said.out


def test_nobody_can_tell(player, policy_file):
    """A policy that goes back when nobody can tell exits 5."""
    policy = policy_file(gates={"sample": {"requests_at_least": 10_000}}, inconclusive={"few_requests": "roll_back"})

    said = run(player, policy)

    assert said.code == 5
    assert said.out.startswith("INCONCLUSIVE at ")


def test_a_rollback_that_fails_calls_for_a_person(player, policy_file):
    """A way back that AWS bars for longer than the policy allows exits 6."""
    fault = SystemUpdating(duration=timedelta(hours=1), endpoint=ENDPOINT)
    timeouts = {"update": "60m", "rollback": "5m", "settle": "1m"}

    def bar_and_abort() -> None:
        player.rehearsal.cloud.faults.plant(fault)
        send_signal(player.rehearsal)

    clock = Interjecting(player.rehearsal, stage_is_baking(player), bar_and_abort)

    said = run(player, policy_file(timeouts=timeouts), "--output", "json", clock=clock)

    assert said.code == 6
    assert said.document["outcome"] == "ROLLBACK_FAILED"


def test_a_taken_endpoint_is_refused(player, policy_file):
    """A second rollout on an endpoint exits 2, says who holds it, and changes nothing."""
    acquire(player.rehearsal.store, ENDPOINT, Bid("other", "fraud-v9", "ann@desk", timedelta(minutes=5)))
    before = player.changes()

    said = run(player, policy_file(), "--output", "json")

    assert said.code == 2
    assert said.error["code"] == "endpoint_taken"
    assert "ann@desk" in said.error["message"]
    assert player.changes() == before


def test_a_rollout_that_another_process_takes_over_is_left_to_it(player, policy_file):
    """Losing the journal to another writer exits 5 and is told, since the rollout goes on."""

    def write_as_another_process() -> None:
        journal = open_newest(player.rehearsal)
        chronicle = journal.read()
        journal.append(chronicle.records[-1])

    clock = Interjecting(player.rehearsal, stage_is_baking(player), write_as_another_process)

    said = run(player, policy_file(), clock=clock)

    assert said.code == 5
    assert "written by another process" in said.err
    assert said.out == ""


def test_progress_without_a_terminal_is_no_spam(player, policy_file):
    """Without a terminal each piece of news is one line, with at most one "still" a minute in between."""
    said = run(player, policy_file(metrics={"look_every": "10s"}))

    stamps = [line[:5] for line in said.err.splitlines() if " still: " in line]
    assert stamps
    assert len(stamps) == len(set(stamps))
    assert "\x1b" not in said.err + said.out


def test_json_on_stdout_is_all_there_is(player, policy_file):
    """With --output json stdout is one document; progress stays on stderr."""
    said = run(player, policy_file(), "--output", "json", "--no-prefect")

    assert json.loads(said.out)["outcome"] == "PROMOTED"
    assert "every gate passed" in said.err
