"""A rollout's journal: one writer per number, nothing read twice, nothing guessed, and no record lost with an answer."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from policies.commands import CommandResult, CreateConfig, SetShares
from policies.errors import JournalError, TransientAwsError
from policies.lifecycle import Phase, begin, enter
from policies.observation import Signal
from rollway.aws.objects import ObjectStore
from rollway.journal.journal import Journal
from rollway.journal.records import Carried, Decided, Handed, Intended, Record, Started, TakenUp
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from tests.journal.meanwhile import cut_off_by_next_write
from tests.policies.building import START, make_config, make_rollout

ROLLOUT = "fraud-prod-1"
RECORDS = f"rollouts/{ROLLOUT}/records/"
SIGNALS = f"rollouts/{ROLLOUT}/signals/"
PLAN = make_rollout()
STARTED = Started(at=START, by="ada@laptop", plan=PLAN, token=1)
CREATE = CreateConfig(config=make_config())
SHIFT = SetShares(endpoint="fraud-prod", shares={"AllTraffic": 95.0, "candidate": 5.0})
INTENDED = Intended(at=START, command=SHIFT)
DONE = CommandResult(status="accepted", message="")
PAUSE = Signal(verb="pause", reason="lunch", by="ada@laptop")


@pytest.fixture
def journal(store: ObjectStore) -> Journal:
    """A journal that has begun."""
    fresh = Journal(store, ROLLOUT)
    fresh.append(STARTED)
    return fresh


def read_by_another(store: ObjectStore) -> tuple[Record, ...]:
    return Journal(store, ROLLOUT).read().records


@pytest.fixture
def reads(cloud: Cloud) -> Callable[[], int]:
    """Count the objects that were read from the store since the last count."""
    counted = 0

    def count() -> int:
        nonlocal counted
        total = sum(entry.operation == "GetObject" for entry in cloud.request_log.entries())
        new, counted = total - counted, total
        return new

    return count


def test_journal_is_empty_until_the_first_record(store: ObjectStore) -> None:
    """A rollout that died before its first record has touched nothing, and that can be told."""
    journal = Journal(store, ROLLOUT)
    assert journal.is_empty()
    with pytest.raises(JournalError, match="there is no rollout fraud-prod-1"):
        journal.read()
    journal.append(STARTED)
    assert not journal.is_empty()


def test_records_come_back_as_they_were_written(store: ObjectStore, journal: Journal) -> None:
    """Every kind of record survives the way through the store."""
    records = [
        Decided(at=START, action="shift", reason="because", state=begin(PLAN)),
        INTENDED,
        Carried(at=START, command=SHIFT, result=DONE),
        Handed(at=START, by="ada@laptop", why="its time is up"),
        TakenUp(at=START, by="bob@server", process="p", token=2, silent_for=timedelta(minutes=6), why="silence"),
    ]
    for record in records:
        journal.append(record)
    assert read_by_another(store) == (STARTED, *records)


def test_record_is_readable_by_a_person(store: ObjectStore, journal: Journal) -> None:
    """Who looks into the bucket finds numbered, indented JSON that names its version and kind."""
    journal.append(Handed(at=START, by="ada@laptop", why="its time is up"))
    found = store.read(f"{RECORDS}000002.json")
    assert found is not None
    assert found.body.startswith('{\n  "schema_version": 1,\n  "kind": "handed",\n')


def test_second_writer_is_stopped(store: ObjectStore, journal: Journal) -> None:
    """Two processes cannot both write a record of one number, whatever kinds they want to write."""
    other = Journal(store, ROLLOUT)
    other.read()
    journal.append(INTENDED)
    with pytest.raises(JournalError, match="record 2 of rollout fraud-prod-1 was written by another process"):
        other.append(Handed(at=START, by="bob@server", why="late"))
    assert read_by_another(store) == (STARTED, INTENDED)


def test_equal_text_of_another_process_is_not_ours(store: ObjectStore, journal: Journal) -> None:
    """Two processes that want to write the same are two all the same."""
    other = Journal(store, ROLLOUT)
    other.read()
    journal.append(INTENDED)
    with pytest.raises(JournalError):
        other.append(INTENDED)


def test_writing_goes_on_after_reading(store: ObjectStore, journal: Journal) -> None:
    """Whoever takes a rollout up continues its numbers."""
    journal.append(INTENDED)
    other = Journal(store, ROLLOUT)
    other.read()
    other.append(Carried(at=START, command=SHIFT, result=DONE))
    assert len(journal.read().records) == 3


def test_append_after_a_lost_answer_may_be_repeated(store: ObjectStore, cloud: Cloud, journal: Journal) -> None:
    """A record that arrived though nobody was told is not taken for another process's."""
    with cut_off_by_next_write(store, cloud), pytest.raises(TransientAwsError):
        journal.append(INTENDED)
    journal.append(INTENDED)
    assert read_by_another(store) == (STARTED, INTENDED)


def test_append_after_a_lost_answer_may_go_on(store: ObjectStore, cloud: Cloud, journal: Journal) -> None:
    """Nor does it keep a process that has given it up from writing the next."""
    with cut_off_by_next_write(store, cloud), pytest.raises(TransientAwsError):
        journal.append(INTENDED)
    carried = Carried(at=START, command=SHIFT, result=DONE)
    journal.append(carried)
    assert read_by_another(store) == (STARTED, INTENDED, carried)


def test_lost_answer_does_not_hide_another_writer(store: ObjectStore, cloud: Cloud, journal: Journal) -> None:
    """After a lost answer, another process's record is still another process's."""
    other = Journal(store, ROLLOUT)
    other.read()
    with cut_off_by_next_write(store, cloud), pytest.raises(TransientAwsError):
        other.append(INTENDED)
    with pytest.raises(JournalError):
        journal.append(Handed(at=START, by="ada@laptop", why="late"))


def test_records_are_read_once(journal: Journal, store: ObjectStore, reads: Callable[[], int]) -> None:
    """Looking again costs as much as there is news."""
    other = Journal(store, ROLLOUT)
    journal.append(INTENDED)
    reads()
    assert len(other.read().records) == 2
    assert reads() == 2
    assert len(other.read().records) == 2
    assert reads() == 0
    journal.append(Carried(at=START, command=SHIFT, result=DONE))
    assert len(other.read().records) == 3
    assert reads() == 1


def test_missing_record_is_told(store: ObjectStore, journal: Journal) -> None:
    """A journal with a hole is not replayed as if nothing were missing."""
    store.create(f"{RECORDS}000003.json", INTENDED.model_dump_json())
    with pytest.raises(JournalError, match=r"record 2 .* is missing; found s3://journal/teams/risk/.*000003\.json"):
        journal.read()


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("000002.json", '{"kind": "surprise"}', "is not what Rollway writes there"),
        ("000002.json", "{", "is not what Rollway writes there"),
        ("000002.json", '{"kind": "decided", "schema_version": 2, "more": 1}', "written by a newer Rollway"),
        ("notes.txt", "hello", "is no record of a rollout"),
    ],
)
def test_unreadable_record_is_told_with_a_remedy(
    store: ObjectStore, journal: Journal, name: str, body: str, told: str
) -> None:
    """What cannot be read stops the reader, with the object's place and what to do about it."""
    store.create(RECORDS + name, body)
    with pytest.raises(JournalError, match=told) as caught:
        journal.read()
    assert f"s3://journal/teams/risk/{RECORDS}{name}" in str(caught.value)
    assert caught.value.hint


def test_bytes_among_the_records_are_told(store: ObjectStore, journal: Journal) -> None:
    """An object that is not even text is reported like any other foreign one."""
    store.aws.s3.put_object(Bucket=store.bucket, Key=f"{store.prefix}/{RECORDS}000002.json", Body=b"\xff\xfe")
    with pytest.raises(JournalError, match=r"000002\.json is not what Rollway writes there"):
        journal.read()


def test_replay_starts_from_the_last_decision(journal: Journal) -> None:
    """What a process knew when it last decided is what the next one starts from, with what became of its commands."""
    decided = enter(begin(PLAN), Phase.SHIFTING, START)
    journal.append(Decided(at=START, action="shift", reason="because", state=decided))
    assert journal.read().state == decided
    journal.append(INTENDED)
    journal.append(Carried(at=START, command=SHIFT, result=DONE))
    state = journal.read().state
    assert state.operation is not None
    assert (state.phase, state.operation.command) == (Phase.SHIFTING, SHIFT)


def test_intended_configuration_may_exist(journal: Journal) -> None:
    """A process that died over creating a configuration may have created it: whoever comes next cleans it up."""
    journal.append(Intended(at=START, command=CREATE))
    assert journal.read().state.made == (CREATE.config.name,)


def test_signals_are_heard_in_order_and_by_name(journal: Journal, clock: VirtualClock) -> None:
    """Each signal is told apart by its id, so that it is heeded once; two in one microsecond are two."""
    first = journal.send_signal(PAUSE, clock.now())
    second = journal.send_signal(PAUSE, clock.now())
    clock.advance(timedelta(seconds=1))
    third = journal.send_signal(Signal(verb="abort", reason="no", by="bob@server"), clock.now())
    signals = journal.read_signals()
    assert [signal.id for signal in signals] == [*sorted([first, second]), third]
    assert len({first, second, third}) == 3
    assert signals[0] == PAUSE.model_copy(update={"id": signals[0].id})


def test_signal_of_a_slow_clock_is_heard(journal: Journal, clock: VirtualClock) -> None:
    """A signal whose sender's clock is behind sorts before what was read already, and is heard all the same."""
    journal.send_signal(PAUSE, clock.now())
    journal.read_signals()
    late = journal.send_signal(Signal(verb="abort", reason="no", by="bob@server"), clock.now() - timedelta(hours=1))
    assert late in [signal.id for signal in journal.read_signals()]


def test_signals_are_read_once(journal: Journal, clock: VirtualClock, reads: Callable[[], int]) -> None:
    """Looking for signals at every tick costs a listing, and a read for each new one."""
    journal.send_signal(PAUSE, clock.now())
    journal.read_signals()
    reads()
    assert len(journal.read_signals()) == 1
    assert reads() == 0


@pytest.mark.parametrize("body", ["", "[]", '{"verb": "explode", "reason": "", "by": ""}'])
def test_corrupt_signal_does_not_stop_the_rollout(
    store: ObjectStore, journal: Journal, clock: VirtualClock, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    """A signal that nobody can read is skipped and told of once; the others are heard."""
    store.create(f"{SIGNALS}00-by-hand.json", body)
    journal.send_signal(PAUSE, clock.now())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert [signal.verb for signal in journal.read_signals()] == ["pause"]
    assert journal.unreadable == ["00-by-hand.json"]
    assert caplog.text.count("00-by-hand.json") == 1


def test_hand_written_signal_is_heard(store: ObjectStore, journal: Journal) -> None:
    """Where Rollway's command line cannot run, a person may write a signal into the bucket."""
    fields: dict[str, Any] = {"verb": "abort", "reason": "the laptop is gone", "by": "ada"}
    store.create(f"{SIGNALS}please.json", json.dumps(fields))
    assert journal.read_signals() == (Signal(**fields, id="please"),)
