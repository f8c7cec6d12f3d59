"""What was told, in the journal: never twice without saying so, never forgotten, whoever dies and whatever is out of reach."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from policies.errors import AwsError
from policies.notices.delivering import begin, conclude
from policies.notices.notice import Event, Level, Notice
from policies.notices.spec import NotifySpec
from rollway.notices.dispatch import Dispatch
from rollway.notices.ledger import Ledger, Memo, Office
from rollway.notices.loading import parse_notifications
from rollway.sandbox.fault_menu import LostAnswer, Outage

MINUTE = timedelta(minutes=1)
ROLLOUT = "fraud-prod-1"


class Killed(BaseException):
    """The end of a process, as far as its ledger can tell."""


@pytest.fixture
def office(store, receiver):
    """An office with one route."""
    return make_office(store, receiver.url())


def make_office(store, *urls):
    routes = [{"name": f"route-{number}", "url": url} for number, url in enumerate(urls, start=1)]
    return Office(Dispatch(parse_notifications({"routes": routes})), store.now)


def notice(key="promoted"):
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    return Notice(key=key, event=Event.PROMOTED, level=Level.INFO, endpoint="fraud-prod", at=at, headline=key.upper())


def tell(ledger, key="promoted"):
    ledger.tell(notice(key), NotifySpec())


def memo(store, key="promoted"):
    stored = store.read(f"notices/{ROLLOUT}/{key}.json")
    return Memo.model_validate_json(stored.body)


def stands(store, key="promoted"):
    return {name: each.stand for name, each in memo(store, key).deliveries.items()}


def test_two_processes_tell_once(store, receiver, office):
    """Whoever creates the journal's object sends; the other, even at the same moment, does not."""
    ledgers = [Ledger(store, ROLLOUT, office) for _ in range(4)]
    threads = [threading.Thread(target=tell, args=(ledger,)) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ledger in (*ledgers, Ledger(store, ROLLOUT, office)):
        tell(ledger)
        ledger.follow_up()

    assert receiver.titles == ["PROMOTED"]
    assert stands(store) == {"route-1": "sent"}


def test_it_is_remembered_before_it_is_sent(store, clock, receiver, office, monkeypatch):
    """A process that dies between remembering and sending leaves a message that the next one sends, once, marked as doubtful."""
    with monkeypatch.context() as patch:
        patch.setattr(Dispatch, "send", die)
        with pytest.raises(Killed):
            tell(Ledger(store, ROLLOUT, office))
    early, later = Ledger(store, ROLLOUT, office), Ledger(store, ROLLOUT, office)
    early.follow_up()
    at_once = list(receiver.got)
    clock.advance(MINUTE)
    for ledger in (later, early):
        ledger.follow_up()

    assert at_once == []
    (got,) = receiver.got
    assert "may have been told before" in got["message"]
    assert stands(store) == {"route-1": "sent"}


def test_after_two_deaths_it_is_given_up(store, clock, receiver, office, monkeypatch):
    """At most once more: a message that two processes died of is not sent a third time, and the journal says why."""
    with monkeypatch.context() as patch:
        patch.setattr(Dispatch, "send", die)
        with pytest.raises(Killed):
            tell(Ledger(store, ROLLOUT, office))
        clock.advance(MINUTE)
        with pytest.raises(Killed):
            Ledger(store, ROLLOUT, office).follow_up()
    clock.advance(MINUTE)
    Ledger(store, ROLLOUT, office).follow_up()

    assert receiver.got == []
    assert stands(store) == {"route-1": "given up"}
    assert "nobody knows" in memo(store).deliveries["route-1"].why


def die(*_):
    raise Killed


def test_what_was_not_taken_is_tried_again(store, clock, receiver):
    """A service that is down gets the message when it is up again; one that has it already gets it no second time."""
    with_two = make_office(store, receiver.url("well"), f"json://127.0.0.1:{receiver.port}/sick")
    receiver.sick.add("/sick")
    ledger = Ledger(store, ROLLOUT, with_two)
    tell(ledger)
    down = stands(store)
    ledger.follow_up()
    too_early = list(receiver.paths)
    receiver.sick.clear()
    clock.advance(MINUTE)
    ledger.follow_up()

    assert down == {"route-1": "sent", "route-2": "owed"}
    assert sorted(too_early) == ["/sick", "/well"]
    assert sorted(receiver.paths) == ["/sick", "/sick", "/well"]
    assert "Told late" in receiver.got[-1]["message"]
    assert not ledger.owes


def test_a_message_in_hand_is_left_to_its_process(store, clock, receiver, office):
    """While a process is at one address, nobody else begins with another of the same notice: its outcome could not be written."""
    begun = begin(store.now())
    owed = conclude(begin(store.now() - 2 * MINUTE), "refused", store.now() - MINUTE)
    body = Memo(notice=notice(), deliveries={"route-1": owed, "route-2": begun}).model_dump_json()
    store.create(f"notices/{ROLLOUT}/promoted.json", body)
    Ledger(store, ROLLOUT, office).follow_up()
    at_once = list(receiver.got)
    clock.advance(MINUTE)
    Ledger(store, ROLLOUT, office).follow_up()

    assert at_once == []
    assert receiver.titles == ["PROMOTED"]
    assert stands(store) == {"route-1": "sent", "route-2": "owed"}
    assert "there is no route-2" in memo(store).deliveries["route-2"].why


def test_a_dead_service_is_given_up_after_a_day(store, clock, receiver, office):
    """With ever longer pauses, and at last an entry in the journal that says what was wrong."""
    receiver.sick.add("/hook")
    ledger = Ledger(store, ROLLOUT, office)
    tell(ledger)
    for _ in range(26):
        clock.advance(timedelta(hours=1))
        ledger.follow_up()

    delivery = memo(store).deliveries["route-1"]
    assert delivery.stand == "given up"
    assert "500" in delivery.why
    assert 10 < len(receiver.paths) < 30
    assert not ledger.owes


def test_an_outcome_that_cannot_be_written_is_written_later(store, clock, cloud, receiver, office):
    """With the journal out of reach after sending, the same process remembers: nobody is told again."""
    receiver.on_message = lambda: cloud.plant(Outage(service="s3", duration="30s"))
    ledger = Ledger(store, ROLLOUT, office)
    with pytest.raises(AwsError):
        tell(ledger)
    receiver.on_message = lambda: None
    clock.advance(2 * MINUTE)
    ledger.follow_up()

    assert receiver.titles == ["PROMOTED"]
    assert stands(store) == {"route-1": "sent"}


def test_a_lost_answer_is_no_second_message(store, cloud, receiver, office):
    """The object was created though nobody said so: it is told, at the latest as a doubtful one, and once."""
    cloud.plant(LostAnswer(operation="PutObject", times=1))
    ledger = Ledger(store, ROLLOUT, office)
    tell(ledger)
    ledger.follow_up()

    assert receiver.titles == ["PROMOTED"]


def test_nobody_who_wants_it_leaves_no_trace(store, receiver):
    """A notice that no route wants is neither remembered nor sent."""
    routes = [{"name": "on-call", "url": receiver.url(), "at_least": "critical"}]
    office = Office(Dispatch(parse_notifications({"routes": routes})), store.now)
    ledger = Ledger(store, ROLLOUT, office)
    tell(ledger)
    ledger.follow_up()

    assert store.list_keys("notices/") == ()
    assert receiver.got == []


def test_a_damaged_memo_holds_up_no_other(store, receiver, office):
    """What cannot be read is skipped, and told in the log; the rest is followed up."""
    store.create(f"notices/{ROLLOUT}/a.json", "{}")
    ledger = Ledger(store, ROLLOUT, office)
    ledger.follow_up()
    tell(ledger, "b")

    assert receiver.titles == ["B"]
    assert not ledger.owes
