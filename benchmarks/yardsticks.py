"""Formulas of other people's methods that no rival needs, kept to show that what is said of those methods here is about the real ones.

Each is held by a test against values that its authors or their package published. Boundaries are for a sum s whose variance so far is v;
``tuned_for`` is the variance, or the sample size, at which a boundary is narrowest.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import betainc, betaln, expit, gammaincc, gammaln, logit, xlogy, zeta
from scipy.stats import norm

from policies.strata.arrays import Floats

ALPHA: Final = 0.05
"""The level that boundaries are tuned for."""


class Mixture(Protocol):
    """The logarithm of a nonnegative supermartingale: a mixture over effects; s is the sum, v its variance so far."""

    def __call__(self, s: float, v: float) -> float:
        """Return the log of the evidence."""
        ...


def tune(tuned_for: float, *, sides: int, alpha: float = ALPHA) -> float:
    """Return the mixture's precision that makes its boundary narrowest, approximately (Howard et al., Annals of Statistics 49, 2021)."""
    risk = 2 * math.log(sides / 2 / alpha)
    return tuned_for / (risk + math.log1p(risk))


@dataclass(frozen=True)
class NormalMixture:
    """A normal mixture, over effects of either sign or over positive ones (Howard et al. 2021, propositions 5 and 6).

    Attributes:
        tuned_for: the variance at which its boundary is narrowest.
        sides: 1 or 2.
    """

    tuned_for: float
    sides: int = 1

    def __call__(self, s: float, v: float) -> float:
        """Return the log of the evidence."""
        precision = tune(self.tuned_for, sides=self.sides)
        both = math.log(precision / (v + precision)) / 2 + s**2 / (2 * (v + precision))
        return both if self.sides > 1 else both + math.log(2) + float(norm.logcdf(s / math.sqrt(v + precision)))


@dataclass(frozen=True)
class GammaPoissonMixture:
    """A mixture for sums with Poisson-like tails, one-sided (Howard et al. 2021, proposition 10).

    Attributes:
        tuned_for: the variance at which its boundary is narrowest.
        scale: how heavy the tail is: the largest jump.
    """

    tuned_for: float
    scale: float

    def __call__(self, s: float, v: float) -> float:
        """Return the log of the evidence."""
        prior = tune(self.tuned_for, sides=1) / self.scale**2
        information = v / self.scale**2
        shape, rate = s / self.scale + information + prior, information + prior
        return _log_upper_gamma(shape, rate) - _log_upper_gamma(prior, prior) + information


def _log_upper_gamma(shape: float, rate: float) -> float:
    """Return the log of a gamma law's integral above 1, without its exponential: Gamma(shape, rate) / rate^shape."""
    return float(gammaln(shape) + np.log(gammaincc(shape, rate)) - xlogy(shape, rate))


@dataclass(frozen=True)
class BetaBinomialMixture:
    """A mixture for sums whose steps lie in two points, -below and +above (Howard et al. 2021, propositions 7 and 8).

    Attributes:
        tuned_for: the variance at which its boundary is narrowest.
        below: the step downward.
        above: the step upward.
        sides: 1 or 2.
    """

    tuned_for: float
    below: float
    above: float
    sides: int = 1

    def __call__(self, s: float, v: float) -> float:
        """Return the log of the evidence."""
        g, h = self.below, self.above
        steps, product = g + h, g * h
        prior = max(tune(self.tuned_for, sides=self.sides) - product, 1e-3 * product)
        ups, downs = (v + h * s) / (h * steps), (v - g * s) / (g * steps)
        null = v / product * math.log(steps) - xlogy(ups, g) - xlogy(downs, h)
        prior_downs, prior_ups = prior / (g * steps), prior / (h * steps)
        end = h / steps if self.sides == 1 else 1.0
        after = _log_beta(prior_downs + downs, prior_ups + ups, end)
        return float(null + after - _log_beta(prior_downs, prior_ups, end))


def _log_beta(a: float, b: float, end: float) -> float:
    """Return the log of the beta function, integrated up to ``end`` only."""
    return float(betaln(a, b) + np.log(betainc(a, b, end)))


def mixture_bound(mixture: Mixture, v: float, alpha: float = ALPHA, largest: float = math.inf) -> float:
    """Return the sum at which a mixture's evidence reaches 1/alpha, at most the largest possible sum."""
    high = min(largest, v)
    while mixture(high, v) < -math.log(alpha):
        if high >= largest:
            return largest
        high = min(largest, 2 * high)
    return float(brentq(lambda s: mixture(s, v) + math.log(alpha), 0.0, high))


_SPREAD: Final = (2**0.25 + 2**-0.25) / math.sqrt(2)
_LIFT: Final = (math.sqrt(2) + 1) / 2
"""Both from epochs that double (eta = 2)."""
_POWER: Final = 1.4
"""How fast the risk of later epochs falls."""


def stitched_bound(v: float, start: float, scale: float = 0.0, alpha: float = ALPHA) -> float:
    """Return the polynomially stitched boundary of a sub-gamma sum (Howard et al. 2021, theorem 1).

    Args:
        v: variance so far.
        start: variance from which it is meant to hold tightly.
        scale: of the sub-gamma tail.
        alpha: risk.
    """
    late = max(v, start)
    risk = _POWER * math.log(math.log(2 * late / start)) + math.log(
        float(zeta(_POWER)) / (alpha * math.log(2) ** _POWER)
    )
    extra = _LIFT * scale * risk
    return math.sqrt(_SPREAD**2 * late * risk + extra**2) + extra


def double_stitched_bound(quantile: float, count: float, start: float, alpha: float = ALPHA) -> float:
    """Return the boundary for all quantiles at once, in values (Howard and Ramdas, Bernoulli 28, 2022, theorem 4)."""
    fineness, late = 0.5, max(count, start)
    side = quantile
    if quantile < fineness:
        side = min(0.5, float(expit(logit(quantile) + 2 * fineness * math.sqrt(2 * start / late))))
    variance = side * (1 - side)
    epochs = math.sqrt(late / start) * abs(float(logit(quantile))) / (2 * fineness) + 1
    sums = 2 * float(zeta(_POWER))
    risk = _POWER * (math.log(math.log(2 * late / start)) + math.log(epochs))
    risk += math.log(sums * (sums + 1) / (alpha * math.log(2) ** _POWER))
    extra = _LIFT * (1 - 2 * quantile) / 3 * risk
    rounding = fineness * math.sqrt(2 * late * variance / start)
    return rounding + math.sqrt(_SPREAD**2 * variance * late * risk + extra**2) + extra


def empirical_process_bound(count: float, start: float, alpha: float = ALPHA, factor: float = 0.85) -> float:
    """Return how far an empirical distribution may ever stray from the true one (Howard and Ramdas 2022, theorem 2)."""

    def excess(constant: float) -> float:
        return _empirical_risk(constant, factor) - alpha

    constant = float(brentq(excess, 4.0, 100.0))
    return factor * math.sqrt((math.log1p(math.log(count / start)) + constant) / count)


def _empirical_risk(constant: float, factor: float) -> float:
    """Return the smallest risk over the epochs' growth."""

    def exponent(growth: float) -> float:
        return 2 / growth * max(0.0, factor - math.sqrt(2 * (growth - 1) / constant)) ** 2

    def risk(growth: float) -> float:
        rate = exponent(growth)
        return 4 * math.exp(-rate * constant) * (1 + 1 / ((rate - 1) * math.log(growth))) if rate > 1 else math.inf

    largest = float(brentq(lambda growth: exponent(growth) - 1, 1.0, 2 * factor**2))
    best = minimize_scalar(risk, bounds=(1.0 + 1e-9, largest - 1e-9), method="bounded", options={"xatol": 1e-12})
    return float(best.fun)


def proportion_interval(hits: int, count: int, tuned_for: float, alpha: float = ALPHA) -> tuple[float, float]:
    """Return the confidence sequence of a proportion: where the two-sided beta-binomial mixture stays below 1/alpha."""
    share = hits / count

    def excess(truth: float) -> float:
        mixture = BetaBinomialMixture(tuned_for * truth * (1 - truth), truth, 1 - truth, sides=2)
        return mixture((share - truth) * count, truth * (1 - truth) * count) + math.log(alpha)

    return _cross(excess, 1e-9, share), _cross(excess, 1 - 1e-9, share)


def _cross(excess: Callable[[float], float], outer: float, inner: float) -> float:
    return float(brentq(excess, outer, inner)) if excess(outer) > 0 else outer


def quantile_difference_p(candidate: Floats, baseline: Floats, quantile: float, tuned_for: float) -> float:
    """Return the two-sided p-value, valid at any time, of equal quantiles (Howard and Ramdas 2022, section 5).

    The least evidence that any common quantile x has against it: both arms' two-sided beta-binomial mixtures together. Where an arm's
    distribution jumps at x, the share below it may be any on the jump, and the most forgiving one counts.
    """
    mixture = BetaBinomialMixture(tuned_for * quantile * (1 - quantile), quantile, 1 - quantile, sides=2)

    def evidence(values: Floats, x: float) -> float:
        count = values.size
        low, high = (float(np.searchsorted(values, x, side)) / count for side in ("left", "right"))
        return mixture((min(max(quantile, low), high) - quantile) * count, quantile * (1 - quantile) * count)

    arms = (np.sort(candidate), np.sort(baseline))
    least = min(sum(evidence(values, float(x)) for values in arms) for x in np.concatenate(arms))
    return min(1.0, math.exp(-least))


def multinomial_odds(counts: Floats, shares: Floats, prior_weight: float = 100.0) -> float:
    """Return the Bayes factor against the given shares, Dirichlet prior around them (Lindon and Malek, NeurIPS 2022).

    Args:
        counts: observed in each category.
        shares: expected of each category; they sum to 1.
        prior_weight: how many observations the prior is worth.
    """
    prior = prior_weight * shares
    return math.exp(_log_dirichlet(prior + counts) - _log_dirichlet(prior) - float(counts @ np.log(shares)))


def _log_dirichlet(weights: Floats) -> float:
    """Return the log of the multivariate beta function."""
    return sum(math.lgamma(weight) for weight in weights) - math.lgamma(float(weights.sum()))


def log_t_factor(t_squared: float, freedom: float, weight: float, information: float) -> float:
    """Return the log Bayes factor of a regression coefficient, normal prior with precision in units of the residual variance.

    After Lindon, Ham, Tingley and Bojinov (arXiv 2210.08589).

    Args:
        t_squared: squared t-value.
        freedom: residual degrees of freedom.
        weight: precision of the prior.
        information: of the data on the coefficient.
    """
    kept = weight / (weight + information)
    fit = math.log1p(t_squared / freedom) - math.log1p(kept * t_squared / freedom)
    return math.log(kept) / 2 + (freedom + 1) / 2 * fit
