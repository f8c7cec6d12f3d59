"""Canaries that are taken back under a real Prefect server: by a gate, and because somebody stops the run."""

from policies.lifecycle import Outcome
from tests.flows.playing import ask_for, play, play_and_cancel


def test_failing_candidate_is_rolled_back(account, policy):
    """A candidate that fails on a third of its requests ends the run Rolled back, with the reason, and leaves no trace."""
    run = play(ask_for("broken-v7", policy))

    state = run.record().state
    assert state is not None
    assert (state.is_completed(), state.name) == (True, "Rolled back")
    assert "of the candidate's requests failed" in str(state.message)
    assert "**errors FAIL** — " in run.artifact("markdown")
    assert run.artifact("progress") == 0
    assert account.is_on_baseline()


def test_cancelled_run_goes_back_before_it_ends(account, policy):
    """Cancelling the flow's asyncio task, in the middle of a bake, is an orderly way back: the run ends Aborted, on the baseline."""
    run = play_and_cancel(ask_for("fraud-v7", policy))

    assert run.result.outcome is Outcome.ABORTED
    assert run.record().state.name == "Aborted"
    assert "cancelled" in run.result.reason
    assert account.is_on_baseline()
