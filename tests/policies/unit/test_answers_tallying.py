"""Pairing captured answers and counting those that agree."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from policies.answers.tallying import Captured, Count, Tally
from policies.gates.spec import Agreement
from policies.observation import Arm

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NUMBERS = iter(range(10**9))


def tally(**fields: Any) -> Tally:
    return Tally(Agreement.model_validate({"agree_at_least": "99%"} | fields))


def captured(given: str = "", answer: str | None = "1", at: datetime = NOON, **ids: str) -> Captured:
    """One record; every one has an event id of its own unless it is given one."""
    fields = {"event_id": f"e{next(NUMBERS)}", "inference_id": ""} | ids
    return Captured(at, fields["event_id"], fields["inference_id"], given, answer, "JSON")


def count(gathered: Tally, *sides: tuple[Arm, Captured]) -> Count:
    for arm, each in sides:
        gathered.add(arm, each)
    return gathered.count()[NOON]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"inference_id": "a", "given": "x"}, {"inference_id": "a", "given": "y"}),
        ({"event_id": "a", "given": "x"}, {"event_id": "a", "given": "y"}),
        ({"given": "x"}, {"given": "x"}),
        ({"given": "x", "inference_id": "a"}, {"given": "x"}),
    ],
    ids=["the caller's id", "SageMaker's id", "the input", "the input, where only one side has the caller's id"],
)
def test_two_answers_to_one_request_are_paired(left: dict[str, Any], right: dict[str, Any]) -> None:
    """Whatever both halves have in common pairs them, the surest first."""
    assert count(tally(), ("baseline", captured(**left)), ("candidate", captured(**right))) == Count(1.0, 1, 1)


@pytest.mark.parametrize(
    ("pair_by", "paired"), [(["inference_id"], 0), (["event_id"], 0), (["input"], 1), (["event_id", "input"], 1)]
)
def test_the_policy_says_what_may_pair(pair_by: list[str], paired: int) -> None:
    """Only what is named pairs: how SageMaker captures copies is not documented, so the user may have to say."""
    halves = ("baseline", captured("x")), ("candidate", captured("x"))
    assert count(tally(pair_by=pair_by), *halves).paired == paired


def test_an_input_that_came_twice_pairs_nothing() -> None:
    """Nobody knows which of the answers belong together, and a guess would make up disagreements."""
    twice = [("baseline", captured("x")), ("baseline", captured("x")), ("candidate", captured("x"))]
    assert count(tally(), *twice) == Count(1.0, 0, 0)


def test_an_input_pairs_within_its_minute_only() -> None:
    """The same input an hour later is another request."""
    later = captured("x", at=NOON + MINUTE)
    assert count(tally(), ("baseline", captured("x")), ("candidate", later)) == Count(1.0, 0, 0)


def test_a_pair_by_id_is_counted_in_the_candidates_minute() -> None:
    """A copy that is captured a second later, in the next minute, is still a pair."""
    gathered = tally()
    gathered.add("baseline", captured(inference_id="a"))
    gathered.add("candidate", captured(inference_id="a", at=NOON + MINUTE))
    assert gathered.count() == {NOON: Count(1.0, 0, 0), NOON + MINUTE: Count(1.0, 1, 1)}


def test_a_side_without_an_answer_is_no_pair() -> None:
    """A request that failed on one side neither agrees nor differs; that it lacks an answer is counted apart."""
    halves = ("baseline", captured("x")), ("candidate", captured("x", answer=None))
    assert count(tally(), *halves) == Count(1.0, 0, 0)


def test_answers_that_both_lack_the_part_are_no_pair() -> None:
    """A misspelt path must not make every answer agree."""
    assert count(tally(path="/score"), ("baseline", captured("x")), ("candidate", captured("x"))).paired == 0


def test_of_a_busy_minute_the_same_part_of_both_sides_is_kept() -> None:
    """However few records are kept, every one that counts as drawn has its other half, so a sample makes nobody look alone."""
    gathered = tally(records_per_minute=50)
    for number in range(1000):
        gathered.add("baseline", captured(str(number)))
    for number in reversed(range(1000)):
        gathered.add("candidate", captured(str(number), answer=str(1 + number % 2)))
    found = gathered.count()[NOON]

    assert found.paired == 50
    assert 1000 * found.drawn == pytest.approx(50, rel=0.4)
    assert 0.25 < found.agreeing / found.paired < 0.75


def test_late_halves_complete_their_pairs_until_the_minute_is_closed() -> None:
    """Files come in any order; after a while a minute is settled, and what is told of it never changes again."""
    gathered = tally()
    gathered.add("baseline", captured("x"))
    gathered.add("baseline", captured("y"))
    assert gathered.count()[NOON].paired == 0
    gathered.add("candidate", captured("x"))
    gathered.close(NOON + MINUTE)
    gathered.add("candidate", captured("y"))
    assert gathered.count() == {NOON: Count(1.0, 1, 1)}


def test_records_without_an_event_id_are_each_compared() -> None:
    """Three pairs that have only the caller's id: one agrees, and its verdict is not taken for that of the others."""
    gathered = tally()
    for number, answer in enumerate("123"):
        gathered.add("baseline", captured(answer="1", event_id="", inference_id=f"i{number}"))
        gathered.add("candidate", captured(answer=answer, event_id="", inference_id=f"i{number}"))

    assert gathered.count()[NOON] == Count(1.0, 3, 1)
