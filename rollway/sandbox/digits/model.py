"""A digit recogniser as a model module: softmax regression read from a file and evaluated with numpy.

The environment variable ``DIGITS_WEIGHTS`` names the file. No scikit-learn here: the server must start fast and answer
in microseconds.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rollway.sandbox.serving import BadInput, Predict

Vector = NDArray[np.float64]

WEIGHTS_VARIABLE = "DIGITS_WEIGHTS"
PIXELS = 64
BRIGHTEST = 16.0


@dataclass(frozen=True)
class Weights:
    """A trained recogniser.

    Attributes:
        coefficients: 64 by 10, from pixels between 0 and 1 to scores.
        bias: 10 scores.
    """

    coefficients: Vector
    bias: Vector

    def chances(self, pixels: Vector) -> Vector:
        """Return the chance of each of the ten digits, for one row of pixels between 0 and 16."""
        scores = pixels / BRIGHTEST @ self.coefficients + self.bias
        exponentials = np.exp(scores - scores.max())
        return exponentials / exponentials.sum()

    def write(self, path: Path) -> None:
        """Save as one ``.npz`` file."""
        with path.open("wb") as file:
            np.savez(file, coefficients=self.coefficients, bias=self.bias)


def read_weights(environment: Mapping[str, str]) -> Weights:
    """Read the weights that a container's environment names."""
    with np.load(Path(environment[WEIGHTS_VARIABLE])) as arrays:
        return Weights(arrays["coefficients"], arrays["bias"])


def load(environment: Mapping[str, str]) -> Predict:
    """Read the weights and return the recogniser."""
    return recogniser(read_weights(environment), as_is)


def as_is(pixels: Vector) -> Vector:
    """Return the pixels as they came: the sound releases prepare nothing."""
    return pixels


def recogniser(weights: Weights, prepare: Callable[[Vector], Vector]) -> Predict:
    """Return the ``predict`` of a release that prepares every image with ``prepare``."""

    def predict(body: bytes, content_type: str) -> bytes:
        if not content_type.startswith("text/csv"):
            raise BadInput(f"this model reads text/csv, not {content_type or 'a body without a content type'}")
        chances = weights.chances(prepare(parse_row(body)))
        digit = int(chances.argmax())
        return json.dumps({"digit": digit, "confidence": round(float(chances[digit]), 4)}).encode()

    return predict


def parse_row(body: bytes) -> Vector:
    """Return the 64 pixels (0 to 16) of one text/csv row.

    Raises:
        BadInput: when it is not one row of 64 numbers.
    """
    try:
        pixels = np.array(body.split(b","), dtype=np.float64)
    except ValueError as error:
        raise BadInput(f"not a row of numbers: {error}") from error
    if pixels.shape != (PIXELS,):
        raise BadInput(f"a digit has {PIXELS} pixels, this row has {pixels.size}")
    return pixels
