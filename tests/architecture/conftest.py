"""What the architecture tests look at: the tree, the project's declarations and the graph of its imports."""

import fnmatch
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("rollway", "flows", "tasks", "policies")


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the project."""
    return ROOT


@pytest.fixture(scope="session")
def files() -> list[Path]:
    """Every file of the project, generated ones left out; needs no git, so it holds in an unpacked archive as well."""
    generated = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()]
    return sorted(_walk([".git", *generated]))


@pytest.fixture(scope="session")
def project() -> dict[str, Any]:
    """The content of ``pyproject.toml``."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="session")
def imports() -> grimp.ImportGraph:
    """Who imports whom, also inside functions; what is not ours counts by its top-level name."""
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def _walk(left_out: list[str]) -> Iterator[Path]:
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if not _matches(name, left_out)]
        yield from (Path(folder, name) for name in names if not _matches(name, left_out))


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
