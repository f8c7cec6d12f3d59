"""The statistics, against numpy, scipy and examples worked by hand."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from rollway.sandbox.metrics.distribution import Distribution, StatisticSet, distribution_of, merge
from rollway.sandbox.metrics.statistics import parse_statistic

LATENCIES = np.random.default_rng(1).lognormal(5, 1, 997)
SMALL = np.random.default_rng(2).lognormal(5, 1, 7)


def data(values: object) -> Distribution:
    array = np.asarray(values, dtype=float)
    return distribution_of(array, np.ones_like(array))


def compute(stat: str, values: object) -> float | None:
    statistic = parse_statistic(stat)
    assert statistic, stat
    return statistic.of(values if isinstance(values, Distribution) else data(values))


# 90 data points of 100, 9 of 200 and 1 of 1000.
HUNDRED = distribution_of(np.array([100.0, 200.0, 1000.0]), np.array([90.0, 9.0, 1.0]))


@pytest.mark.parametrize(
    ("stat", "expected"),
    [
        ("SampleCount", 100),
        ("Sum", 90 * 100 + 9 * 200 + 1000),
        ("Average", 118),
        ("Minimum", 100),
        ("Maximum", 1000),
        ("p0", 100),
        ("p50", 100),
        ("p90", 100),
        ("p90.1", 200),
        ("p99", 200),
        ("p99.9", 1000),
        ("p100", 1000),
        ("tm99", (90 * 100 + 9 * 200) / 99),
        ("TM(:99%)", (90 * 100 + 9 * 200) / 99),
        ("TM(90%:99%)", 200),
        ("TM(99%:)", 1000),
        ("TM(100:1000)", (9 * 200 + 1000) / 10),  # 100 is excluded, 1000 is included
        ("TM(:100)", 100),
        ("IQM", 100),
        ("tc90", 90),
        ("TC(:300)", 99),
        ("TC(100:200)", 9),
        ("TC(80%:)", 20),
        ("ts90", 9000),
        ("TS(80%:)", 10 * 100 + 9 * 200 + 1000),
        ("TS(100:)", 9 * 200 + 1000),
        ("PR(:100)", 90),
        ("PR(:99)", 0),
        ("PR(100:1000)", 10),
        ("PR(100:200)", 9),
        ("PR(200:)", 1),
        ("PR(:1000)", 100),
        ("wm99", (90 * 100 + 10 * 200) / 100),
        ("WM(:500)", (90 * 100 + 9 * 200 + 500) / 100),
        ("WM(150:500)", (90 * 150 + 9 * 200 + 500) / 100),
    ],
)
def test_values_worked_by_hand(stat: str, expected: float) -> None:
    """A hundred data points give what the definitions give on paper, boundaries included."""
    assert compute(stat, HUNDRED) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("percentile", [0, 1, 12.5, 50, 90, 99, 99.9, 100])
def test_percentile_is_the_nearest_rank(percentile: float) -> None:
    """A percentile is numpy's inverted distribution function, always a value that occurred."""
    expected = np.percentile(LATENCIES, percentile, method="inverted_cdf")
    assert compute(f"p{percentile}", LATENCIES) == expected


@pytest.mark.parametrize(("low", "high"), [(0, 90), (10, 90), (25, 75), (2, 98), (33.3, 66.6)])
def test_percentage_boundary_cuts_a_data_point_in_parts(low: float, high: float) -> None:
    """Trimming 7 data points equals trimming each of them repeated 1000 times, where every boundary is whole (numpy)."""
    repeated = np.sort(np.repeat(SMALL, 1000))
    kept = repeated[round(low * 70) : round(high * 70)]
    assert compute(f"TM({low}%:{high}%)", SMALL) == pytest.approx(kept.mean())
    assert compute(f"TS({low}%:{high}%)", SMALL) == pytest.approx(kept.sum() / 1000)
    assert compute(f"TC({low}%:{high}%)", SMALL) == pytest.approx(kept.size / 1000)


def test_trimmed_mean_agrees_with_scipy() -> None:
    """Symmetric trimming of a whole number of data points is scipy's trimmed mean."""
    values = LATENCIES[:100]
    assert compute("TM(10%:90%)", values) == pytest.approx(stats.trim_mean(values, 0.1))


def test_winsorized_mean_agrees_with_scipy() -> None:
    """The lowest and the highest part take the value of the edge of what is kept, as scipy's winsorize does."""
    values = LATENCIES[:100]
    expected = stats.mstats.winsorize(values, limits=(0.1, 0.1)).mean()
    assert compute("WM(10%:90%)", values) == pytest.approx(float(expected))


def test_winsorized_mean_between_values_is_a_clip() -> None:
    """Absolute boundaries replace what lies outside by the boundary itself (numpy's clip)."""
    assert compute("WM(50:300)", LATENCIES) == pytest.approx(np.clip(LATENCIES, 50, 300).mean())


def test_rank_bins_partition_the_data() -> None:
    """Neighbouring percentile ranks add up to 100: no data point falls into two bins or between them."""
    edges = ["", "100", "150", "300", ""]
    bins = [compute(f"PR({low}:{high})", LATENCIES) for low, high in pairwise(edges)]
    assert sum(each or 0.0 for each in bins) == pytest.approx(100)


def test_one_data_point_has_every_statistic() -> None:
    """A period with a single request still has its percentiles and trimmed means."""
    assert {compute(stat, [5.0]) for stat in ("p1", "p99", "tm99", "IQM", "WM(10%:90%)")} == {5.0}


@pytest.mark.parametrize("stat", ["TM(500:600)", "TM(2000:)"])
def test_no_mean_of_nothing(stat: str) -> None:
    """A trimmed mean that keeps no data point gives no datum, never a zero."""
    assert compute(stat, HUNDRED) is None


def test_statistic_set_has_no_percentiles() -> None:
    """Aggregated data keep their basic statistics and hide every other one, also from raw data beside them."""
    mixed = merge([data([1.0, 9.0]), Distribution(np.empty(0), np.empty(0), (StatisticSet(4, 20, 0, 12),))])
    basic = [compute(stat, mixed) for stat in ("SampleCount", "Sum", "Average", "Minimum", "Maximum")]
    assert basic == [6, 30, 5, 0, 12]
    assert [compute(stat, mixed) for stat in ("p50", "tm99", "IQM", "PR(:5)", "TC(:5)", "wm90")] == [None] * 6


def test_negative_values_have_no_percentiles() -> None:
    """CloudWatch has no percentiles of metrics with negative values, and so neither have we."""
    assert compute("p50", [-1.0, 2.0, 3.0]) is None
    assert compute("Minimum", [-1.0, 2.0, 3.0]) == -1


@pytest.mark.parametrize(
    "text",
    [
        *(
            "average",
            "Mean",
            "",
            "p",
            "p101",
            "P99",
            "TM99",
            "tm(1:2)",
            "pr(:5)",
            "pr50",
            "TM(10:90%)",
            "TM(10%:90)",
            "iqm",
        ),
        *(
            "TM(:)",
            "TM(5)",
            "TM(90%:10%)",
            "TM(5:5)",
            "TM(0%:101%)",
            "PR(1%:5%)",
            "PR(-1:5)",
            "p99.12345678901",
            "tm99 ",
        ),
    ],
)
def test_unknown_notation(text: str) -> None:
    """Lower case takes one number and upper case a range; what is neither is no statistic."""
    assert parse_statistic(text) is None
