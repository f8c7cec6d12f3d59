"""A bad release of the digit recogniser: right, but slow on every fifth input.

It asks a second opinion from a service across the network (simulated by waiting) for heavily inked digits. The mean
latency hides it; the tail does not.
"""

import time
from collections.abc import Mapping

from rollway.sandbox.digits.model import Vector, read_weights, recogniser
from rollway.sandbox.serving import Predict

HEAVY_INK = 343.0
"""The ink (sum of pixels) above which a digit is heavy: one in five of the data set is."""

SECOND_OPINION_S = 0.06


def load(environment: Mapping[str, str]) -> Predict:
    """Read the weights and return the recogniser."""
    return recogniser(read_weights(environment), _ask_about_heavy_ink)


def _ask_about_heavy_ink(pixels: Vector) -> Vector:
    if pixels.sum() > HEAVY_INK:
        time.sleep(SECOND_OPINION_S)
    return pixels
