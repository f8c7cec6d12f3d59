"""The A/B report: one answer per treatment and metric, one risk for all, and never an answer out of nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from policies.compare.fixed.design import Design, Metric
from policies.compare.fixed.report import Answer, compare_variants

LATENCY = Metric("latency", "mean", "ms", better="lower")
ERRORS = Metric("errors", "rate", "failed", better="lower")
SPEEDUP = Metric("speed", "ratio", "ms", better="lower")
MEDIAN = Metric("typical latency", "shift", "ms", better="lower")
SHAPE = Metric("any change", "distribution", "ms")
ALL = (LATENCY, ERRORS, SPEEDUP, MEDIAN, SHAPE)


def requests(variants: dict[str, tuple[float, float]], size: int = 200, seed: int = 12) -> pd.DataFrame:
    """Requests of each variant, by mean latency and rate of failure."""
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame({"variant": name, "ms": rng.gamma(4, mean / 4, size), "failed": rng.random(size) < rate})
        for name, (mean, rate) in variants.items()
    ]
    return pd.concat(parts, ignore_index=True)


def test_every_kind_is_answered_in_the_designs_order() -> None:
    """A much slower, failing treatment is worse by every metric that has a direction, and different by the one that has none."""
    found = compare_variants(requests({"a": (100, 0.02), "b": (150, 0.2)}), Design("a", ("b",), ALL))
    assert [(result.variant, result.metric) for result in found] == [("b", metric.name) for metric in ALL]
    assert [result.answer for result in found] == [Answer.WORSE] * 4 + [Answer.DIFFERENT]


def test_direction_is_the_metrics_own() -> None:
    """The same numbers are better, worse or merely different as the metric declares."""
    data = requests({"a": (100, 0), "b": (60, 0)})
    metrics = [Metric(str(better), "mean", "ms", better=better) for better in ("lower", "higher", None)]
    found = compare_variants(data, Design("a", ("b",), tuple(metrics)))
    assert [result.answer for result in found] == [Answer.BETTER, Answer.WORSE, Answer.DIFFERENT]


def test_risk_is_shared_by_all_comparisons() -> None:
    """p-values are Holm's and intervals Bonferroni's over treatments and metrics (oracle: scipy's t-test and both rules by hand)."""
    data = requests({"a": (100, 0), "b": (112, 0), "c": (140, 0)})
    found = compare_variants(data, Design("a", ("b", "c"), (LATENCY,), alpha=0.1))
    arms = {name: rows["ms"].to_numpy() for name, rows in data.groupby("variant")}
    tests = [stats.ttest_ind(arms[name], arms["a"], equal_var=False) for name in ("b", "c")]
    assert tests[1].pvalue < tests[0].pvalue
    assert [result.p_adjusted for result in found] == pytest.approx([tests[0].pvalue, 2 * tests[1].pvalue])
    for result, test in zip(found, tests, strict=True):
        assert result.difference is not None
        assert result.difference.interval.low == pytest.approx(test.confidence_interval(0.95).low)


def test_counts_and_requests_give_the_same_report() -> None:
    """Grouping equal requests, or counting events and trials, changes no number."""
    data = requests({"a": (100, 0.1), "b": (100, 0.2)}).round({"ms": -1})
    grouped = data.groupby(["variant", "ms", "failed"]).size().rename("requests").reset_index()
    design = Design("a", ("b",), ALL)
    assert compare_variants(grouped, Design("a", ("b",), ALL, count_column="requests")) == compare_variants(
        data, design
    )
    counted = data.groupby("variant")["failed"].agg(["sum", "size"]).reset_index()
    rate = Metric("errors", "rate", "sum", trials="size", better="lower")
    direct, by_count = (
        compare_variants(table, Design("a", ("b",), (metric,))) for table, metric in ((data, ERRORS), (counted, rate))
    )
    assert direct == by_count


UNKNOWN = {
    "missing value": (lambda data: data.assign(ms=data["ms"].where(data.index != 250)), "1 of 200 values are missing"),
    "text": (
        lambda data: data.assign(ms=data["ms"].astype(object).where(data.index != 250, "slow")),
        "1 of 200 values",
    ),
    "no request": (lambda data: data[data["variant"] != "b"], "too few requests in the treatment: 0"),
    "one request": (
        lambda data: data.drop(data.index[data["variant"] == "b"][1:]),
        "too few requests in the treatment: 1",
    ),
    "no control": (lambda data: data[data["variant"] != "a"], "too few requests in the control: 0"),
    "no spread": (lambda data: data.assign(ms=100.0), "same"),
}


@pytest.mark.parametrize("case", UNKNOWN)
@pytest.mark.parametrize("metric", [LATENCY, SPEEDUP, MEDIAN])
def test_what_is_unknown_is_inconclusive(case: str, metric: Metric) -> None:
    """Neither a p-value nor an estimate comes out of nothing; the sentence says why."""
    spoil, reason = UNKNOWN[case]
    data = spoil(requests({"a": (100, 0.1), "b": (100, 0.1)}))
    (found,) = compare_variants(data, Design("a", ("b",), (metric,)))
    assert (found.answer, found.difference, found.p_adjusted) == (Answer.INCONCLUSIVE, None, None)
    assert reason in found.sentence


def test_a_comparison_that_failed_stays_in_the_count() -> None:
    """Missing data make the other comparisons no easier: their p-values and intervals are as if it had been made."""
    data = requests({"a": (100, 0), "b": (130, 0)})
    found = compare_variants(data, Design("a", ("b", "c"), (LATENCY,)))
    alone = compare_variants(data, Design("a", ("b",), (LATENCY,)))
    assert found[1].answer is Answer.INCONCLUSIVE
    assert found[0].p_adjusted == pytest.approx(2 * (alone[0].p_adjusted or 0))
    assert found[0].difference is not None
    assert found[0].difference.interval.level == pytest.approx(0.975)


def test_missing_counts_of_a_rate_are_inconclusive() -> None:
    """A minute without its count of trials is not a minute without trials."""
    data = pd.DataFrame({"variant": ["a", "a", "b"], "bad": [1, 2, 3], "all": [100, None, 100]})
    (found,) = compare_variants(data, Design("a", ("b",), (Metric("errors", "rate", "bad", trials="all"),)))
    assert found.answer is Answer.INCONCLUSIVE
    assert "a count of events or of trials is missing" in found.sentence


def test_a_foreign_table_is_refused() -> None:
    """A missing column and a variant that the design does not know are mistakes, named with what there is."""
    data = requests({"a": (100, 0), "b": (100, 0)})
    with pytest.raises(ValueError, match=r"no column 'ms'; it has variant, failed"):
        compare_variants(data.drop(columns="ms"), Design("a", ("b",), (LATENCY,)))
    with pytest.raises(ValueError, match=r"rows of variant 'b'; the design names a, c"):
        compare_variants(data, Design("a", ("c",), (LATENCY,)))


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: Design("a", ("b",), (LATENCY,), alpha=5), "alpha is 5"),
        (lambda: Design("a", ("b", "a"), (LATENCY,)), "variant 'a' is named more than once"),
        (lambda: Design("a", ("b",), (LATENCY, LATENCY)), "metric 'latency' is named more than once"),
        (lambda: Design("a", (), (LATENCY,)), "no treatment or no metric"),
        (lambda: Metric("x", "median", "ms"), "no kind 'median'; write one of mean"),
        (lambda: Metric("x", "mean", "ms", trials="n"), "only a rate has trials"),
        (lambda: Metric("x", "distribution", "ms", better="lower"), "never better"),
    ],
)
def test_a_design_that_contradicts_itself_is_refused(mistake, message: str) -> None:
    """What cannot be carried out is said before any data are seen."""
    with pytest.raises(ValueError, match=message):
        mistake()


def test_the_sentence_says_what_was_compared() -> None:
    """A reader sees metric, variants, answer, numbers and the adjustment."""
    data = requests({"a": (100, 0.1), "b": (100, 0.1)})
    found = compare_variants(data, Design("a", ("b",), (LATENCY, ERRORS)))
    assert found[0].sentence.startswith("latency, b against a: no difference shown: difference of means ")
    assert found[1].sentence.endswith(f"; p = {found[1].p_adjusted:.2g} allowing for all 2 comparisons")
