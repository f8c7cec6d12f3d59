"""Registries that cannot be read back: the newest event counts, however late others come."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from policies.bindings.event import RegistryEvent
from policies.bindings.spec import When
from rollway.registries.last_word import LastWord
from tests.bindings.documents import WANDB, bind

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def event(version: str, minutes: int, model: str = "fraud") -> RegistryEvent:
    fields = {"registry": "wandb", "id": f"e{version}", "happening": "alias_set", "label": "champion"}
    return RegistryEvent.model_validate(
        fields | {"model": model, "version": version, "at": NOON + timedelta(minutes=minutes)}
    )


@pytest.mark.parametrize("order", list(permutations("123")), ids="".join)
def test_the_newest_event_counts_in_whatever_order_they_come(scene, order):
    """An event that was delayed never takes the place of a newer one, also when it is delivered twice."""
    word = LastWord(scene.reach.store, bind(WANDB))

    for version in (*order, order[0]):
        newest = word.take(event(version, int(version)))

    found = word.find("fraud", When(alias="champion"))
    assert found is not None
    assert (found.version, found.aliases) == ("3", ("champion",))
    assert newest is (order[0] == "3")


def test_before_the_first_event_there_is_nothing(scene):
    """Nothing is made up, and an event without a version says nothing that could be rolled out."""
    word = LastWord(scene.reach.store, bind(WANDB))

    assert word.find("fraud", When(alias="champion")) is None
    word.take(event("", 1))
    assert word.find("fraud", When(alias="champion")) is None


def test_of_the_same_moment_the_later_arrival_counts_and_stays(scene):
    """Clocks that count seconds cannot order two moves: the second arrival counts, and a repeated first one does not come back."""
    word = LastWord(scene.reach.store, bind(WANDB))

    taken = [word.take(event(version, 1)) for version in "343"]

    found = word.find("fraud", When(alias="champion"))
    assert found is not None
    assert (found.version, taken) == ("4", [True, True, False])
