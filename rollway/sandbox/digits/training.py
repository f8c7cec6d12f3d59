"""Trains the demo's models on scikit-learn's handwritten digits and says how good they are on rows that they never saw.

Deterministic: the same versions give the same split and the same models.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits  # pyright: ignore[reportUnknownVariableType] - scikit-learn is not typed
from sklearn.linear_model import LogisticRegression

from rollway.sandbox.digits.failing import centre_narrow_digit
from rollway.sandbox.digits.model import BRIGHTEST, WEIGHTS_VARIABLE, Vector, Weights, as_is
from rollway.sandbox.serving.images import PYTHON_IMAGE

_SEED = 7
_TRAINING_ROWS = 1_200  # of 1,797
_BASELINE_ROWS = 120  # what was labelled when the baseline was trained


@dataclass(frozen=True)
class Row:
    """One real digit.

    Attributes:
        body: its pixels as a text/csv request.
        digit: what it really is.
    """

    body: bytes
    digit: int


@dataclass(frozen=True)
class TrainedModel:
    """One model, ready to be created in the simulated SageMaker.

    Attributes:
        image: the Image of its container.
        environment: the Environment of its container.
        accuracy: the share of held-out digits that it reads right, among those that it answers.
        failure_share: the share of held-out digits that it answers with an error.
    """

    image: str
    environment: dict[str, str]
    accuracy: float
    failure_share: float


@dataclass(frozen=True)
class _Digits:
    """Pixels, one row per digit, and what each digit is."""

    pixels: Vector
    labels: NDArray[np.int64]


def train_models(folder: Path) -> dict[str, TrainedModel]:
    """Train ``baseline``, ``better``, ``slow`` and ``failing``; save them in ``folder`` and return them by name.

    Slow and failing are the better model, spoilt by what their releases do around it.
    """
    training, held_out = _split()
    folder.mkdir(parents=True, exist_ok=True)
    small, full = folder / "baseline.npz", folder / "better.npz"
    baseline = _fit(_Digits(training.pixels[:_BASELINE_ROWS], training.labels[:_BASELINE_ROWS]))
    better = _fit(training)
    baseline.write(small)
    better.write(full)
    judged_baseline, judged_better = _judge(baseline, as_is, held_out), _judge(better, as_is, held_out)
    return {
        "baseline": _describe("model", small, judged_baseline),
        "better": _describe("model", full, judged_better),
        "slow": _describe("slow", full, judged_better),
        "failing": _describe("failing", full, _judge(better, centre_narrow_digit, held_out)),
    }


def held_out_rows() -> list[Row]:
    """Return the real digits that no model was trained on: the demo's traffic."""
    _, held_out = _split()
    return [
        Row(b",".join(b"%d" % int(pixel) for pixel in pixels), int(label))
        for pixels, label in zip(held_out.pixels, held_out.labels, strict=True)
    ]


def _split() -> tuple[_Digits, _Digits]:
    """Return the rows for training and the held-out rows."""
    pixels, labels = cast("tuple[Vector, NDArray[np.int64]]", load_digits(return_X_y=True))
    order = np.random.default_rng(_SEED).permutation(len(labels))
    training, held_out = order[:_TRAINING_ROWS], order[_TRAINING_ROWS:]
    return _Digits(pixels[training], labels[training]), _Digits(pixels[held_out], labels[held_out])


def _fit(digits: _Digits) -> Weights:
    fitted = cast("Any", LogisticRegression()).fit(digits.pixels / BRIGHTEST, digits.labels)
    return Weights(fitted.coef_.T, fitted.intercept_)


def _describe(module: str, weights: Path, judged: tuple[float, float]) -> TrainedModel:
    environment = {WEIGHTS_VARIABLE: str(weights.absolute())}
    return TrainedModel(f"{PYTHON_IMAGE}:rollway.sandbox.digits.{module}", environment, *judged)


def _judge(weights: Weights, prepare: Callable[[Vector], Vector], digits: _Digits) -> tuple[float, float]:
    """Return the accuracy among the answered digits, and the share of digits that fail."""
    right = failed = 0
    for pixels, label in zip(digits.pixels, digits.labels, strict=True):
        try:
            right += int(weights.chances(prepare(pixels)).argmax()) == int(label)
        except ValueError:
            failed += 1
    total = len(digits.labels)
    return right / (total - failed), failed / total
