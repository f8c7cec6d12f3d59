"""By what factor do two means differ? The bootstrap, and the delta method for samples too large to draw again thousands of times."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from policies.compare.fixed.difference import Difference, Interval, Measure
from policies.compare.fixed.sample import Sample, Unanswerable, require, require_level
from policies.strata.arrays import Floats

_LEAST: Final = 100
"""Requests per arm below which percentiles of a bootstrap are too narrow: with 20, an A/A test at 5 % claims in 8 %."""
_RESAMPLES: Final = 9_999
"""Redrawn ratios, unless the level is so high that more are needed."""
_BEYOND: Final = 10
"""Redrawn ratios that lie beyond each end of the interval at the least, or the end would be an accident of the draw."""
_MOST_DRAWS: Final = 100_000_000
"""Values drawn in all, about a second's work; a larger bootstrap gives way to the delta method."""
_BATCH: Final = 4_000_000
"""Values held in memory at once."""


def compare_ratio(control: Sample, treatment: Sample, level: float = 0.95, seed: int = 0) -> Difference:
    """Compare means by their ratio, treatment over control.

    The interval holds the middle percentiles of the redrawn ratios, and the p-value is one minus the level of the widest interval that
    leaves out 1: the two agree, but for one redrawn ratio at the very level.

    Long tails make both optimistic. Of simulated A/A tests at 5 % on log-normal values (600 to 1 500 runs each) claimed a difference: at
    sigma 0.5, 5.0 % with 100 requests per arm and 5.5 % with 100 against 400; at sigma 1.5, 7 % and 9 %, and 7 % with 300 against 1 200.
    For such values, ``compare_shift`` is the better question.

    Args:
        control: the control.
        treatment: the treatment.
        level: confidence of the interval.
        seed: of the random numbers; the same seed gives the same answer.

    Raises:
        Unanswerable: with fewer than 100 requests in an arm, with negative values, with a mean too near nought to divide by, or when the
            values show no spread.
    """
    require_level(level)
    require(control, treatment, least=_LEAST)
    if min(control.values[0], treatment.values[0]) < 0:
        raise Unanswerable("a ratio of means needs values that are never negative, and there are some")
    if not control.mean or not treatment.mean:
        raise Unanswerable("the values of an arm are all 0; there is no ratio to 0")
    if control.is_constant and treatment.is_constant:
        raise Unanswerable(
            "every value within each arm is the same; without spread there is no telling chance from difference"
        )
    resamples = max(_RESAMPLES, math.ceil(2 * _BEYOND / (1 - level)))
    if resamples * (control.size + treatment.size) > _MOST_DRAWS:
        return _by_delta_method(control, treatment, level)
    return _by_bootstrap(control, treatment, level, _Draw(resamples, seed))


@dataclass(frozen=True)
class _Draw:
    """How often to draw again, and the seed of the random numbers."""

    resamples: int
    seed: int


def _by_bootstrap(control: Sample, treatment: Sample, level: float, draw: _Draw) -> Difference:
    """Draw both arms again, many times."""
    with np.errstate(divide="ignore", invalid="ignore"):  # an arm drawn as nothing but zeros is looked for below
        drawn = stats.bootstrap(
            (treatment.expand(), control.expand()),
            _ratio_of_means,
            n_resamples=draw.resamples,
            batch=max(1, _BATCH // (control.size + treatment.size)),
            confidence_level=level,
            method="percentile",
            rng=np.random.default_rng(draw.seed),
        )
    ratios = drawn.bootstrap_distribution
    if not np.all(np.isfinite(ratios)):
        raise Unanswerable(
            "the control has so few values above 0 that its mean may as well be 0; there is no ratio to 0"
        )
    beyond = min(int(np.sum(ratios <= 1)), int(np.sum(ratios >= 1)))
    ends = drawn.confidence_interval
    return Difference(
        test="the bootstrap",
        measure=Measure.RATIO,
        estimate=treatment.mean / control.mean,
        interval=Interval(float(ends.low), float(ends.high), level),
        p_value=min(1.0, 2 * (beyond + 1) / (draw.resamples + 1)),
        statistic=treatment.mean / control.mean,
        control_size=control.size,
        treatment_size=treatment.size,
    )


def _ratio_of_means(treatment: Floats, control: Floats, axis: int = -1) -> Floats:
    """Return the statistic that is drawn again."""
    return np.mean(treatment, axis=axis) / np.mean(control, axis=axis)


def _by_delta_method(control: Sample, treatment: Sample, level: float) -> Difference:
    """Take the logarithm of the ratio as normal, with its variance to first order."""
    spread = math.sqrt(sum(arm.variance / arm.size / arm.mean**2 for arm in (control, treatment)))
    centre = math.log(treatment.mean / control.mean)
    margin = float(stats.norm.ppf((1 + level) / 2)) * spread
    return Difference(
        test="the delta method",
        measure=Measure.RATIO,
        estimate=treatment.mean / control.mean,
        interval=Interval(math.exp(centre - margin), math.exp(centre + margin), level),
        p_value=2 * float(stats.norm.sf(abs(centre) / spread)),
        statistic=centre / spread,
        control_size=control.size,
        treatment_size=treatment.size,
    )
