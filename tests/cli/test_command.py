"""The command as a whole: help, laziness, errors that are nobody's policy's fault."""

import json
import subprocess
import sys
from datetime import datetime

import pytest

from rollway.cli import VERBS, bindings, config, fleet, main, notify
from tests.cli.playing import Player
from tests.loop.rehearsal import ENDPOINT

GROUPS = {"bindings": bindings.VERBS, "config": config.VERBS, "fleet": fleet.VERBS, "notify": notify.VERBS}
VERBS_OF_GROUPS = [f"{group} {verb}" for group, verbs in GROUPS.items() for verb in verbs]
HEAVY = ("prefect", "boto3", "pandas", "pydantic", "rich", "moto")
LIST_MODULES = (
    "import sys; from rollway.cli import main; code = main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
)


def modules_after(*arguments: str) -> set[str]:
    """The modules that a process of its own has imported once it has run a verb."""
    command = [sys.executable, "-c", LIST_MODULES, *arguments]
    environment = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1", "HOME": "/nonexistent"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return set(done.stderr.splitlines()[-1].split())


def test_help_names_every_verb_and_imports_none():
    """``rollway --help`` is quick because it imports nothing but click."""
    found = modules_after("--help")

    assert not {f"rollway.cli.{verb}" for verb in VERBS} & found
    assert not set(HEAVY) & found


@pytest.mark.parametrize(
    ("arguments", "free_of"),
    [
        (("version",), ("prefect", "boto3", "pandas")),
        (("validate", "canary"), ("prefect", "boto3", "pandas")),
        (("lint", "examples/endpoints/fraud-v7.yaml"), ("prefect", "boto3", "pandas")),
        (("config", "check", "examples/blueprint.yaml"), ("prefect", "boto3", "pandas")),
        (("plan", "e", "--model", "m", "--policy", "canary"), ("prefect",)),
        (("status", "e", "--journal", "s3://bucket"), ("prefect",)),
    ],
)
def test_verbs_import_only_what_they_need(arguments, free_of):
    """Verbs that run no flow never import Prefect, and those that read files only never import boto3."""
    assert not set(free_of) & modules_after(*arguments)


def test_help(capsys):
    """Every verb is listed with its line, and the exit codes are told."""
    assert main(["--help"]) == 0

    out = capsys.readouterr().out
    for verb, line in VERBS.items():
        assert verb in out
        assert line in out
    assert "6 the rollback failed" in " ".join(out.split())


@pytest.mark.parametrize("verb", [*(verb for verb in VERBS if verb not in {"demo", *GROUPS}), *VERBS_OF_GROUPS])
def test_every_verb_has_the_common_options(capsys, verb):
    """--output and --debug are everywhere."""
    assert main([*verb.split(), "--help"]) == 0

    out = capsys.readouterr().out
    assert "--output [text|json" in out
    assert "--debug" in out


@pytest.mark.parametrize("arguments", [["nope"], ["plan", ENDPOINT], ["plan", "--nope"], ["version", "extra"]])
def test_wrong_usage(capsys, arguments):
    """A wrong command line exits 2 with one message and where to get help; as JSON where that was asked for."""
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "--help" in told.err

    assert main([*arguments, "--output", "json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "usage"


class _BrokenClock:
    def now(self) -> datetime:
        raise OverflowError("the clock is broken")

    async def sleep(self, *_: object) -> None: ...


def test_an_error_of_our_own(player: Player):
    """A bug exits 1 with its name and no traceback; --debug lets it through."""
    arguments = ("plan", ENDPOINT, "--model", "fraud-v7", "--policy", "canary")

    said = player.play(*arguments, "--output", "json", clock=_BrokenClock())

    assert said.code == 1
    assert said.error["code"] == "internal_error"
    assert said.error["message"] == "OverflowError: the clock is broken"
    assert "Traceback" not in said.err
    with pytest.raises(OverflowError):
        player.play(*arguments, "--debug", clock=_BrokenClock())


def test_version(capsys):
    """Every part that matters is named with its version."""
    assert main(["version", "--output", "json"]) == 0

    versions = json.loads(capsys.readouterr().out)
    assert list(versions) == ["rollway", "python", "prefect", "boto3", "moto"]
    assert versions["python"] == ".".join(map(str, sys.version_info[:3]))
