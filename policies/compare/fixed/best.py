"""Which variant is best? All that no other has been shown to beat."""

from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from policies.compare.fixed.design import Design
from policies.compare.fixed.difference import Difference
from policies.compare.fixed.multiplicity import adjust_holm, simultaneous_level
from policies.compare.fixed.reading import check_table
from policies.compare.fixed.report import compare_pair, is_better


@dataclass(frozen=True)
class Contenders:
    """The variants among which the best one is, by one metric.

    Attributes:
        metric: the metric.
        unbeaten: the variants that no other was shown to beat, in the design's order.
        beaten: each other variant with those that were shown to beat it.
        inconclusive: the pairs that could not be compared, with the reason.
        sentence: the same in plain words.
    """

    metric: str
    unbeaten: tuple[str, ...]
    beaten: dict[str, tuple[str, ...]]
    inconclusive: dict[tuple[str, str], str]
    sentence: str


def find_best(data: pd.DataFrame, design: Design, metric_name: str) -> Contenders:
    """Compare all variants with each other and leave out those that another one beats.

    With a chance of at least 1 - alpha no variant is left out wrongly (Holm over all pairs), so the truly best variant is among the
    unbeaten. That says how often the method is right, not how probable it is that a certain variant is best. One unbeaten variant alone
    is the best one; several are not shown to be equal. A variant that could not be compared is never left out for it.

    Args:
        data: as for ``compare_variants``.
        design: the variants; the control is one among them here.
        metric_name: a metric of the design that says which way is better.

    Raises:
        ValueError: when the table is not the design's, or the metric is unknown or says of no way that it is better.
    """
    check_table(data, design)
    metric = design.metric(metric_name)
    if metric.better is None:
        raise ValueError(
            f"metric {metric.name!r} does not say which way is better; set `better` to 'lower' or 'higher'"
        )
    pairs = list(combinations(design.variants, 2))
    level = simultaneous_level(design.alpha, len(pairs))
    found = {pair: compare_pair(data, design, metric, pair, level) for pair in pairs}
    adjusted = adjust_holm([answer.p_value if isinstance(answer, Difference) else 1.0 for answer in found.values()])
    winners: dict[str, list[str]] = {}
    for (pair, answer), p_adjusted in zip(found.items(), adjusted.tolist(), strict=True):
        if (
            isinstance(answer, Difference)
            and p_adjusted <= design.alpha
            and (better := is_better(answer, metric)) is not None
        ):
            loser, winner = pair if better else pair[::-1]
            winners.setdefault(loser, []).append(winner)
    beaten = {loser: tuple(names) for loser, names in winners.items()}
    unbeaten = tuple(variant for variant in design.variants if variant not in beaten)
    inconclusive = {pair: answer for pair, answer in found.items() if isinstance(answer, str)}
    return Contenders(metric.name, unbeaten, beaten, inconclusive, _phrase(design, unbeaten, beaten, inconclusive))


def _phrase(
    design: Design,
    unbeaten: tuple[str, ...],
    beaten: dict[str, tuple[str, ...]],
    inconclusive: dict[tuple[str, str], str],
) -> str:
    """Say which variants remain, at which risk, and what is unknown."""
    risk = f"at a risk of {100 * design.alpha:g} % of any false claim"
    losses = "; ".join(f"{loser} is beaten by {' and '.join(names)}" for loser, names in beaten.items())
    if len(unbeaten) == 1:
        text = f"{unbeaten[0]} is the best ({risk}): {losses}"
    elif beaten:
        text = f"the best is one of {', '.join(unbeaten)} ({risk}): {losses}"
    else:
        text = f"no variant is shown to beat another ({risk})"
    unknown = "; ".join(f"{first} and {second}: {reason}" for (first, second), reason in inconclusive.items())
    return f"{text}; not compared: {unknown}" if unknown else text
