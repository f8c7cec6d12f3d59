"""The lock file: it says what is installed and proves it by hash, and leaves open from where."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
Locked = dict[str, list[Requirement]]


def entries(root: Path) -> list[str]:
    """The lock file's entries, each with its hashes in one line."""
    return (root / "constraints.txt").read_text("utf-8").replace("\\\n", " ").splitlines()


def declared(project: dict[str, Any]) -> Iterator[Requirement]:
    """Every requirement that the project declares: to run, to rehearse, to develop and to build."""
    listed = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
        project["build-system"]["requires"],
    ]
    return (Requirement(text) for group in listed for text in group)


@pytest.fixture(scope="module")
def locked(root: Path) -> Locked:
    """The pins by package; a package has several where they differ by Python version or platform."""
    pins: Locked = {}
    for entry in entries(root):
        pin = Requirement(entry.partition("--hash")[0])
        pins.setdefault(canonicalize_name(pin.name), []).append(pin)
    return pins


def test_lock_leaves_open_where_packages_come_from(root: Path) -> None:
    """No URL and no registry's option: whoever installs uses the index of their own choice."""
    text = (root / "constraints.txt").read_text("utf-8")
    assert re.findall(r"\S*://\S*|^-\S+| @ ", text, re.MULTILINE) == []


def test_every_pin_has_hashes(root: Path) -> None:
    """What is installed is bit for bit what was tested."""
    assert [entry for entry in entries(root) if not HASH.search(entry)] == []


def test_every_pin_is_exact(locked: Locked) -> None:
    """A range in the lock would install something else tomorrow."""
    loose = [str(pin) for pins in locked.values() for pin in pins if not re.fullmatch(r"==[^*,]+", str(pin.specifier))]
    assert loose == []


def test_every_declared_requirement_is_locked(project: dict[str, Any], locked: Locked) -> None:
    """The lock was made from the present ``pyproject.toml``: nothing is missing, nothing contradicts it."""
    unmet = [
        str(wanted)
        for wanted in declared(project)
        if not locked.get(canonicalize_name(wanted.name))
        or not all(
            wanted.specifier.contains(str(pin.specifier).removeprefix("=="))
            for pin in locked[canonicalize_name(wanted.name)]
        )
    ]
    assert unmet == [], "run: make lock"


@pytest.mark.parametrize(
    ("package", "excluded", "allowed"),
    [
        ("prefect", ["3.8.8", "4.0.0"], ["3.9.1"]),
        ("whenever", ["0.10.5", "0.12.0"], ["0.11.0"]),
        ("fastapi", ["0.151.0", "0.156.0"], ["0.149.0", "0.150.0"]),
    ],
)
def test_combinations_that_do_not_start_are_excluded(
    project: dict[str, Any], package: str, excluded: list[str], allowed: list[str]
) -> None:
    """Prefect 3.8 creates no scheduled run with SQLAlchemy 2.1, nor 3.9 a cron run with whenever 0.10; FastAPI 0.151 breaks deploying."""
    (wanted,) = [each for each in declared(project) if each.name == package]
    assert [version for version in excluded if wanted.specifier.contains(version)] == []
    assert [version for version in allowed if not wanted.specifier.contains(version)] == []
