"""What a rollout has left behind, for ``status`` and ``run``: as a document, and as lines with the commands that clear it up by hand."""

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from policies.by_hand import by_hand
from policies.lifecycle import Ending
from policies.plan import Plan


def describe_left_behind(plan: Plan, ending: Ending | None) -> list[dict[str, Any]]:
    """Return every task of the clean-up that was not done: what, the last answer, and the commands that do it by hand."""
    return [
        {
            "task": each.task.model_dump(mode="json") if each.task else None,
            "what": str(each),
            "answer": each.answer.model_dump(mode="json") if each.answer else None,
            "by_hand": list(by_hand(plan, each)),
        }
        for each in (ending.left if ending else ())
    ]


def draw_left_behind(plan: Plan, ending: Ending | None) -> Iterator[tuple[str, Text]]:
    """Yield the same as rows of a table."""
    for each in ending.left if ending else ():
        yield "left behind", Text(str(each), "yellow")
        yield from (("by hand", Text(command)) for command in by_hand(plan, each))
