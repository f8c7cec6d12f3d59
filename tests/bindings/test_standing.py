"""Whether a rollout may begin as its endpoint stands, and when what did not begin is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from policies.attempts import Fate, Tried
from policies.bindings.loading import parse_bindings
from policies.bindings.matching import Start, match_binding
from policies.bindings.registered import Registered
from policies.bindings.standing import Before, EndpointNow, Go, Stay, decide_start, explain_pause, pause_after
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
