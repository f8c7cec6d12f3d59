"""``rollway bindings``: every problem of a file at once, and what the registries' present word would lead to."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from tests.bindings.documents import MLFLOW, bindings_of
from tests.cli.playing import JOURNAL
from tests.registries.simulated_mlflow import SimulatedMlflow, serving

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file_of(tmp_path):
    """Write a bindings file and return its path."""

    def write(*documents) -> str:
        path = tmp_path / "bindings.yaml"
        path.write_text(yaml.safe_dump(bindings_of(*documents)), "utf-8")
        return str(path)

    return write


@pytest.fixture
def mlflow(monkeypatch):
    """A simulated MLflow in which champion of fraud is 2."""
    simulated = SimulatedMlflow()
    simulated.register("fraud", "2")
    simulated.aliases["fraud", "champion"] = "2"
    with serving(simulated.answer) as url:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield simulated


def test_the_example_is_checked(player, monkeypatch):
    """The documented command tells of every binding what it follows and where it goes."""
    monkeypatch.chdir(ROOT)

    said = player.play("bindings", "check", "examples/bindings.yaml")

    assert said.code == 0
    assert "fraud-champion: alias champion of fraud in mlflow → fraud-prod by canary" in said.out


def test_the_example_is_listed(player, mlflow, monkeypatch):
    """The documented command tells of every binding how it stands: here nobody knows its model, or the registry cannot be asked."""
    assert mlflow
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("ROLLWAY_JOURNAL", JOURNAL)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr("rollway.registries.rest.time", SimpleNamespace(sleep=lambda _: None))

    said = player.play("bindings", "list", "examples/bindings.yaml")

    assert said.code == 1
    for told in (
        "mlflow knows no ranking by tag stage=prod",
        "sagemaker knows no churn",
        "Hugging Face at http",
        "wandb knows no",
    ):
        assert told in said.out


def test_every_problem_of_a_file_is_told(player, file_of):
    """Exit code 2, and each problem with its path and remedy, as text and as a document."""
    path = file_of(MLFLOW | {"when": {}, "policy": "none"})

    said, document = player.play("bindings", "check", path), player.play("bindings", "check", path, "--output", "json")

    assert said.code == document.code == 2
    assert "2 problems" in said.out
    assert [each["where"] for each in document.document["files"][0]["problems"]] == [
        "bindings[0].when",
        "bindings[0].policy",
    ]


def test_what_would_follow_is_listed_and_nothing_is_changed(player, mlflow, file_of):
    """A version that does not serve is due, one that the registry does not know is not; no model is made for looking."""
    assert mlflow
    other = MLFLOW | {"name": "other", "model": "churn", "endpoints": [{"endpoint": "churn-prod"}]}
    before = player.changes()

    said = player.play("bindings", "list", file_of(MLFLOW, other), "--journal", JOURNAL, "--region", "us-east-1")

    assert said.code == 0
    assert "would be rolled out by canary" in said.out
    assert "mlflow knows no churn by alias champion" in said.out
    assert player.changes() == before


def test_a_registry_that_cannot_be_asked_is_an_error_of_its_row(player, mlflow, file_of, monkeypatch):
    """What is not known is told as unknown, with exit code 1, and an artifact that cannot be served with what to write."""
    mlflow.register("fraud", "2", "s3://models/run/model")
    arguments = ("bindings", "list", file_of(MLFLOW), "--journal", JOURNAL, "--region", "us-east-1", "--output", "json")

    folder = player.play(*arguments)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    nowhere = player.play(*arguments)

    assert (folder.code, nowhere.code) == (1, 1)
    assert "make.artifact: folder" in folder.document["bindings"][0]["why"]
    assert "MLFLOW_TRACKING_URI" in nowhere.document["bindings"][0]["why"]
