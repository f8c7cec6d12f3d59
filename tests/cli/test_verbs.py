"""The verbs for people on call: what they ask is heard, said and put on record; and what nobody drives is brought to its end."""

import asyncio
import shlex
from datetime import timedelta

import pytest

from rollway.journal.leases import read_standing
from rollway.loop.starting import whoami
from tests.cli.playing import JOURNAL, Said, current_lease, drive_elsewhere, live_weights, open_newest
from tests.loop.rehearsal import ENDPOINT

LONG = {"stages": [{"share": 50, "bake": "30m"}]}


@pytest.fixture
def typed(player, monkeypatch):
    """Type a command as the docs have it."""
    monkeypatch.setenv("ROLLWAY_JOURNAL", JOURNAL)

    def play(line: str, clock: object = None) -> Said:
        return player.play(*shlex.split(line)[1:], clock=clock)

    return play


def test_the_commands_that_people_on_call_are_told(typed, rehearsal):
    """Each command of the page for people on call does what the page says, one after the other on one rollout."""
    other = drive_elsewhere(rehearsal, looks=6, policy=LONG)

    assert "fraud-prod" in typed("rollway status").out
    assert typed('rollway pause fraud-prod --reason "checkout is being looked at"', other).code == 0
    assert other._rollout.state.paused is not None
    assert typed('rollway resume fraud-prod --reason "checkout is fine"', other).code == 0
    assert other._rollout.state.paused is None
    assert typed('rollway resume fraud-prod --reason "the tag is ours"', other).code == 0
    assert typed('rollway resume fraud-prod --reason "quota raised"', other).code == 0
    assert typed('rollway halt --reason "network trouble in eu-central-1"').code == 0
    assert "network trouble in eu-central-1" in typed("rollway status").out
    assert typed('rollway lift --reason "network is back"').code == 0
    assert "nothing to do" in typed("rollway reconcile").out
    assert typed("rollway reconcile --quiet").out == ""
    assert typed('rollway rollback fraud-prod --reason "v7 mixes up currencies"', other).code == 3
    assert live_weights(rehearsal) == {"AllTraffic": 1.0}


ASKING = {"stages": [{"share": 50, "bake": "2m", "approval": {"within": "2h", "otherwise": "roll_back"}}]}


def wait_for_question(rehearsal):
    """Another process drives a rollout until it asks a person."""
    other = drive_elsewhere(rehearsal, looks=6, policy=ASKING)
    while not rehearsal.rollout.state.awaiting_since:
        _let_it_look(rehearsal, other)
        rehearsal.pass_time(timedelta(minutes=1))
    return other


def test_a_stage_that_asks_is_approved(typed, rehearsal):
    """Status says who is awaited, until when, and what to type; the approval and its reason are told with the next step."""
    other = wait_for_question(rehearsal)

    status = typed("rollway status fraud-prod")
    assert "awaiting approval since" in status.out
    assert "then back to fraud-v6" in " ".join(status.out.split())
    assert typed('rollway approve fraud-prod --reason "numbers look right"', other).code == 0

    document = typed("rollway status fraud-prod --output json").document["rollout"]
    assert [(each["stage"], each["reason"]) for each in document["approved"]] == [(0, "numbers look right")]
    assert f"approved by {whoami()}: numbers look right" in document["decisions"][-1]["reason"]


def test_a_stage_that_asks_is_turned_down(typed, rehearsal):
    """The candidate goes back at once, and the outcome says whose word that was."""
    other = wait_for_question(rehearsal)

    said = typed('rollway reject fraud-prod --reason "not on a Friday" --wait 10m', other)

    assert said.code == 0
    while other.alive:
        _let_it_look(rehearsal, other)
    assert typed("rollway status fraud-prod --output json").document["rollout"]["reason"] == (
        f"rejected by {whoami()}: not on a Friday"
    )
    assert live_weights(rehearsal) == {"AllTraffic": 1.0}


@pytest.mark.parametrize(("verb", "instead"), [("approve", "rollway status"), ("reject", "rollway abort")])
def test_what_nobody_asks_nobody_answers(typed, rehearsal, verb, instead):
    """Before every gate has passed there is nothing to approve: exit 2, what the rollout does, and what to type instead."""
    drive_elsewhere(rehearsal, looks=6, policy=LONG)

    said = typed(f'rollway {verb} fraud-prod --reason "looks good" --output json')

    assert said.code == 2
    assert said.error["code"] == "not_asked"
    assert "awaits approval: it is baking, stage 1 of 1" in said.error["message"]
    assert instead in said.error["hint"]


def test_promote_now(typed, rehearsal):
    """A person's word skips the rest of the ladder; the outcome says whose it was."""
    other = drive_elsewhere(rehearsal, looks=6, policy=LONG)

    said = typed('rollway promote-now fraud-prod --reason "hotfix, agreed with risk" --wait 10m', other)

    assert said.code == 0
    while other.alive:
        typed("rollway status", other)
        _let_it_look(rehearsal, other)
    assert current_lease(rehearsal).outcome == "PROMOTED"


def test_reconcile_brings_an_orphan_to_its_end(typed, rehearsal):
    """A rollout whose process is gone is driven on from here, and the line says how it ended."""
    drive_elsewhere(rehearsal, looks=6).alive = False
    rehearsal.pass_time(rehearsal.rollout.plan.policy.take_over_after)

    said = typed("rollway reconcile --for 2h --output json")

    assert said.code == 0
    assert [each["outcome"] for each in said.document["rollouts"]] == ["PROMOTED"]
    assert any(record.kind == "taken_up" for record in open_newest(rehearsal).read().records)


def test_reconcile_says_when_a_silent_driver_can_be_taken_over(typed, rehearsal):
    """Where the lease of a silent process still holds, that is no "nothing to do": since when it is silent, and from when on it helps."""
    drive_elsewhere(rehearsal, looks=6).alive = False
    rehearsal.rollout.lease.renew()
    rehearsal.pass_time(timedelta(seconds=150))
    since = read_standing(rehearsal.store, "fraud-prod").written_at
    until = since + timedelta(minutes=3)

    said, document = typed("rollway reconcile").out, typed("rollway reconcile --output json").document

    assert "nothing to do" not in said
    assert "fraud-prod" in said
    assert f"no sign of life since {since:%Y-%m-%d %H:%M:%S} UTC" in said
    assert f"it can be taken over at {until:%Y-%m-%d %H:%M:%S} UTC" in said
    (driven,) = document["driven"]
    assert (driven["endpoint"], driven["overdue"]) == ("fraud-prod", True)
    assert (driven["silent_since"], driven["can_be_taken_over_at"]) == (since.isoformat(), until.isoformat())
    rehearsal.pass_time(timedelta(seconds=40))
    assert typed("rollway reconcile --output json").document["rollouts"][0]["outcome"] == "PROMOTED"


def test_resume_drives_on_what_nobody_drives(typed, rehearsal):
    """After the lease has run out, resume takes the rollout up in this process and stays until its end."""
    drive_elsewhere(rehearsal, looks=6).alive = False
    rehearsal.pass_time(rehearsal.rollout.plan.policy.take_over_after)

    said = typed('rollway resume fraud-prod --reason "quota raised"')

    assert said.code == 0
    assert said.out.startswith("PROMOTED")


def test_a_wish_that_comes_too_late_is_refused(typed, rehearsal):
    """Nothing can be asked of a rollout that has ended: exit 2, with its outcome."""
    other = drive_elsewhere(rehearsal, looks=6)
    typed('rollway abort fraud-prod --reason "stop"', other)

    said = typed('rollway pause fraud-prod --reason "wait" --output json')

    assert said.code == 2
    assert "ended ABORTED" in said.error["message"]


def test_nothing_to_lift(typed):
    """Lifting without a halt says so."""
    assert typed('rollway lift --reason "over" --output json').error["message"] == "nothing is halted"


def test_unanswered(typed, rehearsal):
    """A process that gives no answer within the wait: exit 5, and what to do."""
    other = drive_elsewhere(rehearsal, looks=6, policy=LONG)
    other.alive = False

    said = typed(f'rollway pause {ENDPOINT} --reason "wait" --wait 10s', other)

    assert said.code == 5
    assert "rollway rollback" in said.out


def _let_it_look(rehearsal, other) -> None:
    asyncio.run(other.look())
    rehearsal.settle()
