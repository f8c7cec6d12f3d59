"""Halts: one for all rollouts, kept until it is lifted, remembered after; and the failures that call for one."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from policies.errors import AlreadyExists, JournalError
from policies.observation import Halt
from rollway.aws.objects import ObjectStore
from rollway.journal.halts import call_halt, lift_halt, note_failure, read_halt, recent_failures
from rollway.sandbox.clock import VirtualClock
from tests.journal.meanwhile import before_next_write

Wait = Callable[[float], None]


@pytest.fixture
def halt(clock: VirtualClock) -> Halt:
    return Halt(since=clock.now(), reason="the feature store is down", by="ada@laptop")


def test_no_halt(store: ObjectStore) -> None:
    """An empty journal halts nobody, and there is nothing to lift."""
    assert read_halt(store) is None
    assert lift_halt(store, "ada@laptop", "by mistake") is None


def test_halt_is_in_force_until_it_is_lifted(store: ObjectStore, halt: Halt) -> None:
    """Everybody who reads the journal sees the halt, and its end."""
    assert call_halt(store, halt) == halt
    assert read_halt(store) == halt
    assert lift_halt(store, "bob@server", "it is up again") == halt
    assert read_halt(store) is None
    assert lift_halt(store, "bob@server", "again") is None


def test_halt_in_force_is_kept(store: ObjectStore, halt: Halt) -> None:
    """A second reason to halt does not hide the first, nor who called it."""
    call_halt(store, halt)
    assert call_halt(store, halt.model_copy(update={"by": "bob@server"})) == halt
    assert read_halt(store) == halt


def test_earlier_of_two_halts_is_kept(store: ObjectStore, halt: Halt) -> None:
    """When two call a halt at the same moment, both are told of the one that is in force."""
    theirs = halt.model_copy(update={"by": "bob@server"})
    for _ in range(2):
        with before_next_write(store, lambda: call_halt(store, theirs)):
            assert call_halt(store, halt) == theirs
        lift_halt(store, "ada@laptop", "over")


def test_lifted_halts_are_remembered(store: ObjectStore, halt: Halt, wait: Wait, clock: VirtualClock) -> None:
    """Who called each halt, and who lifted it and why, stays on record."""
    for reason in ("first", "second"):
        call_halt(store, halt.model_copy(update={"since": clock.now()}))
        wait(60)
        lift_halt(store, "bob@server", reason)
    first, second = store.list_keys("halts/")
    assert (first, second) == ("halts/20260105T120000000000Z.json", "halts/20260105T120100000000Z.json")
    found = store.read(first)
    assert found is not None
    for told in ("ada@laptop", "bob@server", "first", "2026-01-05T12:01:00Z"):
        assert told in found.body


def test_halt_that_changes_while_it_is_lifted(store: ObjectStore, halt: Halt) -> None:
    """Nobody lifts a halt that they have not seen."""
    call_halt(store, halt)
    with (
        before_next_write(store, lambda: lift_halt(store, "bob@server", "mine")),
        pytest.raises(JournalError, match="at the same moment"),
    ):
        lift_halt(store, "ada@laptop", "no, mine")


@pytest.mark.parametrize("body", [b"STOP! ada\n", b"", "STOP! ada".encode("utf-16")])
def test_hand_written_halt_counts(store: ObjectStore, clock: VirtualClock, body: bytes) -> None:
    """Whatever somebody puts there in a hurry halts the rollouts, and can be lifted like any other halt."""
    store.aws.s3.put_object(Bucket=store.bucket, Key=f"{store.prefix}/halt.json", Body=body)
    halt = read_halt(store)
    assert halt is not None
    assert halt.since == clock.now()
    assert "s3://journal/teams/risk/halt.json is there" in halt.reason
    assert lift_halt(store, "ada@laptop", "over") == halt
    assert read_halt(store) is None


def test_recent_failures_by_time(store: ObjectStore, clock: VirtualClock) -> None:
    """Failures are told with their endpoint and time, oldest first, from a moment on."""
    start = clock.now()
    for minutes, endpoint in ((0, "old"), (5, "fraud-prod"), (4, "a-b-c")):
        note_failure(store, endpoint, start + timedelta(minutes=minutes))
    after = start + timedelta(minutes=4)
    assert recent_failures(store, after) == ((after, "a-b-c"), (start + timedelta(minutes=5), "fraud-prod"))
    assert len(recent_failures(store, start)) == 3


def test_failure_noted_twice_counts_once(store: ObjectStore, clock: VirtualClock) -> None:
    """A repeated note, after a lost answer, is the same note."""
    note_failure(store, "fraud-prod", clock.now())
    note_failure(store, "fraud-prod", clock.now())
    assert recent_failures(store, clock.now()) == ((clock.now(), "fraud-prod"),)


def test_foreign_names_among_failures_are_no_failures(store: ObjectStore, clock: VirtualClock) -> None:
    """Nothing but a note of a failure may help to halt every rollout."""
    store.create("failures/zzz.txt", "")
    store.create("failures/99999999T999999999999Z-x.json", "")
    assert recent_failures(store, clock.now()) == ()
    with pytest.raises(AlreadyExists):
        store.create("failures/zzz.txt", "")
