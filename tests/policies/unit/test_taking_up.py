"""Taking up a rollout whose process is gone."""

from datetime import timedelta

import pytest

from policies.commands import SetShares
from policies.lifecycle import (
    CLIMBING,
    Ending,
    Operation,
    Outcome,
    Phase,
    State,
    begin,
    enter,
    finish,
    turn_back,
)
from policies.taking_up import is_over, take_up
from tests.policies.building import START, make_policy, make_rollout

RESUMING = make_rollout(make_policy(on_crash="resume"))
RETURNING = make_rollout(make_policy(on_crash="roll_back"))
SILENCE = timedelta(minutes=7)
NOW = START + timedelta(hours=3)


def ended(outcome: Outcome) -> State:
    return finish(begin(RESUMING), Ending(outcome=outcome, reason="so", at=START), START)


@pytest.mark.parametrize("phase", sorted(CLIMBING))
def test_a_rollout_goes_on_where_it_stood(phase: Phase) -> None:
    """By default the death of a process says nothing about the candidate."""
    state = enter(begin(RESUMING), phase, START)
    assert take_up(RESUMING, state, SILENCE, NOW) == state


def test_what_was_sent_without_an_answer_is_waited_for_without_the_silence() -> None:
    """Hours without a process say nothing about a request: the next one gives it the time that it had left."""
    sent = Operation(command=SetShares(endpoint=RESUMING.endpoint, shares=RESUMING.split(5)), since=START)
    state = enter(begin(RESUMING), Phase.SHIFTING, START).model_copy(update={"attempt": sent})
    attempt = take_up(RESUMING, state, SILENCE, START + SILENCE + timedelta(seconds=5)).attempt
    assert attempt == sent.model_copy(update={"since": START + SILENCE})


@pytest.mark.parametrize("phase", sorted(CLIMBING))
def test_a_policy_may_take_the_candidate_back(phase: Phase) -> None:
    """The outcome says how long nobody looked."""
    state = take_up(RETURNING, enter(begin(RETURNING), phase, START), SILENCE, NOW)
    assert (state.phase, state.since) == (Phase.ROLLING_BACK, NOW)
    assert state.ending is not None
    assert state.ending.outcome is Outcome.ROLLED_BACK
    assert state.ending.reason == "its process was silent for 7m, and the policy takes the candidate back then"


@pytest.mark.parametrize("plan", [RESUMING, RETURNING], ids=["resume", "roll back"])
def test_the_way_back_goes_on_with_all_its_time(plan: object) -> None:
    """Hours without any process must not use up the time for the way back, nor hide why it was begun."""
    back = turn_back(begin(RESUMING), Outcome.ABORTED, "abort by kim", START)
    taken = take_up(RETURNING if plan is RETURNING else RESUMING, back, SILENCE, NOW)
    assert taken == back.model_copy(update={"since": NOW})


def test_clearing_up_goes_on_with_all_its_time() -> None:
    """A process that died while clearing up must not leave everything to be done by hand."""
    cleaning = enter(turn_back(begin(RESUMING), Outcome.ABORTED, "abort by kim", START), Phase.CLEANING, START)
    assert take_up(RESUMING, cleaning, SILENCE, NOW) == cleaning.model_copy(update={"since": NOW})


def test_aws_is_not_late_for_the_time_in_which_nobody_looked() -> None:
    """A command that may long be done is looked for before it counts as overdue."""
    shift = SetShares(endpoint=RESUMING.endpoint, shares=RESUMING.split(5))
    state = begin(RESUMING).model_copy(update={"operation": Operation(command=shift, since=START, seen_busy=True)})
    taken = take_up(RESUMING, state, SILENCE, NOW).operation
    assert taken == Operation(command=shift, since=START + SILENCE, seen_busy=True)


def test_a_rollback_that_was_given_up_is_tried_again() -> None:
    """What called for a person is not left lying while there is a process that can try."""
    state = take_up(RESUMING, ended(Outcome.ROLLBACK_FAILED), SILENCE, NOW)
    assert (state.phase, state.since) == (Phase.ROLLING_BACK, NOW)
    assert state.ending is not None
    assert (state.ending.outcome, state.ending.reason) == (
        Outcome.ROLLED_BACK,
        "trying again to bring back fraud-v6",
    )


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.ROLLBACK_FAILED])
def test_what_has_ended_stays_ended(outcome: Outcome) -> None:
    """Nobody begins a finished rollout again by taking it up."""
    assert take_up(RETURNING, ended(outcome), SILENCE, NOW) == ended(outcome)
    assert is_over(ended(outcome))


def test_a_rollout_under_way_or_given_up_is_not_over() -> None:
    """Only an outcome that needs nothing more frees the endpoint."""
    assert not is_over(begin(RESUMING))
    assert not is_over(ended(Outcome.ROLLBACK_FAILED))
