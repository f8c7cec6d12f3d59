"""The verbs for people on call: what they ask is heard, said and put on record; and what nobody drives is brought to its end."""

import asyncio
import shlex

import pytest

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
    assert typed('rollway approve fraud-prod --reason "numbers look right"', other).code == 0
    assert "nothing to do" in typed("rollway reconcile").out
    assert typed("rollway reconcile --quiet").out == ""
    assert typed('rollway rollback fraud-prod --reason "v7 mixes up currencies"', other).code == 3
    assert live_weights(rehearsal) == {"AllTraffic": 1.0}


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
