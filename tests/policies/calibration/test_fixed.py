"""How often the tests of an A/B report are wrong, on seeded requests (simulated): claims where nothing differs, intervals that miss.

Every limit allows for three standard errors of the simulation.
"""

import numpy as np
import pandas as pd
import pytest

from policies.compare.fixed.best import find_best
from policies.compare.fixed.design import Design, Metric
from policies.compare.fixed.means import compare_means
from policies.compare.fixed.rates import compare_rates
from policies.compare.fixed.ratio import compare_ratio
from policies.compare.fixed.report import Answer, compare_variants
from policies.compare.fixed.sample import Sample
from policies.compare.fixed.shift import compare_shift

RISK = 0.05
SCORE = Metric("score", "mean", "score", better="higher")
REPORTED = (
    Metric("latency", "mean", "ms", better="lower"),
    Metric("errors", "rate", "failed", better="lower"),
    Metric("typical latency", "shift", "ms", better="lower"),
)


def error(runs: int) -> float:
    """Three standard errors of a proportion at the risk."""
    return 3 * (RISK * (1 - RISK) / runs) ** 0.5


def score(means: dict[str, float], seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.concat([pd.DataFrame({"variant": name, "score": rng.normal(m, 1, 40)}) for name, m in means.items()])


def equal_variants(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame({"variant": name, "ms": rng.gamma(4, 25, 80), "failed": rng.random(80) < 0.2}) for name in "abc"
    ]
    return pd.concat(parts, ignore_index=True)


def test_rates_that_are_equal_are_seldom_told_apart():
    """At rates for either of the two tests, 400 runs each claim at most at the risk."""
    rng = np.random.default_rng(4)
    for rate in (0.002, 0.2):
        draws = rng.binomial((400, 800), rate, (400, 2))
        p_values = [compare_rates(Sample.of_events(b, 400), Sample.of_events(a, 800)).p_value for b, a in draws]
        assert np.mean(np.array(p_values) <= RISK) <= RISK + error(400)


def test_means_that_are_equal_are_told_apart_at_the_risk():
    """With unequal variances and sizes, 2000 runs claim neither more nor less often."""
    rng = np.random.default_rng(3)
    p_values = [
        compare_means(Sample.of_values(rng.normal(0, 1, 20)), Sample.of_values(rng.normal(0, 4, 60))).p_value
        for _ in range(2000)
    ]
    assert np.mean(np.array(p_values) <= RISK) == pytest.approx(RISK, abs=error(2000))


def test_the_true_ratio_is_covered():
    """A ratio of 1.3 lies within the interval as often as promised (100 runs of 100 requests an arm)."""
    rng = np.random.default_rng(10)
    intervals = [
        compare_ratio(Sample.of_values(rng.gamma(4, 1, 100)), Sample.of_values(rng.gamma(4, 1.3, 100))).interval
        for _ in range(100)
    ]
    assert np.mean([1.3 in interval for interval in intervals]) == pytest.approx(1 - RISK, abs=error(100))


@pytest.mark.parametrize(("control", "treatment"), [(12, 9), (60, 80)])
def test_the_true_shift_is_covered(control, treatment):
    """A shift of 1 lies within the interval as often as promised, by the rule for few requests and by that for many (200 runs each)."""
    rng = np.random.default_rng(6)
    intervals = [
        compare_shift(
            Sample.of_values(rng.laplace(0, 1, control)), Sample.of_values(rng.laplace(1, 1, treatment))
        ).interval
        for _ in range(200)
    ]
    assert np.mean([1 in interval for interval in intervals]) >= 1 - RISK - error(200)


def test_the_best_is_seldom_left_out():
    """A variant that is best by a hair is left out at most at the risk (100 runs)."""
    design, means = Design("a", ("b", "c"), (SCORE,)), {"a": 0, "b": 0.001, "c": 0}
    left_out = ["b" not in find_best(score(means, seed), design, "score").unbeaten for seed in range(100)]
    assert np.mean(left_out) <= RISK + error(100)


def test_one_report_has_one_risk():
    """Three equal variants by three metrics: any claim, or any interval that misses, comes at most at the risk (80 runs)."""
    design = Design("a", ("b", "c"), REPORTED)
    reports = [compare_variants(equal_variants(seed), design) for seed in range(80)]
    claimed = [any(result.answer is not Answer.NOT_SHOWN for result in report) for report in reports]
    missed = [any(r.difference is not None and 0 not in r.difference.interval for r in report) for report in reports]
    assert np.mean(claimed) <= RISK + error(80)
    assert np.mean(missed) <= RISK + error(80)
