"""The A/B report: every treatment against the control by every metric, at one risk for all of it."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import product

import pandas as pd

from policies.compare.fixed.design import TESTS, Design, Metric
from policies.compare.fixed.difference import Difference
from policies.compare.fixed.multiplicity import adjust_holm, simultaneous_level
from policies.compare.fixed.reading import check_table, read_sample
from policies.compare.fixed.sample import Unanswerable


class Answer(StrEnum):
    """What a comparison comes to. NOT_SHOWN says that no difference was shown, never that there is none: see the interval."""

    BETTER = "better"
    WORSE = "worse"
    DIFFERENT = "different"
    NOT_SHOWN = "no difference shown"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Result:
    """One treatment against the control by one metric.

    Attributes:
        variant: the treatment.
        metric: the metric.
        answer: what it comes to, at the report's alpha.
        difference: by how much, with an interval that holds together with all others of the report; None when INCONCLUSIVE.
        p_adjusted: the p-value after Holm's method; None when INCONCLUSIVE.
        sentence: the same in plain words; when INCONCLUSIVE, the reason.
    """

    variant: str
    metric: str
    answer: Answer
    difference: Difference | None
    p_adjusted: float | None
    sentence: str


def compare_variants(data: pd.DataFrame, design: Design) -> tuple[Result, ...]:
    """Compare every treatment with the control by every metric.

    With a chance of at least 1 - alpha no difference in the whole report is claimed falsely (Holm over treatments and metrics), and all
    its intervals hold together (Bonferroni), as far as the approximations go that each test names. What cannot be compared stays in the
    count.

    Args:
        data: one row per request, or per group of requests: with ``design.count_column``, or counts of events and trials of a rate.
        design: what to compare.

    Returns:
        One result per treatment and metric, in the design's order.

    Raises:
        ValueError: when the table is not the design's.
    """
    check_table(data, design)
    pairs = list(product(design.treatments, design.metrics))
    level = simultaneous_level(design.alpha, len(pairs))
    found = [compare_pair(data, design, metric, (design.control, treatment), level) for treatment, metric in pairs]
    adjusted = adjust_holm([difference.p_value if isinstance(difference, Difference) else 1.0 for difference in found])
    return tuple(
        _conclude(design, treatment, metric, difference, p_adjusted)
        for (treatment, metric), difference, p_adjusted in zip(pairs, found, adjusted.tolist(), strict=True)
    )


def compare_pair(
    data: pd.DataFrame, design: Design, metric: Metric, pair: tuple[str, str], level: float
) -> Difference | str:
    """Compare the second variant of a pair with the first, or say why that is impossible."""
    try:
        first, second = (read_sample(data, design, metric, variant) for variant in pair)
        return TESTS[metric.kind](first, second, level)
    except Unanswerable as unanswerable:
        return str(unanswerable)


def is_better(difference: Difference, metric: Metric) -> bool | None:
    """Say whether the estimate is on the better side; None where no side is, or where it is on neither."""
    if metric.better is None or difference.estimate == difference.measure.neutral:
        return None
    return (difference.estimate > difference.measure.neutral) == (metric.better == "higher")


def _conclude(design: Design, treatment: str, metric: Metric, found: Difference | str, p_adjusted: float) -> Result:
    """Put the answer into words."""
    about = f"{metric.name}, {treatment} against {design.control}"
    if isinstance(found, str):
        return Result(treatment, metric.name, Answer.INCONCLUSIVE, None, None, f"{about}: inconclusive: {found}")
    answer = Answer.NOT_SHOWN
    if p_adjusted <= design.alpha:
        answer = {True: Answer.BETTER, False: Answer.WORSE, None: Answer.DIFFERENT}[is_better(found, metric)]
    comparisons = len(design.treatments) * len(design.metrics)
    adjusted = f"; p = {p_adjusted:.2g} allowing for all {comparisons} comparisons" if comparisons > 1 else ""
    return Result(treatment, metric.name, answer, found, p_adjusted, f"{about}: {answer}: {found.sentence}{adjusted}")
