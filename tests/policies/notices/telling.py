"""Tells golden cases as people are told of them: every notice of a story, as plain text.

``python -m tests.policies.notices.telling [CASE ...]`` writes what is told today; without names, for every case that has a text.
"""

import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from policies.notices.notice import Notice
from policies.notices.rendering import render
from policies.notices.story import Began, Looked, Step, TookOver, tell
from policies.plan import Plan
from policies.values import parse_duration
from tests.policies.building import START
from tests.policies.golden.playing import Case, play_out

GOLDEN = Path(__file__).parents[1] / "golden"
STORIES = Path(__file__).parent / "stories"


def notices_of(name: str) -> tuple[Notice, ...]:
    """Every notice of a golden case."""
    return tell(*steps_of(name))


@cache
def steps_of(name: str) -> tuple[Plan, list[Step]]:
    """The plan of a golden case, and its steps as journal and process tell them."""
    case = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    plan, decisions = play_out(case)
    return plan, [Began(START, "ada@laptop"), *_steps(case, decisions)]


def _steps(case: Case, decisions: list) -> Iterator[Step]:
    token = 1
    for look, decision in zip(case["looks"], decisions, strict=True):
        at = START + parse_duration(look["at"])
        if "taken_up_after" in look:
            token += 1
            yield TookOver(at, "cron@server", parse_duration(look["taken_up_after"]), token)
        yield Looked(at, decision.state, decision.action, decision.reason, decision.verdicts, decision.awaits)


def write_story(name: str) -> str:
    """A story as a person gets it, but for the policy's digest, which any new field of policies changes."""
    plan, steps = steps_of(name)
    return "\n".join(_write(notice) for notice in tell(plan, steps)).replace(plan.policy.digest, "DIGEST")


def _write(notice: Notice) -> str:
    message = render(notice)
    return f"[{notice.level} · {notice.event} · {notice.key}] {message.title}\n\n{message.plain}\n"


if __name__ == "__main__":
    for story in sys.argv[1:] or sorted(path.stem for path in STORIES.glob("*.txt")):
        (STORIES / f"{story}.txt").write_text(write_story(story), "utf-8")
