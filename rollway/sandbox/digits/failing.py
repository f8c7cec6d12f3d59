"""A bad release of the digit recogniser: new preprocessing that breaks on one digit in eight.

It centres narrow digits, and forgets that an odd width leaves an odd margin: such an image comes out one column
short, and the server answers 500. Every even width works, so a glance at a few examples would have passed it.
"""

from collections.abc import Mapping

import numpy as np

from rollway.sandbox.digits.model import PIXELS, Vector, read_weights, recogniser
from rollway.sandbox.serving import Predict

_SIDE = 8
_NARROW = 6


def load(environment: Mapping[str, str]) -> Predict:
    """Read the weights and return the recogniser."""
    return recogniser(read_weights(environment), centre_narrow_digit)


def centre_narrow_digit(pixels: Vector) -> Vector:
    """Move a narrow digit into the middle of its image. This function has the release's bug, and is meant to.

    Raises:
        ValueError: for digits three or five columns wide.
    """
    image = pixels.reshape(_SIDE, _SIDE)
    inked = np.flatnonzero(image.any(axis=0))
    ink = image[:, inked[0] : inked[-1] + 1]
    width = ink.shape[1]
    if width > _NARROW:
        return pixels
    margin = (_SIDE - width) // 2
    return np.pad(ink, ((0, 0), (margin, margin))).reshape(PIXELS)
