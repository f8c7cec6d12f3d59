"""``rollway fleet``: planned, run, looked at and halted from the command line."""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.fleet.loading import load_fleet
from rollway.cli import main
from rollway.cli.world import World
from tests.fleet.scene import Scene, SharedClock
from tests.fleet.test_fleets import POLICY
from tests.permissions.documents import CALLER, EVERY_VERB, admit, denied

JOURNAL = "s3://journal/r"
FILLED = {"your_models": "v", "your_configurations": "v6-config", "your_journal_prefix": "r"}
EXAMPLE = Path(__file__).parents[2] / "examples" / "fleets" / "fraud-v7.yaml"


@pytest.fixture
def scene(make_scene: Callable[[int], Scene], monkeypatch: pytest.MonkeyPatch) -> Scene:
    """An account with one endpoint, ``fraud-00``, found as a user's environment says."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("ROLLWAY_JOURNAL", JOURNAL)
    return make_scene(1)


@pytest.fixture
def rollway(scene: Scene, capsys: pytest.CaptureFixture[str]) -> Generator[Callable[..., tuple[int, str, str]]]:
    """Run a verb on the scene's time, with the documented permissions alone; return its exit code, stdout and stderr."""
    admit(scene.cloud, *EVERY_VERB, **FILLED)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", CALLER)
            code = main(list(arguments), world=World(SharedClock(scene), scene.timing))
        return code, *capsys.readouterr()

    yield run
    assert denied(scene.cloud) == []


@pytest.fixture
def fleet(tmp_path: Path) -> Any:
    """Write a fleet of one endpoint, with changes, and return its path."""

    def write(**changes: Any) -> str:
        policy, path = tmp_path / "quick.yaml", tmp_path / "fleet.yaml"
        policy.write_text(yaml.safe_dump(POLICY), "utf-8")
        waves = [{"name": "only", "targets": [{"endpoint": "fraud-00"}]}]
        document = {"name": "one", "model": "v7", "policy": str(policy), "waves": waves}
        path.write_text(yaml.safe_dump(document | changes), "utf-8")
        return str(path)

    return write


def test_the_example_is_a_fleet():
    """The example in the docs is valid, and names the same endpoint in several places."""
    spec = load_fleet(EXAMPLE)
    assert len({target.key for target in spec.targets}) == len(spec.targets) == 5
    assert len({target.endpoint for target in spec.targets}) == 2


def test_a_fleet_from_its_plan_to_its_end(rollway, fleet):
    """The plan says what will be, the run does it, and the status tells it afterwards, by file or by id."""
    path = fleet()

    code, out, err = rollway("fleet", "plan", path)
    assert code == 0, err
    assert "1 endpoint in 1 wave, 5 at a time" in out
    assert "v6 to v7 by canary@" in out

    code, out, err = rollway("fleet", "run", path)
    assert code == 0, err
    assert "PROMOTED · 1 endpoint, all with the new model" in out
    assert "fraud-00: promoted" in err

    for meant in (path, load_fleet(path).fleet_id):
        code, out, err = rollway("fleet", "status", meant, "--output", "json")
        assert code == 0
        assert json.loads(out)["outcome"] == "PROMOTED"
        assert [each["stand"] for each in json.loads(out)["endpoints"]] == ["promoted"]


def test_a_fleet_that_cannot_begin_says_so_in_its_plan(rollway, fleet):
    """An endpoint that is not there is found before anything begins."""
    path = fleet(waves=[{"name": "only", "targets": [{"endpoint": "nobody"}]}])

    code, out, _ = rollway("fleet", "plan", path)

    assert code == 2
    assert "cannot begin" in out


def test_a_halted_fleet_begins_nothing(rollway, fleet):
    """A fleet can be halted once it has begun, from anywhere; an unknown one cannot."""
    path = fleet(waves=[{"name": "only", "targets": [{"endpoint": "nobody"}, {"endpoint": "fraud-00"}]}], parallel=1)
    code, _, err = rollway("fleet", "halt", path, "--reason", "not today")
    assert code == 2
    assert "knows no fleet" in err

    code, out, _ = rollway("fleet", "run", path)
    assert code == 3
    assert "HALTED" in out

    code, out, _ = rollway("fleet", "halt", path, "--reason", "not today", "--abort")
    assert code == 0
    assert "not today; rollouts under way are taken back" in out
