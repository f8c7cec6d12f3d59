"""Rollway as a package: what `pip install` puts on a machine, away from the checkout and without any optional part."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rollway.cli import VERBS
from rollway.cli.optional import SANDBOX

ROOT = Path(__file__).parents[2]
PACKAGES = ("flows", "policies", "rollway", "tasks")
OPTIONAL = ("rollway.sandbox", "rollway.cli.demo")
"""The only parts that may need more than what Rollway's own requirements bring."""

LINES = [[verb, "--help"] for verb in VERBS] + [["validate", "canary"], ["demo"], ["sandbox"], ["setup"]]

USE_IT = """
import contextlib, importlib, io, json, pkgutil, sys

missing, packages, lines = map(json.loads, sys.argv[1:])
sys.modules.update(dict.fromkeys(missing))  # as if they were not there
found, lacking = {}, {}
for package in map(importlib.import_module, packages):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".", lambda name: None):
        try:
            if not module.name.endswith("__main__"):
                found[module.name] = importlib.import_module(module.name).__file__
        except ModuleNotFoundError as error:
            lacking[module.name] = error.name.partition(".")[0]

def say(arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as end:
            code = end.code or 0
    return code, out.getvalue(), err.getvalue()

from rollway.cli import main

print(json.dumps([found, lacking, [say(line) for line in lines]]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the package is installed to, by way of a wheel and without the network."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", ".", "--quiet", "--disable-pip-version-check", "--no-compile"]
    alone = ["--no-deps", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([*pip, *alone], cwd=ROOT, check=True, capture_output=True)
    return folder


@dataclass(frozen=True)
class Used:
    """What came of using the installed package where none of its optional parts is.

    Attributes:
        found: the file of each module that could be imported.
        lacking: the package that each other module lacked.
        said: exit code, stdout and stderr by command line.
    """

    found: dict[str, str]
    lacking: dict[str, str]
    said: dict[str, tuple[int, str, str]]


@pytest.fixture(scope="module")
def used(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Used:
    """Import every module and type every line, in one process away from the checkout."""
    away = tmp_path_factory.mktemp("away")
    command = [sys.executable, "-c", USE_IT, *map(json.dumps, (find_optional(), PACKAGES, LINES))]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    environment |= {"PYTHONPATH": str(site), "HOME": str(away)}
    done = subprocess.run(command, cwd=away, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found, lacking, said = json.loads(done.stdout)
    return Used(found, lacking, {" ".join(line): tuple(each) for line, each in zip(LINES, said, strict=True)})


def find_optional() -> list[str]:
    """Return every importable package that Rollway's own requirements do not bring."""
    required = find_required()
    optional = [
        module
        for module, distributions in packages_distributions().items()
        if not required & set(map(canonicalize_name, distributions))
    ]
    assert set(SANDBOX) <= set(optional)
    return optional


def find_required() -> set[str]:
    """Return the distributions that `pip install rollway` brings, here and with this Python."""
    found, wanted = set[tuple[str, str]](), [("rollway", "")]
    while wanted:
        name, extra = wanted.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        try:
            needs = map(Requirement, requires(name) or [])
        except PackageNotFoundError:  # for another system
            continue
        for need in needs:
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                wanted += [(canonicalize_name(need.name), each) for each in ("", *need.extras)]
    return {name for name, _ in found}


def test_every_file_of_every_package_is_installed(site: Path) -> None:
    """Policies that ship, the page of the approvals and the deployments are there, beside all code; nothing else is."""
    expected = {name for package in PACKAGES for name in find_files(ROOT, package)}
    held = {name for name in find_files(site, ".") if not name.startswith("bin/") and ".dist-info/" not in name}
    assert held == expected | {"rollway/deployments.yaml"}


def find_files(folder: Path, under: str) -> set[str]:
    """Return the files in a part of a folder, but for what Python makes of them."""
    files = (path for path in (folder / under).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)) for path in files}


def test_only_what_is_simulated_needs_more_than_the_requirements(used: Used, site: Path) -> None:
    """Every other module can be imported where no extra is installed, nor anything that only development needs."""
    assert [name for name, file in used.found.items() if not file.startswith(str(site))] == []
    assert [name for name in used.lacking if not name.startswith(OPTIONAL)] == []
    assert set(used.lacking.values()) <= set(SANDBOX), "what check_sandbox looks for"
    assert "rollway.cli.demo" in used.found


def test_every_verb_explains_itself_without_any_optional_part(used: Used) -> None:
    """Help needs nothing, and so does a first use that is offline."""
    helped = {line: used.said[line] for line in [*(f"{verb} --help" for verb in VERBS), "validate canary"]}
    assert {line: (code, err) for line, (code, _, err) in helped.items() if code or err} == {}
    assert all(out.startswith("Usage: rollway") for line, (_, out, _) in helped.items() if line.endswith("--help"))
    assert "canary@" in helped["validate canary"][1]


@pytest.mark.parametrize("verb", ["demo", "sandbox"])
def test_a_missing_part_is_one_sentence_and_one_command(used: Used, verb: str) -> None:
    """Who has installed Rollway alone reads what is missing and what to type."""
    code, out, err = used.said[verb]
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        f"rollway: the simulated AWS needs {', '.join(SANDBOX)}, which are not installed",
        "  pip install 'rollway[sandbox]'",
    ]


def test_setup_finds_the_deployments_that_came_with_it(used: Used) -> None:
    """Away from a checkout nothing is wrong with the file or its flows: only the server, which is not there, keeps it from going on."""
    code, _, err = used.said["setup"]
    assert code == 2
    assert "no Prefect server is set up" in err
