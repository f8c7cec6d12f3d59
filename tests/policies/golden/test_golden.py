"""Whole stories, one JSON file each: what is seen at every look, and what is decided. Adding a case is adding a file."""

import json
from pathlib import Path

import pytest

from tests.policies.golden.playing import play

CASES = sorted(Path(__file__).parent.glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_story_ends_as_written(path: Path) -> None:
    """Every look gives the action, the commands and the very sentence that the case expects."""
    case = json.loads(path.read_text("utf-8"))
    decided = play(case)
    for number, (got, wanted) in enumerate(zip(decided, case["expected"], strict=True)):
        assert got == wanted, f"look {number} at {case['looks'][number]['at']}: {case['about']}"
