"""Do two rates differ? Pearson's chi-square test, or Fisher's exact one where counts are small."""

import math
from typing import Final

import numpy as np
from scipy import stats
from scipy.stats.contingency import expected_freq, relative_risk

from policies.compare.fixed.difference import Difference, Interval, Measure, Ratio
from policies.compare.fixed.sample import Sample, Unanswerable, require, require_level
from policies.strata.arrays import Integers

_LEAST_EXPECTED: Final = 5
"""Cochran's rule: with fewer expected in any cell, the chi-square approximation is not to be trusted."""


def compare_rates(control: Sample, treatment: Sample, level: float = 0.95) -> Difference:
    """Compare the shares of ones.

    The interval is Newcombe's hybrid of two Wilson intervals (Statistics in Medicine 17, 1998, method 10). It and the test are separate
    approximations, so right at the level one may show a difference that the other does not. Katz's log interval of the ratio is added
    where both arms had events; without events in an arm no ratio can be bounded.

    Raises:
        Unanswerable: with fewer than two requests in an arm, or when a value is neither 0 nor 1.
    """
    require_level(level)
    require(control, treatment, least=2)
    (events, size), (base_events, base_size) = _count(treatment), _count(control)
    table = np.array([[events, size - events], [base_events, base_size - base_events]])
    test, statistic, p_value = _test(table)
    return Difference(
        test=test,
        measure=Measure.RATES,
        estimate=events / size - base_events / base_size,
        interval=_newcombe((events, size), (base_events, base_size), level),
        p_value=p_value,
        statistic=statistic,
        control_size=base_size,
        treatment_size=size,
        ratio=_ratio(table, level),
    )


def _count(sample: Sample) -> tuple[int, int]:
    """Return events and trials."""
    if not np.all(np.isin(sample.values, (0.0, 1.0))):
        raise Unanswerable("a rate is counted from values 0 and 1, and there are others")
    return int(sample.values @ sample.counts), sample.size


def _test(table: Integers) -> tuple[str, float, float]:
    """Choose and apply the test: its name, statistic (odds ratio for Fisher's) and p-value."""
    if expected_freq(table).min() < _LEAST_EXPECTED:
        exact = stats.fisher_exact(table)
        return "Fisher's exact test", float(exact.statistic), float(exact.pvalue)
    pearson = stats.chi2_contingency(table, correction=False)
    return "the chi-square test", float(pearson.statistic), float(pearson.pvalue)


def _newcombe(treatment: tuple[int, int], control: tuple[int, int], level: float) -> Interval:
    """Combine the Wilson intervals of (events, trials) into one for the difference."""
    rate, base = treatment[0] / treatment[1], control[0] / control[1]
    wilson = [stats.binomtest(*arm).proportion_ci(level, method="wilson") for arm in (treatment, control)]
    low = rate - base - math.hypot(rate - wilson[0].low, wilson[1].high - base)
    high = rate - base + math.hypot(wilson[0].high - rate, base - wilson[1].low)
    return Interval(low, high, level)


def _ratio(table: Integers, level: float) -> Ratio | None:
    """Return the ratio of rates, when it can be bounded."""
    (events, misses), (base_events, base_misses) = table.tolist()
    if not events or not base_events:
        return None
    risk = relative_risk(events, events + misses, base_events, base_events + base_misses)
    interval = risk.confidence_interval(level)
    return Ratio(float(risk.relative_risk), Interval(float(interval.low), float(interval.high), level))
