"""The demo's real models."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rollway.sandbox.digits import failing, model, slow
from rollway.sandbox.digits.training import Row, TrainedModel, held_out_rows, train_models
from rollway.sandbox.serving import BadInput, Predict
from rollway.sandbox.serving.images import command_for, find_forbidden_variables
from rollway.sandbox.settings import SandboxSettings

Loader = Callable[[dict[str, str]], Predict]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TrainedModel]:
    return train_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return held_out_rows()


def served(predict: Predict, rows: list[Row]) -> list[int | None]:
    """Return what a model reads each row as, None where it fails."""

    def read(row: Row) -> int | None:
        try:
            return json.loads(predict(row.body, "text/csv"))["digit"]
        except ValueError:
            return None

    return [read(row) for row in rows]


@pytest.mark.parametrize(
    ("name", "load"), [("baseline", model.load), ("better", model.load), ("failing", failing.load)]
)
def test_reported_quality_is_what_is_served(
    models: dict[str, TrainedModel], rows: list[Row], name: str, load: Loader
) -> None:
    """Accuracy and failure share, as training reports them, are what the server's own code does on the held-out rows."""
    answers = served(load(models[name].environment), rows)
    answered = [(answer, row.digit) for answer, row in zip(answers, rows, strict=True) if answer is not None]
    assert np.mean([answer == digit for answer, digit in answered]) == pytest.approx(models[name].accuracy)
    assert 1 - len(answered) / len(rows) == pytest.approx(models[name].failure_share)


def test_the_four_releases_differ_as_the_demo_needs(models: dict[str, TrainedModel], rows: list[Row]) -> None:
    """Better reads clearly more digits right; failing breaks on about a tenth; slow waits on about a fifth."""
    assert models["better"].accuracy - models["baseline"].accuracy > 0.04
    assert models["baseline"].accuracy > 0.85
    assert models["baseline"].failure_share == models["better"].failure_share == 0
    assert 0.08 < models["failing"].failure_share < 0.15
    heavy = [model.parse_row(row.body).sum() > slow.HEAVY_INK for row in rows]
    assert 0.15 < np.mean(heavy) < 0.25


def test_slow_waits_on_heavy_ink_only(models: dict[str, TrainedModel], monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow release reads like the better one and asks its second opinion for heavily inked digits only."""
    waits: list[float] = []
    monkeypatch.setattr(slow.time, "sleep", waits.append)
    predict = slow.load(models["slow"].environment)
    predict(b",".join([b"5"] * 64), "text/csv")
    assert waits == []
    predict(b",".join([b"6"] * 64), "text/csv")
    assert waits == [slow.SECOND_OPINION_S]


def test_training_is_deterministic(models: dict[str, TrainedModel], tmp_path: Path) -> None:
    """Trained twice, the models are the same."""
    again = train_models(tmp_path)
    assert {name: m.accuracy for name, m in again.items()} == {name: m.accuracy for name, m in models.items()}


def test_images_are_served_by_the_sandbox(models: dict[str, TrainedModel]) -> None:
    """Every model's image is one that the sandbox runs without settings, with the variables that it has."""
    for trained in models.values():
        assert command_for(trained.image, SandboxSettings())
        assert find_forbidden_variables(trained.environment, SandboxSettings()) == []


@pytest.mark.parametrize("body", [b"1,2,3", b"not,numbers", b""])
def test_bad_rows_are_the_callers_fault(models: dict[str, TrainedModel], body: bytes) -> None:
    """What is not a row of 64 numbers is refused, not misread."""
    with pytest.raises(BadInput):
        model.load(models["better"].environment)(body, "text/csv")


def test_other_content_types_are_refused(models: dict[str, TrainedModel], rows: list[Row]) -> None:
    """A model that reads text/csv says so to a caller that sends something else."""
    with pytest.raises(BadInput, match="text/csv, not application/json"):
        model.load(models["better"].environment)(rows[0].body, "application/json")
