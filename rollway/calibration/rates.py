"""How often: proportions of simulated rollouts with their Monte-Carlo error, and what the candidate cost until it was taken back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from scipy.stats import binomtest

from policies.spec import Policy
from policies.strata.arrays import Booleans, Floats, Strata
from rollway.calibration.outcomes import Outcomes, find_outcomes


@dataclass(frozen=True)
class Proportion:
    """How many of the simulated rollouts.

    Attributes:
        hits: those in which it happened.
        runs: all of them.
    """

    hits: int
    runs: int

    @property
    def share(self) -> float:
        """The estimate, 0 to 1."""
        return self.hits / self.runs

    @property
    def interval(self) -> tuple[float, float]:
        """The exact 95 % interval of Clopper and Pearson: 2.5 % beyond either end."""
        bounds = binomtest(self.hits, self.runs).proportion_ci(method="exact")
        return float(bounds.low), float(bounds.high)


@dataclass(frozen=True)
class Rates:
    """What became of the simulated rollouts of one case. A median is None where fewer than half were taken back.

    Attributes:
        rolled_back: taken back, at any look.
        passed: by stage, let through by it at some look before any rollback, whatever the stages before it said.
        all_passed: let through by every stage within its time.
        median_strata: half were taken back by the look after so many strata.
        median_served: half were taken back by the time the candidate had answered so many requests.
        median_failed: ... and so many of them had failed.
    """

    rolled_back: Proportion
    passed: tuple[Proportion, ...]
    all_passed: Proportion
    median_strata: float | None
    median_served: float | None
    median_failed: float | None


def measure_rates(policy: Policy, batches: Iterable[Strata], lag: int = 0) -> Rates:
    """Judge simulated rollouts, batch by batch; ``lag`` as for `find_outcomes`."""
    return count_rates([find_outcomes(policy, strata, lag) for strata in batches])


def count_rates(outcomes: Sequence[Outcomes]) -> Rates:
    """Count what became of rollouts."""

    def proportion(parts: Iterable[Booleans]) -> Proportion:
        happened = np.concatenate(list(parts))
        return Proportion(int(happened.sum()), happened.size)

    def median(parts: Iterable[Floats]) -> float | None:
        pairs = zip(outcomes, parts, strict=True)
        values = np.concatenate([np.where(each.rolled_back, part, np.inf) for each, part in pairs])
        middle = float(np.quantile(values, 0.5, method="higher"))
        return middle if isfinite(middle) else None

    return Rates(
        rolled_back=proportion(each.rolled_back for each in outcomes),
        passed=tuple(proportion(stage) for stage in zip(*(each.passed.T for each in outcomes), strict=True)),
        all_passed=proportion(each.all_passed for each in outcomes),
        median_strata=median(each.rollback_at for each in outcomes),
        median_served=median(each.served for each in outcomes),
        median_failed=median(each.failed for each in outcomes),
    )
