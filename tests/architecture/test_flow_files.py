"""Flow files: Prefect loads each as a top-level module, with ``flows/`` first on the search path."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

OWN = ("rollway", "policies", "tasks", "flows", "tests", "benchmarks", "docs", "examples")


def hides_a_module(stem: str) -> bool:
    """Whether a flow file of that name would be imported in place of something else."""
    return stem in sys.stdlib_module_names or stem in packages_distributions() or stem in OWN


def flow_files(root: Path) -> list[Path]:
    return [path for path in (root / "flows").glob("*.py") if path.name != "__init__.py"]


@pytest.mark.parametrize("stem", ["signal", "prefect", "tasks"])
def test_hiding_is_noticed(stem: str) -> None:
    """The check below knows the standard library, what is installed, and our own packages."""
    assert hides_a_module(stem)


def test_no_flow_file_hides_a_module(root: Path) -> None:
    """A flow named like another module would be imported instead of it, anywhere in the flow's process."""
    assert [path.name for path in flow_files(root) if hides_a_module(path.stem)] == []


def test_flow_files_hold_functions_only(root: Path) -> None:
    """A class in a flow file would exist twice, once as ``canary.X`` and once as ``flows.canary.X``."""
    classes = [
        f"{path.name}: {node.name}"
        for path in flow_files(root)
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ClassDef)
    ]
    assert classes == []
