"""Leases: one holder at a time, tokens that only grow, ages by the store's clock, and lost answers that are not lost writes."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policies.errors import JournalError, TransientAwsError
from policies.lifecycle import Outcome
from rollway.aws.objects import ObjectStore
from rollway.journal.held import MOST_REMEMBERED
from rollway.journal.leases import (
    Bid,
    EndpointTaken,
    Held,
    LeaseLost,
    Standing,
    acquire,
    list_standings,
    read_standing,
    take_up,
)
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import Outage
from tests.journal.meanwhile import before_next_write, cut_off_by_next_write

ENDPOINT = "fraud-prod"
LENGTH = timedelta(minutes=5)
Wait = Callable[[float], None]
"""Lets so many seconds pass."""


def bid(number: int = 1) -> Bid:
    return Bid(rollout_id=f"rollout-{number}", model=f"fraud-v{number}", by="ada@laptop", lasts=LENGTH)


def standing(store: ObjectStore) -> Standing:
    found = read_standing(store, ENDPOINT)
    assert found is not None
    return found


def take_over(store: ObjectStore, *, force: bool = False) -> Held:
    return take_up(store, ENDPOINT, "rollout-1", by="bob@server", force=force)


def test_first_rollout_takes_the_endpoint(store: ObjectStore, clock: VirtualClock) -> None:
    """What a lease says is what the journal says: who, since when, for how long, with the first token."""
    held = acquire(store, ENDPOINT, bid())
    assert standing(store).lease == held.lease
    assert (held.lease.rollout_id, held.lease.by, held.lease.since) == ("rollout-1", "ada@laptop", clock.now())
    assert (held.lease.token, held.lease.outcome) == (1, None)
    assert held.ends_at == clock.now() + LENGTH


def test_second_rollout_is_told_who_holds_the_endpoint(store: ObjectStore, wait: Wait) -> None:
    """Who is refused learns which rollout has the endpoint, whose it is, since when, and when it was last heard of."""
    acquire(store, ENDPOINT, bid())
    wait(72)
    with pytest.raises(EndpointTaken) as caught:
        acquire(store, ENDPOINT, bid(2))
    for told in ("rollout-1", "ada@laptop", "2026-01-05 12:00:00 UTC", "1m12s ago"):
        assert told in str(caught.value)
    assert caught.value.code == "endpoint_taken"
    assert standing(store).lease.rollout_id == "rollout-1"


def test_lease_that_ran_out_is_not_free(store: ObjectStore, wait: Wait) -> None:
    """A rollout whose process died has left the endpoint half way: it is brought to its end before the next one starts."""
    acquire(store, ENDPOINT, bid())
    wait(3600)
    assert standing(store).expired
    with pytest.raises(EndpointTaken, match=r"silent since 12:00:00 UTC \(1h ago\), can be taken over now") as caught:
        acquire(store, ENDPOINT, bid(2))
    assert "rollway reconcile" in caught.value.hint


def test_released_endpoint_is_free_and_remembers(store: ObjectStore, wait: Wait, clock: VirtualClock) -> None:
    """After a rollout the next one may start; it has a greater token and the history of those before."""
    held = acquire(store, ENDPOINT, bid())
    wait(60)
    held.release(Outcome.ROLLED_BACK)
    following = acquire(store, ENDPOINT, bid(2))
    assert following.lease.token == held.lease.token + 1
    (past,) = following.lease.history
    assert (past.rollout_id, past.model, past.outcome) == ("rollout-1", "fraud-v1", Outcome.ROLLED_BACK)
    assert past.at == clock.now()


def test_history_is_short_and_newest_first(store: ObjectStore) -> None:
    """An endpoint's object stays small, however many rollouts it sees; the token counts them all."""
    for number in range(1, MOST_REMEMBERED + 3):
        acquire(store, ENDPOINT, bid(number)).release(Outcome.PROMOTED)
    lease = standing(store).lease
    assert [each.rollout_id for each in lease.history] == [f"rollout-{number}" for number in range(12, 2, -1)]
    assert lease.token == 12


def test_released_lease_is_not_expired(store: ObjectStore, wait: Wait) -> None:
    """A rollout that has ended is nobody's to take up, however long ago that was."""
    acquire(store, ENDPOINT, bid()).release(Outcome.PROMOTED)
    wait(3600)
    assert not standing(store).expired
    with pytest.raises(JournalError, match="has ended PROMOTED"):
        take_over(store, force=True)


def test_renewing_makes_it_hold_again(store: ObjectStore, wait: Wait, clock: VirtualClock) -> None:
    """A process that gives signs of life keeps its endpoint; each sign counts from when the store got it."""
    held = acquire(store, ENDPOINT, bid())
    for _ in range(3):
        wait(240)
        held.renew()
        assert not standing(store).expired
    assert held.ends_at == clock.now() + LENGTH
    wait(LENGTH.total_seconds() - 1)
    assert not standing(store).expired
    wait(1)
    assert standing(store).expired


def test_renewal_is_due_after_a_third(store: ObjectStore, clock: VirtualClock) -> None:
    """Two renewals may fail before a lease runs out."""
    held = acquire(store, ENDPOINT, bid())
    assert not held.is_due(clock.now() + LENGTH / 3 - timedelta(seconds=1))
    assert held.is_due(clock.now() + LENGTH / 3)


def test_take_up_fences_off_the_process_before(store: ObjectStore, wait: Wait) -> None:
    """A process that wakes up after its lease was taken up is stopped, whatever it tries, and changes nothing."""
    orphan = acquire(store, ENDPOINT, bid())
    wait(301)
    held = take_over(store)
    assert held.lease.token == orphan.lease.token + 1
    assert (held.lease.rollout_id, held.lease.by) == ("rollout-1", "bob@server")
    for attempt in (orphan.check, orphan.renew, orphan.let_go, lambda: orphan.release(Outcome.PROMOTED)):
        with pytest.raises(LeaseLost, match=r"taken over by bob@server .* token 2.* held token 1"):
            attempt()
    assert standing(store).lease == held.lease
    held.check()


def test_take_up_needs_silence_or_force(store: ObjectStore, wait: Wait) -> None:
    """A rollout that is being driven is left alone, unless somebody insists."""
    orphan = acquire(store, ENDPOINT, bid())
    wait(299)
    with pytest.raises(EndpointTaken, match="last sign of life 4m59s ago"):
        take_over(store)
    take_over(store, force=True)
    with pytest.raises(LeaseLost):
        orphan.check()


def test_take_up_of_another_rollout_is_refused(store: ObjectStore) -> None:
    """Only the rollout that was looked at is taken up, never one that has followed it; nor any where there is none."""
    with pytest.raises(JournalError, match="no rollout ever took it"):
        take_over(store)
    acquire(store, ENDPOINT, bid(2))
    with pytest.raises(JournalError, match="its newest is rollout-2"):
        take_over(store, force=True)


def test_handed_over_rollout_is_taken_up_at_once(store: ObjectStore) -> None:
    """Who leaves on purpose spares the next one the wait; after that, it may not act any more."""
    held = acquire(store, ENDPOINT, bid())
    held.let_go()
    held.let_go()
    assert standing(store).expired
    with pytest.raises(EndpointTaken, match="let go of by its process"):
        acquire(store, ENDPOINT, bid(2))
    for attempt in (held.check, held.renew):
        with pytest.raises(LeaseLost, match="let go"):
            attempt()
    following = take_over(store)
    assert following.lease.lasts == LENGTH
    assert not standing(store).expired


def test_one_of_two_takes_up(store: ObjectStore, wait: Wait) -> None:
    """When two processes find the same orphan, the slower one is told, even one that insists."""
    acquire(store, ENDPOINT, bid())
    wait(301)
    for force in (False, True):
        with before_next_write(store, lambda: take_over(store, force=True)), pytest.raises(EndpointTaken, match="bob"):
            take_over(store, force=force)
        wait(301)


def test_renewal_between_reading_and_taking_up_counts(store: ObjectStore, wait: Wait) -> None:
    """A renewal changes the lease's ETag though nothing else: an orphan that is just back keeps its rollout."""
    held = acquire(store, ENDPOINT, bid())
    wait(301)
    with before_next_write(store, held.renew), pytest.raises(EndpointTaken):
        take_over(store)
    held.check()


def test_check_renews_late_and_not_early(store: ObjectStore, wait: Wait) -> None:
    """Making sure costs a read; a write only when less than half of the lease is left."""
    held = acquire(store, ENDPOINT, bid())
    wait(150)
    held.check()
    assert held.lease.writes == 1
    wait(1)
    held.check()
    assert held.lease.writes == 2
    assert standing(store).age == timedelta(0)


def test_check_finds_a_deleted_lease(store: ObjectStore) -> None:
    """Without its object nobody has a right to act."""
    held = acquire(store, ENDPOINT, bid())
    store.aws.s3.delete_object(Bucket=store.bucket, Key=f"{store.prefix}/endpoints/{ENDPOINT}.json")
    with pytest.raises(LeaseLost, match="deleted"):
        held.check()


def test_lost_answer_to_acquire(store: ObjectStore, lose_answer: Callable[[], None]) -> None:
    """A lease that was written though its answer was lost is ours."""
    lose_answer()
    held = acquire(store, ENDPOINT, bid())
    held.check()
    assert held.lease.token == 1


def test_acquire_again_after_losing_track(store: ObjectStore, cloud: Cloud) -> None:
    """A process that never learnt that it has the endpoint is given what it has when it asks again."""
    with cut_off_by_next_write(store, cloud), pytest.raises(TransientAwsError):
        acquire(store, ENDPOINT, bid())
    held = acquire(store, ENDPOINT, bid())
    assert (held.lease.token, held.lease.writes) == (1, 1)
    held.check()


def test_lost_answer_to_take_up(store: ObjectStore, lose_answer: Callable[[], None], wait: Wait) -> None:
    """Likewise for a take-over: it counts once."""
    acquire(store, ENDPOINT, bid())
    wait(301)
    lose_answer()
    held = take_over(store)
    held.check()
    assert held.lease.token == 2


def test_lost_answer_to_renew(store: ObjectStore, cloud: Cloud) -> None:
    """A renewal whose answer was lost does not make its holder a stranger to its own lease."""
    held = acquire(store, ENDPOINT, bid())
    with cut_off_by_next_write(store, cloud), pytest.raises(TransientAwsError):
        held.renew()
    held.renew()
    assert held.lease == standing(store).lease


def test_lost_answer_to_release(store: ObjectStore, cloud: Cloud) -> None:
    """A release is repeated until it is known; once another rollout has the endpoint, it is known to have been written."""
    held = acquire(store, ENDPOINT, bid())
    with cut_off_by_next_write(store, cloud), pytest.raises(TransientAwsError):
        held.release(Outcome.PROMOTED)
    following = acquire(store, ENDPOINT, bid(2))
    held.release(Outcome.PROMOTED)
    held.release(Outcome.PROMOTED)
    assert standing(store).lease == following.lease


def test_lost_answer_to_let_go(store: ObjectStore, cloud: Cloud) -> None:
    """A hand-over whose answer was lost may be repeated."""
    held = acquire(store, ENDPOINT, bid())
    with cut_off_by_next_write(store, cloud), pytest.raises(TransientAwsError):
        held.let_go()
    held.let_go()
    assert standing(store).expired


def test_lease_holds_while_the_store_is_out_of_reach(store: ObjectStore, cloud: Cloud, wait: Wait) -> None:
    """An outage is no loss: what is not known is raised as AWS's error, and once it is over the lease is renewed if nobody took it."""
    held = acquire(store, ENDPOINT, bid())
    ends_at = held.ends_at
    cloud.plant(Outage(service="s3", duration=timedelta(minutes=6)))
    for attempt in (held.check, held.renew, held.let_go, lambda: held.release(Outcome.PROMOTED)):
        with pytest.raises(TransientAwsError):
            attempt()
    assert held.ends_at == ends_at
    wait(360)
    held.check()
    assert not standing(store).expired


def test_release_with_another_outcome_is_told(store: ObjectStore, wait: Wait) -> None:
    """A process whose rollout was brought to another end meanwhile learns so."""
    held = acquire(store, ENDPOINT, bid())
    wait(301)
    take_over(store).release(Outcome.ROLLED_BACK)
    with pytest.raises(LeaseLost):
        held.release(Outcome.PROMOTED)


def test_failed_write_is_not_taken_for_a_lease(store: ObjectStore) -> None:
    """Who lost to somebody else in the moment of writing is told who has won."""
    with (
        before_next_write(store, lambda: acquire(store, ENDPOINT, bid(2))),
        pytest.raises(EndpointTaken, match="rollout-2"),
    ):
        acquire(store, ENDPOINT, bid(1))


def test_wrong_local_clock_does_not_matter(store: ObjectStore, clock: VirtualClock, wait: Wait) -> None:
    """A machine whose clock is a day ahead neither loses its own lease nor takes others' away; it knows how wrong it is."""
    ahead = replace(store, now=lambda: clock.now() + timedelta(days=1))
    held = acquire(ahead, ENDPOINT, bid())
    assert held.offset == timedelta(days=-1)
    assert held.ends_at == clock.now() + LENGTH
    wait(60)
    found = read_standing(ahead, ENDPOINT)
    assert found is not None
    assert (found.age, found.expired) == (timedelta(minutes=1), False)
    held.release(Outcome.PROMOTED)
    assert standing(store).lease.history[0].at == clock.now()


def test_slight_differences_of_clocks_are_none(store: ObjectStore, clock: VirtualClock) -> None:
    """The store tells whole seconds, so a difference below two is not taken for a wrong clock."""
    assert acquire(replace(store, now=lambda: clock.now() + timedelta(seconds=1.9)), "a", bid()).offset == timedelta(0)
    late = acquire(replace(store, now=lambda: clock.now() - timedelta(seconds=2)), "b", bid())
    assert late.offset == timedelta(seconds=2)


def test_all_standings_are_listed_and_foreign_objects_told(
    store: ObjectStore, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reconciles sees every endpoint; what is no lease is named, and never guessed at."""
    for endpoint in ("b", "a", "c"):
        acquire(store, endpoint, bid())
    store.create("endpoints/notes.txt", "hello")
    store.create("endpoints/broken.json", '{"rollout_id":')
    with caplog.at_level(logging.WARNING):
        standings = list_standings(store)
    assert [endpoint for endpoint, _ in standings] == ["a", "b", "c"]
    assert [reason.split()[0].rsplit("/", 1)[-1] for reason in standings.skipped] == ["broken.json", "notes.txt"]
    assert all(reason in caplog.text for reason in standings.skipped)


def test_foreign_object_is_not_overwritten(store: ObjectStore) -> None:
    """An endpoint whose object is damaged is not taken: it may be held."""
    store.create(f"endpoints/{ENDPOINT}.json", "{}")
    with pytest.raises(JournalError, match=r"endpoints/fraud-prod\.json is not what Rollway writes there") as caught:
        acquire(store, ENDPOINT, bid())
    assert caught.value.hint


def test_lease_of_a_newer_rollway_is_left_alone(store: ObjectStore) -> None:
    """Two versions of Rollway on one journal do not misread each other."""
    document = json.loads(acquire(store, "other", bid()).lease.model_dump_json())
    store.create(f"endpoints/{ENDPOINT}.json", json.dumps(document | {"schema_version": 2, "new": True}))
    with pytest.raises(JournalError, match="written by a newer Rollway") as caught:
        acquire(store, ENDPOINT, bid())
    assert "upgrade" in caught.value.hint.lower()


def test_lease_is_readable_by_a_person(store: ObjectStore) -> None:
    """Who looks into the bucket finds indented JSON, its version first."""
    acquire(store, ENDPOINT, bid())
    found = store.read(f"endpoints/{ENDPOINT}.json")
    assert found is not None
    assert found.body.startswith('{\n  "schema_version": 1,\n  "rollout_id": "rollout-1",\n')
    assert datetime.fromisoformat(json.loads(found.body)["since"]).tzinfo == UTC
