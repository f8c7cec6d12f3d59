"""More than one comparison at a time, without more than one comparison's risk of a false claim."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from policies.compare.fixed.difference import Difference, Interval, Measure
from policies.compare.fixed.sample import Sample, Unanswerable, require, require_level
from policies.strata.arrays import Floats


def adjust_holm(p_values: Sequence[float]) -> Floats:
    """Adjust p-values by Holm's step-down method (Scandinavian Journal of Statistics 6, 1979).

    Whoever claims all differences whose adjusted p-value is at most alpha makes any false claim at all with a chance of at most alpha,
    however the comparisons depend on each other. A comparison that was planned and could not be made has the p-value 1: it stays in the
    count, so that no accident of the data makes the others easier.

    Raises:
        ValueError: when one is no probability.
    """
    raw = np.asarray(p_values, dtype=np.float64)
    if not np.all((raw >= 0) & (raw <= 1)):
        raise ValueError(f"p-values lie between 0 and 1; these do not: {raw[~((raw >= 0) & (raw <= 1))].tolist()}")
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * np.arange(raw.size, 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(stepped, 1)
    return adjusted


def simultaneous_level(alpha: float, comparisons: int) -> float:
    """Return the confidence level at which all of that many intervals hold together with a chance of 1 - alpha (Bonferroni).

    Holm's method claims a little more than these intervals show: a difference may be claimed and its interval still touch no difference.
    """
    return 1 - alpha / comparisons


def compare_means_with_control(
    control: Sample, treatments: Mapping[str, Sample], level: float = 0.95, seed: int = 0
) -> dict[str, Difference]:
    """Compare the means of several treatments with one control by Dunnett's test.

    Sharper than Holm's method for one metric, as the comparisons share their control. It takes all arms to have one variance, so it is
    for values that do; a report of several metrics keeps to Welch's test and Holm's method.

    Args:
        control: the shared control.
        treatments: the treatments by name.
        level: confidence that all intervals hold together.
        seed: of the quasi-random integration behind the p-values.

    Returns:
        The differences by name; p-values are adjusted, intervals hold together.

    Raises:
        Unanswerable: with fewer than two requests in an arm, or when the values show no spread.
    """
    require_level(level)
    for treatment in treatments.values():
        require(control, treatment, least=2)
    if all(arm.is_constant for arm in (control, *treatments.values())):
        raise Unanswerable(
            "every value within each arm is the same; without spread there is no telling chance from difference"
        )
    arms = [treatment.expand() for treatment in treatments.values()]
    result = stats.dunnett(*arms, control=control.expand(), rng=np.random.default_rng(seed))
    ends = result.confidence_interval(level)
    columns = np.stack([ends.low, ends.high, result.pvalue, result.statistic], axis=-1).tolist()
    return {
        name: Difference(
            test="Dunnett's test",
            measure=Measure.MEANS,
            estimate=treatment.mean - control.mean,
            interval=Interval(low, high, level),
            p_value=p_value,
            statistic=statistic,
            control_size=control.size,
            treatment_size=treatment.size,
        )
        for (name, treatment), (low, high, p_value, statistic) in zip(treatments.items(), columns, strict=True)
    }
