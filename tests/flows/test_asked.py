"""A canary that asks a person, under a real Prefect server: what is posted for them, and how the steer form answers it."""

import asyncio
from contextvars import copy_context
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from prefect import get_client
from prefect.settings import PREFECT_UI_URL, temporary_settings

from flows.steer import ask, steer
from policies.approvals.answering import NotAsked
from policies.decision import Decision
from policies.lifecycle import Outcome
from policies.plan import Plan
from tasks.request import Wish
from tests.flows.account import ENDPOINT
from tests.flows.playing import POLICY, Played, ask_for, play

PAGE = "http://prefect.test"


def wish(verb: str, reason: str) -> Wish:
    """What Ada fills in."""
    return Wish.model_validate({"endpoint": ENDPOINT, "verb": verb, "reason": reason, "by": "Ada"})


def in_the_form(filled_in: Wish) -> Any:
    """Answer as a run of its own, as the form starts one, and return the state that it ended in."""
    return asyncio.run(steer(filled_in, return_state=True))


@pytest.fixture
def asking(policy: Path, tmp_path: Path) -> Path:
    """A policy that asks at its first stage."""
    assert policy.read_text("utf-8") == POLICY
    path = tmp_path / "asking.yaml"
    asks = POLICY.replace("bake: 2s", "bake: 2s, approval: {within: 30s}", 1).replace("deadline: 60s", "deadline: 120s")
    path.write_text(asks, "utf-8")
    return path


def play_and_answer(policy: Path, filled_in: Wish) -> tuple[Played, str, Any]:
    """Play a canary, and answer once it asks; return its run, why the same answer was refused before, and the state of its run."""
    refused: list[str] = []
    answers: list[Any] = []
    outside = copy_context()
    thread = Thread(target=lambda: answers.append(outside.run(in_the_form, filled_in)))

    def watch(plan: Plan, decision: Decision, now: datetime) -> None:
        del plan, now
        if not refused:
            with pytest.raises(NotAsked) as caught:
                ask(filled_in)
            refused.append(f"{caught.value}\n{caught.value.hint}")
        if decision.awaits == "approval" and not (thread.is_alive() or answers):
            thread.start()

    with temporary_settings({PREFECT_UI_URL: PAGE}):
        run = play(ask_for("fraud-v7", policy), watch)
    thread.join()
    return run, refused[0], answers[0]


def postings() -> list[str]:
    """What was posted for people, oldest first."""
    wanted = {"artifacts": {"key": {"any_": [f"rollway-question-{ENDPOINT}"]}}}
    with get_client(sync_client=True) as client:
        found = client.request("POST", "/artifacts/filter", json=wanted).json()
    return [each["data"] for each in sorted(found, key=lambda each: each["created"])]


def test_a_rejection_in_the_form_takes_the_candidate_back(account, asking):
    """Too early it is refused with what to do instead; in time it counts, and what was posted says how things stand."""
    run, early, answer = play_and_answer(asking, wish("reject", "not on a Friday"))

    assert "rollway abort fraud-prod" in early
    assert answer.name == "Asked"
    assert run.result.outcome is Outcome.ROLLED_BACK
    assert run.result.reason == "rejected by Ada: not on a Friday"
    assert account.is_on_baseline()
    question, over = postings()
    assert "WAITING since" in question
    assert "awaits approval at 30 %" in question
    assert "sample PASS" in question
    assert "rollway approve fraud-prod --reason REASON" in question
    assert over.startswith("# Nobody is asked any more")
