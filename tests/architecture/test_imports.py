"""Who may know whom. The contracts in ``pyproject.toml`` say it all; here is what they cannot say, and what must hold at run time."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ALLOWED_IN_CORE = {"dateutil", "icalendar", "numpy", "pandas", "pydantic", "recurring_ical_events", "scipy", "yaml"}
EFFECTFUL = {"boto3", "botocore", "click", "moto", "prefect", "rich", "rollway", "tasks", "flows"}

IMPORT_THE_CORE = """
import importlib, pkgutil, sys
import policies
for module in pkgutil.walk_packages(policies.__path__, "policies."):
    importlib.import_module(module.name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""

RUN_A_VERB = """
import sys
from rollway.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, f"exit code {end.code}"
assert "prefect" not in sys.modules, "Prefect was imported"
"""


def run(script: str, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a Python of its own."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_contracts_are_kept(root: Path) -> None:
    """Imports point one way, as the contracts in pyproject.toml have it."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("importer", ["flows", "tasks", "policies", "rollway.aws", "rollway.journal", "rollway.loop"])
def test_nothing_that_rolls_out_knows_the_sandbox(imports: grimp.ImportGraph, importer: str) -> None:
    """What runs against AWS cannot behave differently against the simulated one: it does not know that there is one."""
    assert imports.find_shortest_chains(importer, "rollway.sandbox", as_packages=True) == set()


def test_core_needs_only_numbers_and_models(imports: grimp.ImportGraph) -> None:
    """The core may use numpy, scipy, pandas and pydantic, and read YAML and iCalendar; anything new is a decision, not an accident."""
    core = {"policies", *imports.find_descendants("policies")}
    used = set[str]().union(*(imports.find_modules_directly_imported_by(module) for module in core))
    assert used - core - sys.stdlib_module_names == ALLOWED_IN_CORE


def test_core_loads_nothing_with_effects(root: Path) -> None:
    """Importing the whole core brings in neither AWS nor Prefect, not even through a library that it uses."""
    done = run(IMPORT_THE_CORE, root)
    assert done.returncode == 0, done.stderr
    assert EFFECTFUL & set(done.stdout.split()) == set()


@pytest.mark.parametrize("arguments", [["--help"], ["version"], ["validate", "canary"], ["plan", "--help"]])
def test_light_verbs_do_not_wait_for_prefect(root: Path, arguments: list[str]) -> None:
    """What runs no flow answers without Prefect, which alone takes seconds to import."""
    done = run(RUN_A_VERB, root, *arguments)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("verb", ["abort", "plan", "status", "validate", "version"])
def test_verbs_that_run_no_flow_never_come_to_prefect(imports: grimp.ImportGraph, verb: str) -> None:
    """Not even an import inside a function leads from these verbs to Prefect, however they are called."""
    assert imports.find_shortest_chain(f"rollway.cli.{verb}", "prefect") is None
