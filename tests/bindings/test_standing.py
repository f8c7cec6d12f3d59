"""Whether a rollout may begin as its endpoint stands, and when what did not begin is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from policies.attempts import Fate, Tried
from policies.bindings.loading import parse_bindings
from policies.bindings.matching import Start, match_binding
from policies.bindings.registered import Registered
from policies.bindings.standing import (
    Before,
    EndpointNow,
    FleetNow,
    Go,
    Stay,
    decide_fleet_start,
    decide_start,
    explain_pause,
    pause_after,
)
from policies.lifecycle import Outcome
from policies.loading import load_policy
from policies.windows.spec import WindowsSpec
from tests.bindings.documents import MLFLOW, bindings_of

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
POLICY = load_policy("canary")
VERSION = Registered.model_validate({"registry": "mlflow", "model": "fraud", "version": "7", "aliases": ("champion",)})
(START,) = match_binding(parse_bindings(bindings_of(MLFLOW)).bindings[0], VERSION).starts
MODEL = START.model_name


def before(outcome: Outcome, model: str = MODEL, rollout_id: str = "r-1", ago: timedelta = timedelta(days=2)) -> Before:
    return Before(rollout_id=rollout_id, model=model, outcome=outcome, at=NOON - ago)


def contested(fate: Fate) -> Before:
    """An A/B test that another challenger won."""
    models = (Tried(model=MODEL, fate=fate), Tried(model="other", fate=Fate.PROMOTED))
    return before(Outcome.PROMOTED, model="other").model_copy(update={"tried": models})


def decide(policy=POLICY, start: Start = START, **endpoint) -> Go | Stay:
    return decide_start(start, EndpointNow.model_validate({"serving": ("old",)} | endpoint), policy, NOON)


@pytest.mark.parametrize(
    ("endpoint", "kind", "why"),
    [
        ({"serving": (MODEL,)}, "settled", "live already"),
        ({"under_way": "r-1", "model_under_way": MODEL}, "settled", "being rolled out already"),
        (
            {"under_way": "r-1", "model_under_way": "other", "models_under_way": ("other", MODEL)},
            "settled",
            "being rolled out already",
        ),
        ({"past": (contested(Fate.REMOVED),)}, "settled", "was removed from its last A/B test"),
        ({"past": (contested(Fate.NOT_CHOSEN),)}, "settled", "was not chosen in its last A/B test"),
        ({"past": (before(Outcome.ROLLED_BACK),)}, "settled", "only a person"),
        ({"past": (before(Outcome.ABORTED),)}, "settled", "ended ABORTED"),
        ({"past": (before(Outcome.INCONCLUSIVE),)}, "settled", "ended INCONCLUSIVE"),
        ({"under_way": "r-1", "model_under_way": "other"}, "waiting", "r-1 is under way"),
        ({"serving": (MODEL, "other"), "under_way": "r-1", "model_under_way": "other"}, "waiting", "under way"),
        ({"past": (before(Outcome.ROLLED_BACK, "other", ago=timedelta(minutes=1)),)}, "waiting", "left alone"),
    ],
)
def test_what_stands_in_the_way_keeps_it_from_beginning(endpoint, kind, why):
    """What serves, is under way or was taken back is not begun again; what passes is waited for."""
    found = decide(**endpoint)

    assert isinstance(found, Stay)
    assert (found.kind, why in found.why) == (kind, True), found


@pytest.mark.parametrize(
    "endpoint",
    [
        {},
        {"past": (before(Outcome.PROMOTED),)},
        {"past": (before(Outcome.ROLLED_BACK, "other"),)},
        {"past": (before(Outcome.PROMOTED), before(Outcome.ROLLED_BACK, rollout_id="r-0"))},
    ],
)
def test_what_is_missing_begins(endpoint):
    """A model that does not serve, and was not taken back the last time, begins: also one that served before."""
    assert isinstance(decide(**endpoint), Go)


@pytest.mark.parametrize("when_taken", ["queue", "supersede"])
def test_a_policy_that_queues_or_supersedes_begins_beside_another(when_taken):
    """Where the policy says what a second rollout does, the flow itself does that."""
    policy = POLICY.model_copy(update={"when_taken": when_taken})

    assert isinstance(decide(policy, under_way="r-1", model_under_way="other"), Go)


def test_the_key_changes_with_the_endpoints_newest_rollout_only():
    """The same version is begun once until another rollout has run; a queued one keeps its key when the one before it ends."""
    policy = POLICY.model_copy(update={"when_taken": "queue"})
    promoted = before(Outcome.PROMOTED, "other")
    first, again, later = decide(), decide(), decide(past=(promoted,))
    queued = decide(policy, under_way="r-1", model_under_way="other")

    assert first == again != later
    assert queued == later


def test_the_pause_after_runs_that_never_began_doubles_up_to_a_day():
    """A quarter of an hour, half an hour, an hour … and never more than a day."""
    pauses = [pause_after(attempts) for attempts in range(1, 30)]

    assert pauses[:3] == [timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(days=1)


def test_a_run_that_ended_long_ago_is_no_reason_to_wait():
    """Within the pause the reason is told with the time left; after it there is none."""
    assert "tried again in 10m" in explain_pause("calm-owl", NOON - timedelta(minutes=5), 1, NOON)
    assert explain_pause("calm-owl", NOON - timedelta(minutes=15), 1, NOON) == ""


@pytest.mark.parametrize(("outside", "kind"), [("refuse", "waiting"), ("hold", None)])
def test_closed_windows_are_waited_for_where_the_policy_turns_rollouts_away(outside, kind):
    """A policy that refuses to start is not started; one that holds is, and holds by itself."""
    windows = WindowsSpec.model_validate({"days": "tue", "outside": outside})

    found = decide(POLICY.model_copy(update={"windows": windows}))

    assert (found.kind if isinstance(found, Stay) else None) == kind
    assert kind is None or "until Tue 2026-06-02 00:00 UTC" in found.why


def wished(wish: str) -> Start:
    return START.model_copy(update={"origin": START.origin.model_copy(update={"wish": wish})})


def for_wish(outcome: Outcome, wish: str, **more) -> Before:
    return before(outcome, **more).model_copy(update={"wish": wish})


@pytest.mark.parametrize(
    ("outcome", "earlier", "now", "begins"),
    [
        (Outcome.ABORTED, "b/1", "b/3", True),
        (Outcome.INCONCLUSIVE, "b/1", "b/3", True),
        (Outcome.ABORTED, "b/1", "b/1", False),
        (Outcome.ABORTED, "", "b/3", False),
        (Outcome.ABORTED, "b/1", "", False),
        (Outcome.ROLLED_BACK, "b/1", "b/3", False),
        (Outcome.ROLLBACK_FAILED, "b/1", "b/3", False),
    ],
)
def test_a_stopped_rollout_binds_the_wish_that_it_was_for(outcome, earlier, now, begins):
    """What was stopped before it was judged begins again for another wish, and what was judged and taken back stays with a person."""
    found = decide(start=wished(now), past=(for_wish(outcome, earlier),))

    assert isinstance(found, Go) is begins


def test_another_wish_waits_for_the_rest_of_the_endpoint():
    """Asking anew does not shorten how long an endpoint is left alone after a rollout that was not promoted."""
    recently = for_wish(Outcome.ABORTED, "b/1", ago=timedelta(minutes=1))

    found = decide(start=wished("b/3"), past=(recently,))

    assert isinstance(found, Stay)
    assert (found.kind, "left alone for 14m" in found.why) == ("waiting", True)


@pytest.mark.parametrize(("wish", "kind"), [("b/1", "settled"), ("b/3", "waiting"), ("", "settled")])
def test_a_rollout_for_an_earlier_wish_is_waited_for(wish, kind):
    """It may be on its way back because of what was asked for in between, so its end decides."""
    found = decide(start=wished(wish), under_way="r-1", model_under_way=MODEL, wish_under_way="b/1")

    assert isinstance(found, Stay)
    assert found.kind == kind


def test_a_run_that_has_not_begun_keeps_its_key_while_others_end():
    """Rollouts of other models, and a wish that went away and came back, make no second start of one that is there already."""
    other = before(Outcome.PROMOTED, "other")
    first, after_other, back = (
        decide(start=wished(wish), past=past) for wish, past in (("b/1", ()), ("b/1", (other,)), ("b/3", ()))
    )

    assert first == after_other == back


def test_the_same_model_after_its_own_rollout_is_another_start():
    """Also where the history has forgotten that rollout, in which case the wish tells the starts apart."""
    mine = for_wish(Outcome.PROMOTED, "b/1")
    forgotten = decide(start=wished("b/3"), complete=False), decide(start=wished("b/5"), complete=False)
    keys = [decide(start=wished("b/1")), decide(start=wished("b/3"), past=(mine,)), *forgotten]

    assert all(isinstance(each, Go) for each in keys)
    assert len({each.key for each in keys if isinstance(each, Go)}) == 4


@pytest.mark.parametrize(
    ("fleet", "found"),
    [
        ({}, "go"),
        ({"in_the_way": ("fleet f-2 is under way",)}, "waiting"),
        ({"begun": True}, "settled"),
        ({"begun": True, "outcome": "PROMOTED"}, "settled"),
        ({"begun": True, "outcome": "PROMOTED", "lapsed": ("a",)}, "go"),
        ({"begun": True, "outcome": "PARTLY_PROMOTED", "lapsed": ("a",)}, "go"),
        ({"begun": True, "outcome": "PROMOTED", "lapsed": ("a",), "in_the_way": ("a: r-1 is under way",)}, "waiting"),
        ({"begun": True, "outcome": "HALTED", "lapsed": ("a",)}, "settled"),
    ],
)
def test_a_fleet_begins_where_it_never_did_or_is_not_so_any_more(fleet, found):
    """That a fleet once ended well says nothing while its endpoints serve something else; a halted one stays with a person."""
    decided = decide_fleet_start(START, FleetNow.model_validate({"fleet_id": "f-1"} | fleet))

    assert (decided.kind if isinstance(decided, Stay) else "go") == found


def test_every_end_of_a_fleet_has_a_start_of_its_own():
    """The first start has the binding's key; each later one follows from the end before it, and is the same however often it is found."""
    ended = FleetNow(fleet_id="f-1", begun=True, outcome="PROMOTED", lapsed=("a",), writes=5)
    later = ended.model_copy(update={"writes": 9})
    keys = [decide_fleet_start(START, each) for each in (FleetNow(fleet_id="f-1"), ended, ended, later)]

    assert keys[1] == keys[2]
    assert len({each.key for each in keys if isinstance(each, Go)}) == 3
