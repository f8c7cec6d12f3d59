"""Polling: every lost event is made good, bindings are asked as often as they say, and scheduled ones when their schedule comes."""

from datetime import timedelta

import pytest

from policies.bindings.loading import parse_bindings
from rollway.registries.polling import UnknownBinding, Wanted, poll
from tests.bindings.documents import GENERIC, MLFLOW, bindings_of

WEEKLY = MLFLOW | {"name": "weekly", "follow": "on_schedule", "endpoints": [{"endpoint": "fraud-eu"}]}
AT_ONCE = Wanted()
SCHEDULED = Wanted(on_schedule=True)


@pytest.fixture
def play(scene):
    """Poll, and return the names of the bindings that were looked at."""

    def play(wanted: Wanted, *documents) -> list[str]:
        bindings = parse_bindings(bindings_of(*documents))
        return [each.binding for each in poll(scene.reach, bindings, wanted, scene.orders)]

    return play


def test_a_lost_event_is_made_good(scene, mlflow, play):
    """Nobody was told that the alias moved: the next poll starts its version, and the one after that nothing."""
    for version in ("2", "3", "3"):
        mlflow.aliases["fraud", "champion"] = version
        play(AT_ONCE, MLFLOW)

    assert scene.orders.models == [("fraud-prod", "2"), ("fraud-prod", "3")]


def test_a_schedule_is_about_the_bindings_that_follow_on_one(scene, mlflow, play):
    """Polling leaves them alone; their own run looks at them and at nothing else; a name is looked at whenever it is given."""
    assert mlflow.url
    assert play(AT_ONCE, MLFLOW, WEEKLY) == ["fraud-champion"]
    assert play(SCHEDULED, MLFLOW, WEEKLY) == ["weekly"]
    assert play(Wanted(("weekly",)), MLFLOW, WEEKLY) == ["weekly"]
    assert scene.orders.models == [("fraud-prod", "2"), ("fraud-eu", "2")]


def test_a_binding_is_asked_as_often_as_it_says(scene, mlflow, play):
    """Polls come every five minutes; a binding of every hour is asked by one in twelve, also when they are not on time to the second."""
    looked = []
    for minutes in range(0, 125, 5):
        if play(AT_ONCE, MLFLOW | {"every": "1h"}):
            looked.append(minutes)
        scene.clock.advance(timedelta(minutes=5, seconds=1 if minutes % 10 else -1))

    assert looked == [0, 60, 120]
    assert len(mlflow.asked) == 3


def test_a_look_that_failed_does_not_count(scene, mlflow, play):
    """A registry that was away is asked again by the next poll, not in an hour."""
    mlflow.failures = [503] * 3

    play(AT_ONCE, MLFLOW | {"every": "1h"})
    play(AT_ONCE, MLFLOW | {"every": "1h"})

    assert scene.orders.models == [("fraud-prod", "2")]


def test_a_name_that_the_file_does_not_have_is_refused(mlflow, play):
    """A misspelt name in a schedule is told, instead of nothing happening every week."""
    with pytest.raises(UnknownBinding, match="fraud-chamption") as caught:
        play(Wanted(("fraud-chamption",)), MLFLOW)

    assert "fraud-champion" in caught.value.hint
    assert mlflow.asked == []


def test_what_a_trusted_registry_never_said_starts_nothing(scene, play):
    """Polling cannot ask a generic registry: without an event there is no version."""
    play(AT_ONCE, GENERIC)

    assert scene.orders.models == []
