"""Whole rollouts as people are told of them: every message once, whoever drives, dies or takes over, and no rollout the worse for it."""

import threading
from datetime import timedelta

import pytest

from policies.lifecycle import Outcome, Phase
from policies.observation import Halt
from rollway.journal.halts import call_halt, lift_halt, note_failure
from rollway.loop.telling import told_by
from rollway.notices.loading import parse_notifications
from rollway.notices.messenger import Messenger, telling
from tests.loop.rehearsal import QUICK, model
from tests.loop.test_trouble import at

MINUTE = timedelta(minutes=1)
PATIENCE = timedelta(minutes=1)
NO_SWITCH = {"dead_mans_switch": {"mode": "none"}}


class Killed(BaseException):
    """The end of a process in the middle of its work."""


def routes(receiver, **fields):
    return parse_notifications({"routes": [{"name": "team", "url": receiver.url()} | fields]})


def words(receiver):
    """The first word of each message, which says what happened."""
    return [title.removeprefix("CRITICAL: ").split(" at ")[0].split(" since ")[0] for title in receiver.titles]


def die_at(rehearsal, phase, stage=0):
    def die(_):
        raise Killed

    rehearsal.watch = at(phase, stage, die)


def reconcile(rehearsal, who, stopped_after=None):
    with telling(who, rehearsal.now):
        return rehearsal.reconcile(stopped_after=stopped_after)


def test_a_promotion_is_told_from_beginning_to_end(rehearsal, receiver):
    """Each stage and each end once, in order, and the journal notes that all was told."""
    with telling(routes(receiver), rehearsal.now):
        ending = rehearsal.play(QUICK)
    keys = [key.rpartition("/")[2] for key in rehearsal.store.list_keys("notices/")]
    reconcile(rehearsal, routes(receiver))

    assert ending.outcome is Outcome.PROMOTED
    assert words(receiver) == ["STARTED", "SHIFTED", "SHIFTED", "PROMOTED"]
    assert keys == ["all_told.json", "promoted.json", "stage-1.json", "stage-2.json", "started.json"]


def test_a_failure_is_told_with_its_numbers_and_the_halt_that_it_leads_to(rehearsal, receiver):
    """What failed, by how much, since when the traffic is back; and that everything is halted, by whoever saw it first."""
    rehearsal.models["fraud-v7"] = model(3, failing=0.4)
    note_failure(rehearsal.store, "shop", rehearsal.now())
    with telling(routes(receiver), rehearsal.now):
        rehearsal.play(QUICK | {"brake": {"failures": 2}})
    with telling(routes(receiver), rehearsal.now) as messenger:
        lift_halt(rehearsal.store, "ada", "it was the model")
        messenger.look_at_halts(rehearsal.store)

    told = dict(zip(words(receiver), receiver.got, strict=True))
    assert sorted(told) == ["HALTED", "LIFTED", "ROLLED_BACK", "SHIFTED", "STARTED"]
    assert "fraud-prod is back on fraud-v6 · traffic back in" in told["ROLLED_BACK"]["title"]
    assert "failing: Invocation5XXErrors" in told["ROLLED_BACK"]["message"]
    assert (told["HALTED"]["type"], told["ROLLED_BACK"]["type"]) == ("failure", "warning")
    assert "it was the model" in told["LIFTED"]["message"]


def test_one_that_waits_for_a_person_says_so_once(rehearsal, receiver):
    """However many looks it waits: one message, with what to type; and nothing of it when the policy wants only what is urgent."""
    waiting = {"stages": [{"share": 20, "bake": "3m", "approval": True}], "notify": {"at_least": "warning"}}
    looks = []

    def approve_late(played, decision):
        looks.extend([decision] if decision.awaits else [])
        if len(looks) == 4:
            played.signal("approve")

    rehearsal.watch = approve_late
    with telling(routes(receiver), rehearsal.now):
        ending = rehearsal.play(QUICK | waiting)

    assert ending.outcome is Outcome.PROMOTED
    assert words(receiver) == ["WAITING"]
    assert "rollway approve fraud-prod --reason REASON" in receiver.got[0]["message"]


def test_a_take_over_tells_the_rest_and_nothing_twice(rehearsal, receiver):
    """The process dies in the middle; those that reconcile hand it over minute by minute, and all of them together tell the story once."""
    die_at(rehearsal, Phase.BAKING, 0)
    rollout = rehearsal.begin(QUICK | NO_SWITCH)
    with pytest.raises(Killed), telling(routes(receiver), rehearsal.now):
        rehearsal.drive(rollout)
    rehearsal.die()
    ended = False
    while not ended:
        (done,) = reconcile(rehearsal, routes(receiver), stopped_after=3 * MINUTE)
        ended = done.ending is not None

    assert done.ending.outcome is Outcome.PROMOTED
    assert words(receiver) == ["STARTED", "SHIFTED", "TAKEN OVER", "SHIFTED", "PROMOTED"]


def test_what_a_dead_process_told_nobody_is_told_by_the_next(rehearsal, receiver):
    """A process that died before it told anything, and the switch that AWS fired: whoever reconciles tells all of it."""
    die_at(rehearsal, Phase.BAKING, 0)
    rollout = rehearsal.begin(QUICK)
    with pytest.raises(Killed):
        rehearsal.drive(rollout)
    rehearsal.die()
    rehearsal.pass_time(MINUTE)
    reconcile(rehearsal, routes(receiver))

    assert words(receiver) == ["STARTED", "SHIFTED", "TAKEN OVER", "TAKEN BACK FROM OUTSIDE, seen", "ROLLED_BACK"]
    assert receiver.got[3]["type"] == "failure"


@pytest.mark.parametrize(
    ("later", "expected"), [(timedelta(hours=20), True), (timedelta(hours=24.5), False), (timedelta(hours=30), False)]
)
def test_what_ended_untold_is_told_for_a_day(rehearsal, receiver, later, expected):
    """A rollout and a halt that nobody was told of are told by the next reconciliation within a day, and older news by none."""
    call_halt(rehearsal.store, Halt(since=rehearsal.now(), reason="network", by="ada"))
    lift_halt(rehearsal.store, "ada", "back")
    rollout = rehearsal.begin(QUICK)
    rehearsal.signal("abort", "not today")
    rehearsal.drive(rollout)
    rehearsal.clock.advance(later)
    for _ in range(2):
        reconcile(rehearsal, routes(receiver))

    assert sorted(words(receiver)) == (["ABORTED", "HALTED", "LIFTED", "STARTED"] if expected else [])


def test_a_silent_service_delays_no_rollout(rehearsal, receiver):
    """The rollout ends while its first message still waits for an answer; another process tells the rest, and what is in doubt again."""
    release, asked = threading.Event(), threading.Event()

    def keep_waiting():
        if not asked.is_set():
            asked.set()
            release.wait(PATIENCE.total_seconds())

    receiver.on_message = keep_waiting
    patient = routes(receiver, url=receiver.url("hook?rto=60"))
    messenger = Messenger(patient, rehearsal.now, limit=PATIENCE)
    with told_by(messenger):
        rollout = rehearsal.begin(QUICK)
        rehearsal.signal("abort", "not today")
        ending = rehearsal.drive(rollout)
    told_by_then = list(receiver.got)
    assert asked.wait(PATIENCE.total_seconds())
    thread = messenger._thread
    messenger.close(timedelta(seconds=0.1))
    rehearsal.clock.advance(2 * MINUTE)
    reconcile(rehearsal, routes(receiver))
    told = list(receiver.got)
    release.set()
    thread.join(20)

    assert ending.outcome is Outcome.ABORTED
    assert told_by_then == []  # a loop that waited for the answer would have ended after the first message was taken
    assert {got["title"].split(" at ")[0]: "told before" in got["message"] for got in told} == {
        "STARTED": True,
        "ABORTED": False,
    }
    assert sorted(words(receiver)) == ["ABORTED", "STARTED", "STARTED"]


def test_trouble_with_telling_is_no_trouble_of_the_rollout(rehearsal, caplog):
    """Whatever goes wrong where people are told, here the desk itself, the rollout does not notice; it is logged."""

    def break_down():
        raise ZeroDivisionError

    with telling(break_down, rehearsal.now):
        rollout = rehearsal.begin(QUICK)
        rehearsal.signal("abort", "not today")
        ending = rehearsal.drive(rollout)

    assert ending.outcome is Outcome.ABORTED
    assert "ZeroDivisionError" in caplog.text
