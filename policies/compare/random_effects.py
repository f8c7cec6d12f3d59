"""A t-mixture e-process that takes the minute, not the request, for the sampling unit.

Each stratum offers a score and its information; their ratio is the stratum's own estimate of the effect. Strata differ by more than chance,
so the variance between them is estimated from themselves (DerSimonian-Laird), and so is their lag-1 autocorrelation. The mixture is that of
Lindon, Ham, Tingley, Bojinov (2022), arXiv 2210.08589. The corrections are heuristics whose error rates are established by simulation.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.strata.arrays import Floats

LEAST_STRATA: Final = 5
_PRIOR_CORRELATION: Final = 0.5
_PRIOR_WEIGHT: Final = 10
_MOST_CORRELATION: Final = 0.95
_MIXTURE: Final = 5.0


@dataclass(frozen=True)
class Effects:
    """The effect as estimated at each look.

    Attributes:
        estimate: mean effect so far, shape (..., looks); NaN before there is any information.
        error: its standard error, scatter and autocorrelation of the strata included.
        size: how many independent strata the seen ones are worth; 0 before there are enough.
    """

    estimate: Floats
    error: Floats
    size: Floats

    def evidence(self, null: Floats | float, direction: int) -> Floats:
        """Return the log e-value at each look of "the effect lies beyond ``null``": above it for direction 1, below it for -1."""
        freedom = np.maximum(self.size - 1, 1e-9)
        t = np.nan_to_num(direction * (self.estimate - null) / self.error)
        shrink = _MIXTURE / (_MIXTURE + self.size)
        gain = np.log1p(t**2 / freedom) - np.log1p(shrink * t**2 / freedom)
        log_e = np.log(2) + 0.5 * np.log(shrink) + 0.5 * (freedom + 1) * gain
        return np.where((t > 0) & (self.size > 1), log_e, 0.0)

    def interval(self, risk: float) -> tuple[Floats, Floats]:
        """Return the confidence sequence: the effects that the e-process does not reject at the risk, either way."""
        freedom = np.maximum(self.size - 1, 1e-9)
        shrink = _MIXTURE / (_MIXTURE + self.size)
        power = np.exp(np.minimum(2 * (np.log(1 / risk) - 0.5 * np.log(shrink)) / (freedom + 1), 700))
        bound = np.where(
            (self.size > 1) & (power * shrink < 1),
            freedom * (power - 1) / np.maximum(1 - power * shrink, 1e-300),
            np.inf,
        )
        half = np.sqrt(bound) * self.error
        return self.estimate - half, self.estimate + half


def summarise(score: Floats, information: Floats) -> Effects:
    """Summarise strata up to each look.

    Args:
        score: by stratum, shape (..., strata); its expectation is effect times information.
        information: by stratum; 0 for a stratum that says nothing.
    """
    seen = np.tri(score.shape[-1])
    return _summarise(score[..., None, :] * seen, information[..., None, :] * seen)


def summarise_all(score: Floats, information: Floats) -> Effects:
    """Summarise all strata, as the last look of ``summarise`` does, without the looks before: for tests of thousands of strata."""
    return _summarise(score[..., None, :], information[..., None, :])


def _summarise(u: Floats, v: Floats) -> Effects:
    """Summarise scores and information of shape (..., looks, strata)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        count = (v > 0).sum(axis=-1)
        total = v.sum(axis=-1)
        fixed = u.sum(axis=-1) / total
        squares = np.where(v > 0, u**2 / v, 0.0).sum(axis=-1)
        heterogeneity = squares - fixed * u.sum(axis=-1)
        between = np.maximum(0.0, (heterogeneity - (count - 1)) / (total - (v**2).sum(axis=-1) / total))
        between = np.where(count > 1, between, 0.0)  # one stratum does not differ from others
        k = 1 + between[..., None] * v
        weight = (v / k).sum(axis=-1)
        estimate = (u / k).sum(axis=-1) / weight
        residuals = u / k - estimate[..., None] * (v / k)
        inflation = _inflation(np.where(v > 0, residuals / np.sqrt(v / k), 0.0), count)
        spread = (residuals**2).sum(axis=-1) * count / (count - 1)
        error = np.sqrt(np.maximum(spread, weight) * inflation) / weight
    enough = count >= LEAST_STRATA
    return Effects(estimate, error, np.where(enough, count / inflation, 0.0))


def _inflation(residuals: Floats, count: Floats) -> Floats:
    """How many fewer independent strata there are than strata, by their lag-1 autocorrelation shrunk towards a prior."""
    energy = (residuals**2).sum(axis=-1)
    observed = np.nan_to_num((residuals[..., 1:] * residuals[..., :-1]).sum(axis=-1) / energy)
    corrected = observed + (1 + 3 * observed) / np.maximum(count, 1)
    shrunk = (corrected * count + _PRIOR_CORRELATION * _PRIOR_WEIGHT) / (count + _PRIOR_WEIGHT)
    correlation = np.clip(shrunk, 0.0, _MOST_CORRELATION)
    return (1 + correlation) / (1 - correlation)
