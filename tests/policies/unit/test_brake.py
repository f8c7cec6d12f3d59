"""The storm brake: when only a person may start a rollout, and when every rollout is halted."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from policies.attempts import Fate, Tried
from policies.brake import back_off, find_brakes, find_incident
from policies.lifecycle import Outcome
from policies.spec import BrakeSpec
from tests.policies.building import MINUTE, START

SPEC = BrakeSpec()
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Past:
    """An earlier rollout."""

    model: str
    outcome: Outcome
    at: datetime
    tried: tuple[Tried, ...] = ()
    wish: str = ""


def past(outcome: Outcome, ago: timedelta, model: str = "fraud-v7") -> Past:
    return Past(model, outcome, START - ago)


def told(*earlier: Past, model: str = "fraud-v7") -> list[str]:
    return [problem.what for problem in find_brakes(SPEC, "fraud-prod", model, earlier, START)]


@pytest.mark.parametrize(
    ("failures", "minutes"), [(1, 15), (2, 30), (3, 60), (4, 120), (7, 960), (8, 1440), (33, 1440), (5000, 1440)]
)
def test_the_back_off_doubles_up_to_its_limit(failures: int, minutes: int) -> None:
    """15 minutes, then twice as long with every further failure in a row, never longer than a day (powers of two, by hand)."""
    assert back_off(SPEC, failures) == timedelta(minutes=minutes)


def test_the_longest_back_off_that_can_be_written_does_not_overflow() -> None:
    """A year doubled without end is still the limit, not an error."""
    slow = BrakeSpec.model_validate({"back_off": "365d", "back_off_at_most": "365d"})
    assert back_off(slow, 1000) == timedelta(days=365)


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.PROMOTED])
def test_a_model_that_was_not_promoted_is_not_retried(outcome: Outcome) -> None:
    """However long ago and however it ended, only a person starts the same model again."""
    (what,) = told(past(outcome, 30 * DAY))
    assert what == f"its last rollout to fraud-v7 ended {outcome} at 2026-10-23 12:00 UTC; it is not retried by itself"


def test_a_model_that_was_promoted_since_may_be_rolled_out_again() -> None:
    """Only a model's last rollout counts, whatever other models did since."""
    earlier = (past(Outcome.PROMOTED, 2 * DAY, "fraud-v8"), past(Outcome.PROMOTED, 3 * DAY))
    assert told(*earlier, past(Outcome.ROLLED_BACK, 4 * DAY)) == []


def test_another_model_waits_for_the_back_off() -> None:
    """After one failure the endpoint is left alone for a quarter of an hour, to the second."""
    assert told(past(Outcome.ROLLED_BACK, 5 * MINUTE, "fraud-v6")) == [
        "1 rollouts in a row were not promoted; it is left alone for 10m more"
    ]
    assert told(past(Outcome.ROLLED_BACK, 15 * MINUTE, "fraud-v6")) == []


def test_a_promotion_ends_the_row_of_failures() -> None:
    """Failures before the last promotion do not count towards the back-off."""
    row = [past(Outcome.INCONCLUSIVE, 20 * MINUTE, "b"), past(Outcome.ABORTED, DAY, "c")]
    assert told(*row, past(Outcome.PROMOTED, 2 * DAY, "d"), past(Outcome.ABORTED, 3 * DAY, "e")) == [
        "2 rollouts in a row were not promoted; it is left alone for 10m more"
    ]


def test_an_endpoint_without_a_past_is_free() -> None:
    """The first rollout needs nobody's leave."""
    assert told() == []


def test_enough_endpoints_at_about_the_same_time_are_an_incident() -> None:
    """Three endpoints within a quarter of an hour halt every rollout, and are named."""
    failures = [(START - minutes * MINUTE, name) for minutes, name in ((1, "c"), (15, "a"), (2, "b"))]
    halt = find_incident(SPEC, failures, START)
    assert halt is not None
    assert (halt.since, halt.endpoints) == (START, ("a", "b", "c"))
    assert halt.reason == "gates failed on 3 endpoints within 15m: a, b, c"


def test_one_endpoint_that_fails_often_is_no_incident() -> None:
    """Endpoints are counted, not failures; those of long ago are not."""
    assert find_incident(SPEC, [(START, "a")] * 5 + [(START, "b")], START) is None
    assert find_incident(SPEC, [(START, "a"), (START, "b"), (START - 16 * MINUTE, "c")], START) is None


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        (Fate.PROMOTED, []),
        (Fate.REMOVED, ["fraud-v7 was removed from its last A/B test, which ended PROMOTED"]),
        (Fate.NOT_CHOSEN, ["fraud-v7 was not chosen in its last A/B test, which ended PROMOTED"]),
    ],
)
def test_every_challenger_of_a_test_is_known(fate: Fate, expected: list[str]) -> None:
    """The brake goes by what became of each model: the one that was removed is not retried by itself, the promoted one is free."""
    others = Tried(model="fraud-v8", fate=Fate.PROMOTED)
    test = Past("fraud-v8", Outcome.PROMOTED, START - DAY, (Tried(model="fraud-v7", fate=fate), others))

    assert [what.partition(" at 2026")[0] for what in told(test)] == expected
    assert told(test, model="fraud-v8") == []
    assert told(test, model="fraud-v9") == []


def test_the_newest_attempt_counts() -> None:
    """A model that was removed from a test and promoted since is free; one that was promoted and taken back since is not."""
    removed = Past("fraud-v8", Outcome.PROMOTED, START - 2 * DAY, (Tried(model="fraud-v7", fate=Fate.REMOVED),))
    promoted = Past("fraud-v7", Outcome.PROMOTED, START - DAY)

    assert told(promoted, removed) == []
    assert len(told(removed, promoted)) == 1
