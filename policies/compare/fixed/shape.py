"""Do two distributions differ anywhere? The Kolmogorov-Smirnov test."""

import math
from typing import Final

import numpy as np
from scipy import stats

from policies.compare.fixed.difference import Difference, Interval, Measure
from policies.compare.fixed.sample import Sample, require, require_level

_EXACT_UP_TO: Final = 10_000
"""The largest arms for which scipy computes the law of the statistic and does not approximate it."""


def compare_shape(control: Sample, treatment: Sample, level: float = 0.95) -> Difference:
    """Compare distribution functions by their largest gap.

    It finds differences of any kind, and so none of them well: most fit to guard against what the other metrics do not look at. The
    interval adds up the two arms' bands by Dvoretzky, Kiefer, Wolfowitz and Massart; it is wider than need be, never narrower. Ties and
    histograms make the test cautious.

    Raises:
        Unanswerable: with fewer than two requests in an arm.
    """
    require_level(level)
    require(control, treatment, least=2)
    values = np.union1d(control.values, treatment.values)
    curves = [arm.count_below(values, inclusive=True) / arm.size for arm in (control, treatment)]
    gap = float(np.max(np.abs(curves[1] - curves[0])))
    band = sum(math.sqrt(math.log(4 / (1 - level)) / (2 * arm.size)) for arm in (control, treatment))
    return Difference(
        test="the Kolmogorov-Smirnov test",
        measure=Measure.DISTANCE,
        estimate=gap,
        interval=Interval(max(0.0, gap - band), min(1.0, gap + band), level),
        p_value=_p_value(control, treatment, gap),
        statistic=gap,
        control_size=control.size,
        treatment_size=treatment.size,
    )


def _p_value(control: Sample, treatment: Sample, gap: float) -> float:
    """Return the chance of such a gap when the arms do not differ."""
    if max(control.size, treatment.size) <= _EXACT_UP_TO:
        return float(stats.ks_2samp(treatment.expand(), control.expand()).pvalue)
    effective = control.size * treatment.size / (control.size + treatment.size)
    return float(stats.kstwo.sf(gap, round(effective)))
