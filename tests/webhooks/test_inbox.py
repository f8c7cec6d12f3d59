"""The inbox and the desk: an event that was let in is handled, whatever dies on the way, and once."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest

from policies.bindings.event import Handled, Happening, Registry, RegistryEvent
from policies.errors import JournalError, TransientAwsError
from rollway.aws.objects import ObjectStore
from rollway.aws.session import ATTEMPTS
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import LostAnswer
from rollway.webhooks.desk import Desk, pause_after
from rollway.webhooks.figures import Figures
from rollway.webhooks.inbox import Entry, Inbox, Settlement, name_of
from tests.webhooks import signing
from tests.webhooks.signing import NOW, alias_set
from tests.webhooks.stage import Handler, Stage

EVENT = RegistryEvent(
    registry=Registry.MLFLOW, id="../../d 1", happening=Happening.ALIAS_SET, model="fraud", label="champion", at=NOW
)
ENTRY = Entry(event=EVENT, door="mlflow", received_at=NOW)
NAME = name_of(EVENT)
SETTLED = Settlement(outcome="handled", at=NOW, why="as bound", tries=1)
MINUTE = timedelta(minutes=1)


class Died(BaseException):
    """The process is gone."""


def dying(store: ObjectStore, after: int) -> ObjectStore:
    """A store whose process dies once it has written so often; an ObjectStore like any other up to then."""
    left = after

    class Mortal(ObjectStore):
        def _spend(self) -> None:
            nonlocal left
            if left == 0:
                raise Died
            left -= 1

        def create(self, key: str, body: str):
            self._spend()
            return super().create(key, body)

        def delete(self, key: str) -> None:
            self._spend()
            super().delete(key)

    return Mortal(store.aws, store.bucket, store.prefix, store.now)


@pytest.mark.parametrize("after", range(2))
def test_death_while_an_event_is_taken_in(store: ObjectStore, after: int) -> None:
    """Whatever was written when the process died before its answer: the sender's next try is let in, and the event handled once."""
    handler = Handler()
    with pytest.raises(Died):
        Inbox(dying(store, after)).put(ENTRY)

    Inbox(store).put(ENTRY)
    work_through(Desk(Inbox(store), handler, Figures()))

    assert handler.given == [EVENT]
    assert Inbox(store).list_open() == ()
    assert not Inbox(store).put(ENTRY)


def test_death_before_the_answer_with_no_second_try(store: ObjectStore) -> None:
    """An event that was marked and never answered for is handled even if its sender gives up, and is known if it does not."""
    handler = Handler()
    with pytest.raises(Died):
        Inbox(dying(store, 1)).put(ENTRY)

    work_through(Desk(Inbox(store), handler, Figures()))

    assert handler.given == [EVENT]
    assert not Inbox(store).put(ENTRY)


@pytest.mark.parametrize(("after", "calls"), [(0, 2), (1, 1), (2, 1)])
def test_death_while_an_event_is_settled(store: ObjectStore, after: int, calls: int) -> None:
    """A process that dies after the handler and before the settlement leaves the event to be handled again; after it, to be cleared."""
    handler = Handler()
    Inbox(store).put(ENTRY)
    mortal = Inbox(dying(store, after + 1))  # one write makes sure that the event is known
    try:
        work_through(Desk(mortal, handler, Figures()))
    except Died:
        assert after < 2

    work_through(Desk(Inbox(store), handler, Figures()))

    assert len(handler.given) == calls
    assert Inbox(store).list_open() == ()


def work_through(desk: Desk) -> None:
    for name in desk.due(NOW):
        desk.work(name, NOW)


def test_a_late_duplicate_does_not_open_what_is_settled(store: ObjectStore) -> None:
    """A duplicate that comes after the settlement leaves a mark for a moment, and the handler is not called again."""
    inbox, handler = Inbox(store), Handler()
    inbox.put(ENTRY)
    work_through(Desk(inbox, handler, Figures()))

    assert not inbox.put(ENTRY)
    work_through(Desk(inbox, handler, Figures()))

    assert len(handler.given) == 1
    assert inbox.list_open() == ()


def test_what_came_of_an_event_can_be_read(inbox: Inbox, handler: Handler) -> None:
    """The inbox keeps what was started for an event, and why."""
    inbox.put(ENTRY)
    work_through(Desk(inbox, handler, Figures()))

    settled = inbox.settlement(NAME)

    assert settled is not None
    assert (settled.outcome, settled.started, settled.why) == ("handled", ("run-1",), "as bound")


def test_listing_what_is_open_costs_nothing_for_what_is_over(inbox: Inbox, store: ObjectStore) -> None:
    """However many events there have been, only open ones are listed, and ids never become paths."""
    for number in range(30):
        entry = ENTRY.model_copy(update={"event": EVENT.model_copy(update={"id": f"{number}"})})
        inbox.put(entry)
        inbox.settle(entry, SETTLED)
    inbox.put(ENTRY)

    assert store.list_keys("inbox/open/") == (f"inbox/open/{NAME}.json",)
    assert NAME.startswith("mlflow/")
    assert NAME.removeprefix("mlflow/").isalnum()


def test_a_lost_answer_of_the_store_is_no_duplicate(inbox: Inbox, cloud: Cloud, handler: Handler) -> None:
    """When the store has written and its answer got lost, the event counts as new to its sender or is sent again, and is handled once."""
    cloud.plant(LostAnswer(operation="PutObject", times=ATTEMPTS))
    try:
        inbox.put(ENTRY)
    except TransientAwsError:
        inbox.put(ENTRY)
    work_through(Desk(inbox, handler, Figures()))

    assert handler.given == [EVENT]


def test_a_dead_store_is_never_answered_with_202(stage: Stage) -> None:
    """While the journal cannot be written, senders are told to come again, and nothing has happened."""
    stage.inbox.store.aws.s3.delete_bucket(Bucket="journal")

    answer = stage.post("mlflow", *signing.mlflow(alias_set()))

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unavailable")
    assert answer.headers["retry-after"]
    assert stage.get("/readyz").status_code == 503
    assert stage.get("/healthz").status_code == 200


def test_failures_are_tried_again_with_growing_pauses(stage: Stage) -> None:
    """An event whose handler fails is kept, tried again later and later, and settled when it works."""
    stage.handler.fail()
    stage.post("mlflow", *signing.mlflow(alias_set()))
    tries = []
    for second in range(64):
        stage.work()
        if len(stage.handler.given) > len(tries):
            tries.append(second)
        stage.clock.advance(timedelta(seconds=1))
    stage.handler.failing = None
    stage.clock.advance(5 * MINUTE)
    stage.work()

    assert [after - before for before, after in pairwise(tries)] == pytest.approx([2, 3, 5, 9, 17], abs=1)
    assert stage.inbox.list_open() == ()


def test_a_handler_with_a_bug_keeps_its_event(stage: Stage) -> None:
    """An unforeseen exception is treated like any failure: the event stays."""
    stage.handler.failing = KeyError("x")
    stage.post("mlflow", *signing.mlflow(alias_set()))

    stage.work()

    assert len(stage.inbox.list_open()) == 1
    assert 'rollway_webhook_events_total{outcome="failed"} 1.0' in stage.get("/metrics").text


def test_after_a_day_of_failures_it_is_given_up_aloud(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """What fails for a whole day is settled as given up, with an error in the log and a count to alarm on."""
    stage.handler.fail()
    stage.post("mlflow", *signing.mlflow(alias_set()))
    stage.work()
    stage.clock.advance(timedelta(hours=24))

    stage.work()

    assert stage.inbox.list_open() == ()
    assert [each.levelname for each in caplog.records if "given up" in each.message] == ["ERROR"]
    assert 'rollway_webhook_events_total{outcome="given_up"} 1.0' in stage.get("/metrics").text
    settled = json.loads(stage.inbox.store.read(stage.inbox.store.list_keys("inbox/settled/")[0]).body)
    assert (settled["outcome"], settled["why"]) == ("given up", "the registry is away")


def test_what_is_not_ours_in_the_inbox_is_left_alone(inbox: Inbox, store: ObjectStore) -> None:
    """An object that somebody put there holds nothing else up, and is not deleted."""
    store.create("inbox/open/mlflow/foreign.json", "hello")
    inbox.put(ENTRY)
    handler = Handler()

    work_through(Desk(inbox, handler, Figures()))

    assert handler.given == [EVENT]
    assert inbox.list_open() == ("mlflow/foreign",)
    with pytest.raises(JournalError):
        inbox.open("mlflow/foreign")


def test_pauses_end_at_five_minutes() -> None:
    """A long failure is asked about every five minutes, with some jitter."""
    assert pause_after(1) == timedelta(seconds=1)
    assert pause_after(10_000) == 5 * MINUTE
    assert 5 * MINUTE < pause_after(10_000, luck=0.9) < 6 * MINUTE


def test_two_receivers_may_share_an_inbox(inbox: Inbox) -> None:
    """A second receiver that had taken the event up at the same moment settles it without trouble."""
    inbox.put(ENTRY)
    handled: list[RegistryEvent] = []

    def handle_twice(event: RegistryEvent) -> Handled:
        handled.append(event)
        if len(handled) == 1:
            work_through(Desk(inbox, handle_twice, Figures()))
        return Handled(why="")

    work_through(Desk(inbox, handle_twice, Figures()))

    assert len(handled) == 2  # at least once; what is started has a key of its own
    assert inbox.list_open() == ()
