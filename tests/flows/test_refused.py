"""Requests that cannot be carried out: a failed run with one clear message, and nothing touched."""

import pytest

from tests.flows.playing import ask_for, play
from tests.permissions.documents import EVERY_VERB, admit


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"endpoint": "fraud-prdo"}, ["fraud-prdo", "Check the name"]),
        ({"model": "fraud-v8"}, ["fraud-v8"]),
        ({"policy": "carnary"}, ["carnary", "canary, "]),
        ({"journal": "s3://no-such-bucket/rollway"}, ["s3://no-such-bucket/rollway", "Create the bucket"]),
    ],
)
def test_impossible_request_is_refused(account, policy, fields, told):
    """A request that fits the form but not the world says what is wrong and what to do about it, and AWS is left alone."""
    before = account.changes()
    admit(account.cloud, *EVERY_VERB, your_models="", your_journal_bucket="*")

    run = play(ask_for("fraud-v7", policy) | fields)

    state = run.record().state
    assert (state.is_failed(), state.name) == (True, "Not started")
    assert [words for words in told if words not in state.message] == []
    assert account.changes() == before


@pytest.mark.parametrize("typed", [False, True], ids=["in a file", "in the form"])
def test_bad_policy_is_refused_with_all_its_problems(account, tmp_path, typed):
    """Every mistake in the policy is in the one message, wherever it was written."""
    text = "strategy: canary\nstagess: []\nstages: [{share: 30, bake: 2m}, {share: 20, bake: soon}]\n"
    policy = tmp_path / "bad.yaml"
    policy.write_text(text, "utf-8")
    before = account.changes()

    state = play(ask_for("fraud-v7", text if typed else policy)).record().state

    assert state.name == "Not started"
    assert [where for where in ("stagess", "stages[1].share", "stages[1].bake") if where not in state.message] == []
    assert account.changes() == before


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"polcy": "canary"}, "rollout.polcy"),
        ({"challengers": ["fraud-v8"]}, "rollout.challengers"),
        ({"endpoint": "fraud prod"}, "rollout.endpoint"),
        ({"region": "Frankfurt"}, "rollout.region"),
    ],
)
def test_form_filled_in_wrongly_is_refused(account, policy, fields, told):
    """A misspelt field, or a value that AWS could never accept, fails the run before the flow's body runs, by the field's name."""
    before = account.changes()

    state = play(ask_for("fraud-v7", policy) | fields).record().state

    assert state.is_failed()
    assert told in state.message
    assert account.changes() == before
