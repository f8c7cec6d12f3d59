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

from flows.steer import steer
from policies.decision import Decision
from policies.lifecycle import Outcome
from policies.plan import Plan
from tasks.request import Wish
from tests.flows.account import ENDPOINT
from tests.flows.playing import POLICY, Played, ask_for, play

PAGE = "http://prefect.test"


def in_the_form(verb: str, reason: str) -> Any:
    """Answer as a run of its own, as the form starts one, and return the state that it ended in."""
    wish = Wish.model_validate({"endpoint": ENDPOINT, "verb": verb, "reason": reason, "by": "Ada"})
    return asyncio.run(steer(wish, return_state=True))


@pytest.fixture
def asking(policy: Path, tmp_path: Path) -> Path:
    """A policy that asks at its first stage."""
    assert policy.read_text("utf-8") == POLICY
    path = tmp_path / "asking.yaml"
    path.write_text(POLICY.replace("share: 30, bake: 2s", "share: 30, bake: 2s, approval: {within: 30s}"), "utf-8")
    return path


def play_and_answer(policy: Path, verb: str, reason: str) -> tuple[Played, list[Any]]:
    """Play a canary, try to answer before anything is asked, and answer once it is; return the answers' states."""
    answers: list[Any] = []
    outside = copy_context()
    threads: list[Thread] = []

    def answer() -> None:
        answers.append(outside.copy().run(in_the_form, verb, reason))

    def watch(plan: Plan, decision: Decision, now: datetime) -> None:
        del plan, now
        early = not threads
        asked = len(threads) == 1 and not threads[0].is_alive() and decision.awaits == "approval"
        if early or asked:
            threads.append(Thread(target=answer))
            threads[-1].start()

    with temporary_settings({PREFECT_UI_URL: PAGE}):
        run = play(ask_for("fraud-v7", policy), watch)
    for thread in threads:
        thread.join()
    return run, answers


def postings() -> list[str]:
    """What was posted for people, oldest first."""
    wanted = {"artifacts": {"key": {"any_": [f"rollway-question-{ENDPOINT}"]}}}
    with get_client(sync_client=True) as client:
        found = client.request("POST", "/artifacts/filter", json=wanted).json()
    return [each["data"] for each in sorted(found, key=lambda each: each["created"])]


def test_a_rejection_in_the_form_takes_the_candidate_back(account, asking):
    """Too early it is refused with what to do instead; in time it counts, and what was posted says how things stand."""
    run, (early, late) = play_and_answer(asking, "reject", "not on a Friday")

    assert early.name == "Not asked"
    assert "rollway abort fraud-prod" in early.message
    assert late.name == "Asked"
    assert run.result.outcome is Outcome.ROLLED_BACK
    assert run.result.reason == "rejected by Ada: not on a Friday"
    assert account.is_on_baseline()
    question, over = postings()
    assert "WAITING since" in question
    assert "awaits approval at 30 %" in question
    assert "sample PASS" in question
    assert "rollway approve fraud-prod --reason REASON" in question
    assert over.startswith("# Nobody is asked any more")
