"""Following a command on its way: reached, taken back, or out of time."""

from datetime import timedelta

from policies.commands import ApplyConfig, Command, CommandResult, CreateConfig, DeleteConfig, SetShares
from policies.facts import Endpoint
from policies.lifecycle import State, begin, record_result
from policies.operations import follow, is_overdue
from policies.taking_up import take_up
from tests.policies.building import BASELINE, CANDIDATE, START, make_endpoint, make_rollout

PLAN = make_rollout()
APPLY = ApplyConfig(endpoint=PLAN.endpoint, config=PLAN.side_by_side.name, replaces=PLAN.original.name)
OLD = make_endpoint(PLAN.original.name, {BASELINE: 100.0}, {BASELINE: 4})
NEW = make_endpoint(PLAN.side_by_side.name, PLAN.split(0), {BASELINE: 4})
SILENCE = timedelta(seconds=10)
BUSY = OLD.model_copy(update={"status": "Updating"})


def accepted(command: Command = APPLY) -> State:
    return record_result(begin(PLAN), command, CommandResult(status="accepted"), START)


def seen(*endpoints: Endpoint, every: timedelta = timedelta(seconds=15)) -> State:
    state = accepted()
    for number, endpoint in enumerate(endpoints, start=1):
        state = follow(PLAN, state, endpoint, START + number * every)
    return state


def test_a_reached_command_becomes_the_placement() -> None:
    """Only what was read back counts as where the endpoint is, with the shares that the new configuration brings."""
    state = seen(BUSY, NEW)
    assert state.operation is None
    assert state.setback is None
    assert state.placement.config == PLAN.side_by_side.name
    assert state.placement.shares == {BASELINE: 100, CANDIDATE: 0}


def test_a_reached_shift_changes_the_shares_only() -> None:
    """After a shift the endpoint stands where it stood, at the new split."""
    beside = follow(PLAN, accepted(), NEW, START)
    shift = SetShares(endpoint=PLAN.endpoint, shares=PLAN.split(5))
    state = record_result(beside, shift, CommandResult(status="done"), START)
    shifted = make_endpoint(PLAN.side_by_side.name, PLAN.split(5), {})
    placement = follow(PLAN, state, shifted, START).placement
    assert (placement.config, placement.shares) == (PLAN.side_by_side.name, PLAN.split(5))


def test_a_silent_rollback_is_seen() -> None:
    """Busy, then in service on the old configuration: AWS took the update back, and its own reason is passed on."""
    state = seen(BUSY, OLD.model_copy(update={"failure_reason": "container died"}))
    assert state.operation is None
    assert state.placement.config == PLAN.original.name
    assert state.setback == (
        f"AWS accepted the deployment of the candidate (config {PLAN.side_by_side.name}) and the endpoint is as it was "
        f"before: taken back by AWS (AWS's reason: container died); it is InService on config {PLAN.original.name}"
    )


def test_a_silent_rollback_without_a_reason_is_seen_too() -> None:
    """SageMaker may take an update back and say nothing at all."""
    assert "AWS gives no reason" in str(seen(BUSY, OLD).setback)


def test_a_change_that_never_shows_is_given_its_time_and_then_counts_as_taken_back() -> None:
    """A look just after the request may still see the old state; one long after may not."""
    assert seen(OLD, OLD, OLD, OLD).operation is not None
    late = seen(OLD, OLD, OLD, OLD, OLD)
    assert late.operation is None
    assert "taken back by AWS" in str(late.setback)


def test_an_endpoint_in_trouble_counts_as_taken_back() -> None:
    """UpdateRollbackFailed is the end of a change, not a change in progress."""
    state = seen(BUSY, OLD.model_copy(update={"status": "UpdateRollbackFailed"}))
    assert "UpdateRollbackFailed" in str(state.setback)


def test_a_command_is_overdue_after_the_policys_limit() -> None:
    """AWS gets exactly as long as the policy says, busy or not."""
    state = seen(BUSY)
    limit = PLAN.policy.timeouts.update
    assert is_overdue(PLAN, state, START + limit) is None
    told = is_overdue(PLAN, state, START + limit + timedelta(seconds=1))
    assert told == f"AWS has not finished the deployment of the candidate (config {PLAN.side_by_side.name}) within 1h"
    assert is_overdue(PLAN, begin(PLAN), START + limit * 2) is None


def test_results_are_taken_note_of() -> None:
    """Busy changes nothing, refused leaves a setback, a created configuration is remembered once, a deletion that was done too."""
    state, create = begin(PLAN), CreateConfig(config=PLAN.side_by_side)
    assert record_result(state, APPLY, CommandResult(status="busy"), START) == state
    assert record_result(state, APPLY, CommandResult(status="refused", message="no"), START).setback == "no"
    twice = state
    for _ in range(2):
        twice = record_result(twice, create, CommandResult(status="done"), START)
    assert twice.made == (PLAN.side_by_side.name,)
    delete = DeleteConfig(config=PLAN.side_by_side.name)
    assert record_result(twice, delete, CommandResult(status="refused"), START).cleaned == ()
    assert record_result(twice, delete, CommandResult(status="done"), START).cleaned == (PLAN.side_by_side.name,)


def test_a_take_over_leaves_out_the_silence_and_nothing_else() -> None:
    """However often processes hand a rollout over, a stuck change comes to its limit of time."""
    half = PLAN.policy.timeouts.update / 2
    state = seen(BUSY)
    for number in (1, 2):
        state = take_up(PLAN, state, SILENCE, START + number * (half + SILENCE))
    assert is_overdue(PLAN, state, START + 2 * (half + SILENCE)) is None
    assert is_overdue(PLAN, state, START + 2 * (half + SILENCE) + timedelta(seconds=1)) is not None
