"""The chance that a sequence of z-values crosses its boundaries, by the recursion of Armitage, McPherson and Rowe (JRSS A 132, 1969).

Scores B = z sqrt(information) have independent normal increments. What has not crossed yet is carried from look to look as a density on
a grid; Gauss-Legendre quadrature on panels no wider than the smaller neighbouring increment keeps the error near 1e-9.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy.special import ndtr

from policies.strata.arrays import Floats

LEAST_GROWTH: Final = 1e-3
"""The least relative growth of information between looks; closer ones would need grids of many thousand points."""
_REACH: Final = 8.0
"""Standard deviations beyond which a score has no chance worth counting (1e-15)."""
_PANEL: Final = np.polynomial.legendre.leggauss(8)
"""Points and weights on [-1, 1]."""


@dataclass(frozen=True, eq=False)
class Undecided:
    """Where the score may be while no boundary has been crossed.

    Attributes:
        information: gathered so far.
        points: scores.
        masses: the chance of each; together, the chance of being undecided.
    """

    information: float
    points: Floats
    masses: Floats

    @classmethod
    def at_start(cls) -> Self:
        """Return the score before the first look: nought for certain."""
        return cls(0.0, np.zeros(1), np.ones(1))

    def chance_above(self, information: float, z: float, drift: float = 0.0) -> float:
        """Return the chance that the z-value at a later look is above z."""
        return self._chance(1, information, z, drift)

    def chance_below(self, information: float, z: float, drift: float = 0.0) -> float:
        """Return the chance that the z-value at a later look is below z."""
        return self._chance(-1, information, z, drift)

    def _chance(self, sign: int, information: float, z: float, drift: float) -> float:
        """Integrate the chance of an increment that leads beyond z, upward or downward."""
        growth = information - self.information
        beyond = self.points + drift * growth - z * math.sqrt(information)
        return float(self.masses @ ndtr(sign * beyond / math.sqrt(growth)))

    def advance(self, information: float, bounds: tuple[float, float], following: float, drift: float = 0.0) -> Self:
        """Return what is left between the bounds after a look.

        Args:
            information: at this look.
            bounds: the lower and the upper z-value that end the sequence; infinite where there is none.
            following: information at the look after it, for which the grid is laid.
            drift: expected score per unit of information.
        """
        growth, spread = information - self.information, math.sqrt(information)
        reach = (drift * spread - _REACH, drift * spread + _REACH)
        low, high = (spread * min(max(bound, reach[0]), reach[1]) for bound in bounds)
        points, weights = _lay_grid(low, high, math.sqrt(min(growth, following - information)))
        steps = (points[:, None] - self.points - drift * growth) / math.sqrt(growth)
        densities = np.exp(-0.5 * steps**2) @ self.masses / math.sqrt(2 * math.pi * growth)
        return type(self)(information, points, weights * densities)


def cross(
    information: Sequence[float], upper: Sequence[float], lower: Sequence[float] | None = None, drift: float = 0.0
) -> tuple[Floats, Floats]:
    """Return the chances that a boundary is crossed for the first time at each look.

    Args:
        information: at each look, growing; in any unit.
        upper: the z-value at each look above which the sequence ends; infinite for none.
        lower: the z-value below which it ends; None for none at all.
        drift: expected score per unit of information: the expected z-value at information 1.

    Returns:
        The chances of crossing upward, and those of crossing downward.

    Raises:
        ValueError: when there is not one bound per look, bounds are out of order, or information does not grow.
    """
    floor = [-math.inf] * len(upper) if lower is None else lower
    if not len(information) == len(upper) == len(floor):
        raise ValueError(
            f"{len(information)} looks have {len(upper)} upper and {len(floor)} lower bounds; give each look its own"
        )
    if not all(low <= high for low, high in zip(floor, upper, strict=True)):
        raise ValueError(
            "a lower bound lies above its upper one, or is not a number; the sequence could not go on between them"
        )
    undecided, up, down = Undecided.at_start(), list[float](), list[float]()
    for number, (at, bounds) in enumerate(zip(information, zip(floor, upper, strict=True), strict=True)):
        require_growth(undecided.information, at)
        up.append(undecided.chance_above(at, bounds[1], drift))
        down.append(undecided.chance_below(at, bounds[0], drift))
        if number + 1 < len(information):
            require_growth(at, information[number + 1])
            undecided = undecided.advance(at, bounds, information[number + 1], drift)
    return np.array(up), np.array(down)


def require_growth(before: float, after: float) -> None:
    """Refuse a look that adds nothing, or next to nothing.

    Raises:
        ValueError: when it does.
    """
    if not (math.isfinite(after) and after > before * (1 + LEAST_GROWTH)):
        raise ValueError(
            f"information goes from {before:g} to {after:g}; each look must add at least {100 * LEAST_GROWTH:g} % to what was there"
        )


def _lay_grid(low: float, high: float, width: float) -> tuple[Floats, Floats]:
    """Return points and weights that integrate from low to high, on panels no wider than that."""
    edges = np.linspace(low, high, max(1, math.ceil((high - low) / width)) + 1)
    points, weights = _PANEL
    half = (edges[1] - edges[0]) / 2
    centres = (edges[:-1] + edges[1:]) / 2
    return (centres[:, None] + half * points).ravel(), np.tile(half * weights, centres.size)
