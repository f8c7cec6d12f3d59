"""Group-sequential boundaries that spend alpha by a spending function, look by look."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, Self

from scipy.optimize import brentq

from policies.compare.sequential.crossing import Undecided, require_growth
from policies.compare.sequential.spending import Spending, spend_obrien_fleming

_STEEPEST: Final = 8.0
"""The largest z-value looked for: what would need a larger one is as good as nothing to spend."""
_LARGEST_ALPHA: Final = 0.5
"""Beyond it the bound of a first look would lie on the wrong side of nought."""


@dataclass(frozen=True)
class Look:
    """One look at the data.

    Attributes:
        information: gathered, as a share of what was planned.
        bound: the z-value that had to be exceeded; infinite when there was nothing to spend.
        z: the z-value that was seen.
        spent: of alpha, this look included.
        crossed: whether the bound was crossed.
    """

    information: float
    bound: float
    z: float
    spent: float
    crossed: bool


@dataclass(frozen=True)
class GroupSequential:
    """A test that may be looked at now and then, at any times, with a chance of a false claim of at most alpha over all looks.

    When to look may not depend on what was seen, and the planned end is settled beforehand. A sample that overshoots it gets its last look
    with whatever alpha is left, at the correlation that its true size gives; it is no error to have waited too long, only the end.

    Attributes:
        alpha: the chance of a false claim; of either side together for a two-sided test.
        sides: 1 claims only large positive z-values, 2 large ones of either sign.
        spending: how alpha is spent.
        looks: so far.
    """

    alpha: float = 0.05
    sides: Literal[1, 2] = 2
    spending: Spending = spend_obrien_fleming
    looks: tuple[Look, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a risk that is none.

        Raises:
            ValueError: when alpha or the number of sides makes no sense.
        """
        if not 0 < self.alpha <= _LARGEST_ALPHA or self.sides not in (1, 2):
            raise ValueError(
                f"alpha is {self.alpha} and sides {self.sides}; write a fraction up to {_LARGEST_ALPHA}, and 1 or 2 sides"
            )

    @property
    def is_over(self) -> bool:
        """Whether a bound was crossed or all of alpha is spent."""
        return bool(self.looks) and (self.looks[-1].crossed or self.looks[-1].information >= 1)

    def bound(self, information: float) -> float:
        """Return the z-value that a look at this share of the planned information must exceed.

        Raises:
            ValueError: when the test is over, or the look adds next to nothing to the one before it.
        """
        if self.is_over:
            last = self.looks[-1]
            why = "its bound was crossed" if last.crossed else "all of alpha was spent"
            raise ValueError(
                f"the test ended at information {last.information:g}, when {why}; a new question needs a new test"
            )
        require_growth(self.looks[-1].information if self.looks else 0.0, information)
        return self._solve(information, self._spend(information) - self._spent)

    def look(self, information: float, z: float) -> Self:
        """Return the test after a look that saw this z-value at this share of the planned information.

        Raises:
            ValueError: as for ``bound``, or when the z-value is not a number.
        """
        if math.isnan(z):
            raise ValueError("the z-value of the look is not a number; look when there is something to see")
        bound = self.bound(information)
        seen = abs(z) if self._is_two_sided else z
        spent = self._spend(information) if math.isfinite(bound) else self._spent
        return replace(self, looks=(*self.looks, Look(information, bound, z, spent, crossed=seen > bound)))

    @property
    def _is_two_sided(self) -> bool:
        """Whether large negative z-values count too."""
        return self.sides > 1

    @property
    def _spent(self) -> float:
        """What the looks so far spent of alpha."""
        return self.looks[-1].spent if self.looks else 0.0

    def _spend(self, information: float) -> float:
        """Return what may be spent of alpha by then, on all sides."""
        return self.sides * self.spending(min(1.0, information), self.alpha / self.sides)

    def _solve(self, information: float, chance: float) -> float:
        """Find the bound that spends this chance at this look."""
        times = [*(look.information for look in self.looks), information]
        undecided = Undecided.at_start()
        for look, following in zip(self.looks, times[1:], strict=True):
            lower = -look.bound if self._is_two_sided else -math.inf
            undecided = undecided.advance(look.information, (lower, look.bound), following)

        def excess(z: float) -> float:
            """Say by how much a bound would spend too much on the upper side; the lower one mirrors it."""
            return undecided.chance_above(information, z) - chance / self.sides

        return math.inf if excess(_STEEPEST) >= 0 else float(brentq(excess, -_STEEPEST, _STEEPEST, xtol=1e-10))


def plan_bounds(information: Sequence[float], design: GroupSequential) -> tuple[float, ...]:
    """Return the bounds of a test that is looked at at all of these shares of the planned information and never crosses.

    Raises:
        ValueError: when a look adds next to nothing, or comes after the end.
    """
    for share in information:
        design = design.look(share, 0.0)
    return tuple(look.bound for look in design.looks)
