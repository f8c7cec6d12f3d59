"""The pages for people: what they link to and name is there."""

import re
from pathlib import Path

import pytest

from policies.loading import load_policy

LINK = re.compile(r"\]\((?!https?:|mailto:|data:|#)([^)\s#]+)")
PATH = re.compile(r"`(?:\.venv/bin/pytest )?((?:policies|rollway|tasks|flows|tests|docs|benchmarks)/[\w./-]+)`")
DIGEST = re.compile(r"\b([a-z_]+)@([0-9a-f]{7})\b")
TARGET = re.compile(r"`make ([a-z]+)`")


@pytest.fixture(scope="module")
def pages(root: Path) -> list[Path]:
    """Every page."""
    return [*root.glob("*.md"), *(root / "docs").rglob("*.md")]


def dangling(page: Path, root: Path) -> list[str]:
    """What a page links to, relative to itself, or names by path, from the top, and is not there."""
    text = page.read_text("utf-8")
    linked = [target for target in LINK.findall(text) if not (page.parent / target).exists()]
    return [*linked, *(path for path in PATH.findall(text) if not (root / path).exists())]


def test_links_and_paths_lead_somewhere(root: Path, pages: list[Path]) -> None:
    """A reader who follows a link or opens a named file finds it."""
    lost = {str(page.relative_to(root)): dangling(page, root) for page in pages}
    assert {page: targets for page, targets in lost.items() if targets} == {}


def test_index_leads_to_every_page(root: Path) -> None:
    """No page is written that nobody can find: docs/README.md links to each of them."""
    index = root / "docs" / "README.md"
    linked = {(index.parent / target).resolve() for target in LINK.findall(index.read_text("utf-8"))}
    written = {page.resolve() for page in index.parent.rglob("*.md")} - {index.resolve()}
    assert sorted(str(page.relative_to(root)) for page in written - linked) == []


def test_named_make_targets_exist(root: Path, pages: list[Path]) -> None:
    """Every ``make`` target that a page names is in the Makefile."""
    makefile = (root / "Makefile").read_text("utf-8")
    offered = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {target for page in pages for target in TARGET.findall(page.read_text("utf-8"))}
    assert named - offered == set()


def test_shown_policies_have_the_digest_that_is_printed(pages: list[Path]) -> None:
    """Output on a page is that of the policy as it ships: the README shows one, and each has today's digest."""
    shown = {found for page in pages for found in DIGEST.findall(page.read_text("utf-8"))}
    assert shown == {("canary", load_policy("canary").digest)}
