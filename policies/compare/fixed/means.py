"""Welch's t-test: do two means differ, when the variances may differ too?"""

import math

from scipy import stats

from policies.compare.fixed.difference import Difference, Interval, Measure
from policies.compare.fixed.sample import Sample, Unanswerable, require, require_level


def compare_means(control: Sample, treatment: Sample, level: float = 0.95) -> Difference:
    """Compare means by Welch's t-test with the Welch-Satterthwaite degrees of freedom.

    Exact for normal values; otherwise it rests on the central limit theorem, which very long tails put off to large samples.

    Raises:
        Unanswerable: with fewer than two requests in an arm, or when no value of either arm differs from the others.
    """
    require_level(level)
    require(control, treatment, least=2)
    if control.is_constant and treatment.is_constant:
        raise Unanswerable(
            "every value within each arm is the same; without spread there is no telling chance from difference"
        )
    arms = (treatment, control)
    squares = [arm.variance / arm.size for arm in arms]
    freedom = sum(squares) ** 2 / sum(square**2 / (arm.size - 1) for square, arm in zip(squares, arms, strict=True))
    deviations = [math.sqrt(arm.variance) for arm in arms]
    statistic, p_value = stats.ttest_ind_from_stats(
        treatment.mean, deviations[0], treatment.size, control.mean, deviations[1], control.size, equal_var=False
    )
    estimate = treatment.mean - control.mean
    margin = float(stats.t.ppf((1 + level) / 2, freedom)) * math.sqrt(sum(squares))
    return Difference(
        test="Welch's t-test",
        measure=Measure.MEANS,
        estimate=estimate,
        interval=Interval(estimate - margin, estimate + margin, level),
        p_value=float(p_value),
        statistic=float(statistic),
        control_size=control.size,
        treatment_size=treatment.size,
    )
