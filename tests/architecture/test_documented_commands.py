"""Commands in README.md and docs/: each is run by a test, so a page cannot go on promising what has ceased to work.

In a ``console`` block the commands are the lines after ``$``, the rest is what they print; in a ``bash`` block every line is one. Each
has an entry in ``commands.yaml``, which names the test that runs it, or has it run here.
"""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, model_validator

from rollway.cli import main

BLOCK = re.compile(r"^ *```(console|bash|sh|shell)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
CONTINUED = re.compile(r"\s*\\\n\s*(?:> )?")

PAGE = """
```console
$ rollway plan fraud-prod \\
    --model fraud-v7
fraud-prod: four stages
```
```bash
# the rehearsal
make demo
```
```yaml
strategy: canary
```
"""


class Entry(BaseModel):
    """One documented command and its proof.

    Attributes:
        command: as the page has it, continued lines joined.
        test: ``path::name`` of the test that runs it.
        spelled: what to find in that test's file where it is not the command letter by letter.
        exit: the exit code when it is run here.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: str
    test: str | None = None
    spelled: str | None = None
    exit: int | None = None

    @model_validator(mode="after")
    def _has_one_proof(self) -> Self:
        if (self.test is None) == (self.exit is None):
            raise ValueError(f"{self.command}: give either the test that runs it, or the exit code to run it here")
        return self


def find_commands(page: str) -> Iterator[str]:
    """Yield what a page tells its reader to type."""
    for language, body in BLOCK.findall(page):
        for line in map(str.strip, CONTINUED.sub(" ", body).splitlines()):
            prompted = line.startswith("$ ")
            if prompted or (language != "console" and line and not line.startswith("#")):
                yield line.removeprefix("$ ")


def runs(entry: Entry, root: Path) -> bool:
    """Whether the test that an entry names exists, and its file spells the command."""
    path, _, name = (entry.test or "").partition("::")
    if not (root / path).is_file():
        return False
    source = (root / path).read_text("utf-8")
    functions = (
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return name in {function.name for function in functions} and (entry.spelled or entry.command) in source


@pytest.fixture(scope="module")
def entries(root: Path) -> list[Entry]:
    """The registry."""
    text = (root / "tests/architecture/commands.yaml").read_text("utf-8")
    return TypeAdapter(list[Entry]).validate_python(yaml.safe_load(text))


@pytest.fixture(scope="module")
def documented(root: Path) -> set[str]:
    """Every command that the documentation shows."""
    pages = [root / "README.md", *(root / "docs").rglob("*.md")]
    return {command for page in pages for command in find_commands(page.read_text("utf-8"))}


def test_commands_are_found_on_a_page() -> None:
    """Prompts, continued lines, comments, output and other languages are told apart."""
    assert list(find_commands(PAGE)) == ["rollway plan fraud-prod --model fraud-v7", "make demo"]


@pytest.mark.parametrize(
    ("test", "proven"),
    [
        ("test_documented_commands.py::test_commands_are_found_on_a_page", True),
        ("test_documented_commands.py::test_that_was_removed", False),
        ("test_that_was_removed.py::test_commands_are_found_on_a_page", False),
        ("test_source_files.py::test_python_files_are_short", False),
    ],
)
def test_proofs_are_checked(root: Path, test: str, proven: bool) -> None:  # noqa: FBT001 - a case's answer
    """A proof counts only when its file and its function exist and the file spells the command."""
    assert runs(Entry(command="make demo", test=f"tests/architecture/{test}"), root) is proven


def test_every_documented_command_has_a_proof(documented: set[str], entries: list[Entry]) -> None:
    """A command cannot be documented without saying which test runs it."""
    assert sorted(documented - {entry.command for entry in entries}) == [], (
        "add them to tests/architecture/commands.yaml"
    )


def test_every_proof_is_of_a_documented_command(documented: set[str], entries: list[Entry]) -> None:
    """The registry does not keep commands that the documentation has dropped."""
    assert sorted({entry.command for entry in entries} - documented) == []


def test_named_tests_run_the_commands(root: Path, entries: list[Entry]) -> None:
    """A proof is a test that exists and contains the command."""
    assert [entry for entry in entries if entry.test is not None and not runs(entry, root)] == []


def test_quick_commands_end_as_documented(
    root: Path, entries: list[Entry], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What has no test of its own is run here, from the top of the project, word for word."""
    monkeypatch.chdir(root)
    for entry in (entry for entry in entries if entry.exit is not None):
        program, *words = shlex.split(entry.command)
        assert (program, main(words)) == ("rollway", entry.exit), f"{entry.command}\n{capsys.readouterr()}"
