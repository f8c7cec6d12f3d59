"""The gate that makes an A/B test's winner: what passes, what does not yet, and what proves nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from policies.gates.judging import judge_gate
from policies.gates.spec import Superiority
from policies.gates.superiority_series import count_of, total_of
from policies.verdict import Answer, GateVerdict
from tests.policies.building import MINUTE, START, make_evidence, make_policy, make_strata

PERIODS = 60


def judge(
    rates: tuple[float, float],
    counts: tuple[int, int] = (200, 200),
    *,
    seed: int = 1,
    measured: int = PERIODS,
    requests: tuple[int, int] | None = None,
    **gate: object,
) -> GateVerdict:
    """Judge a 0/1 metric of candidate and baseline, drawn by the minute, for an hour's bake."""
    spec = Superiority.model_validate({"metric": "Purchase", "namespace": "Shop", "better_by": "0%"} | gate)
    policy = make_policy(
        strategy="ab_test",
        stages=[{"share": 50, "bake": f"{PERIODS}m"}],
        gates={"purchases": spec.model_dump(mode="json")},
    )
    minutes = pd.date_range(START, periods=measured, freq="1min")
    series = {}
    for number, (arm, rate, count) in enumerate(zip(("candidate", "baseline"), rates, counts, strict=True)):
        rng = np.random.default_rng([seed, number])
        series[total_of("purchases", arm)] = pd.Series(rng.binomial(count, rate, measured).astype(float), minutes)
        series[count_of("purchases", arm)] = pd.Series(float(count), minutes)
    strata = [make_strata(START, measured, requests=requests or counts)]
    evidence = make_evidence(policy, strata, series, share=50, until=START + measured * MINUTE)
    return judge_gate("purchases", spec, evidence)


@pytest.mark.parametrize("looks", ["any", "once"])
def test_a_better_challenger_passes_and_an_equal_one_does_not(looks):
    """A fifth more purchases is shown within the hour; none more is not, and says with its numbers that it is not."""
    better, equal = judge((0.24, 0.20), looks=looks), judge((0.20, 0.20), looks=looks)

    assert better.verdict is Answer.PASS
    assert "shown to be better" in better.sentence
    assert (equal.verdict, "not shown to be better" in equal.sentence) == (Answer.INCONCLUSIVE, True)


def test_lower_can_be_the_better():
    """Where lower values are better, fewer returns pass, and more do not."""
    assert judge((0.16, 0.20), better="lower").verdict is Answer.PASS
    assert judge((0.24, 0.20), better="lower").verdict is Answer.INCONCLUSIVE


def test_an_effect_too_small_to_ship_does_not_win():
    """The challenger has to be better by more than the policy asks for, not just better."""
    assert judge((0.24, 0.20), better_by="5%").verdict is Answer.PASS
    assert judge((0.24, 0.20), better_by="25%").verdict is Answer.INCONCLUSIVE


def test_one_look_waits_for_the_end_and_then_stays_with_its_answer():
    """Looked at once, nothing is told before the bake has been measured, and what comes after it changes nothing."""
    early = judge((0.24, 0.20), looks="once", measured=PERIODS - 1)
    assert (early.verdict, early.reason, early.estimate) == (Answer.INCONCLUSIVE, "few_requests", None)
    due, later = (judge((0.2, 0.2), looks="once", measured=measured, seed=3) for measured in (PERIODS, 2 * PERIODS))
    assert due == later
    assert due.reason == "otherwise", "final: no further look will be taken"


def test_the_one_look_agrees_with_a_t_test():
    """Periods alike in size: the p-value is close to that of scipy's one-sided t-test on the periods' differences, never far below it."""
    candidate, baseline = (
        np.random.default_rng([4, number]).binomial(200, rate, PERIODS) / 200
        for number, rate in enumerate((0.21, 0.20))
    )
    expected = stats.ttest_1samp(candidate - baseline, 0, alternative="greater").pvalue
    found = judge((0.21, 0.20), seed=4, looks="once", risk="49%")
    p_value = float(found.sentence.split("p = ")[1].split(",")[0])
    assert expected / 2 <= p_value <= max(3 * expected, 0.05)


@pytest.mark.parametrize(
    ("counts", "requests", "measured", "reason", "told"),
    [
        ((200, 200), None, 4, "few_requests", "in 4 periods"),
        ((1, 1), None, 60, "few_requests", "100 of each arm"),
        ((100, 200), (200, 200), 60, "traffic_split", "values of one arm are lost"),
        ((0, 0), (200, 200), 60, "metrics_unavailable", "has no value"),
        ((0, 200), (200, 200), 60, "metrics_unavailable", "has no value"),
    ],
)
def test_too_little_or_lost_values_prove_nothing(counts, requests, measured, reason, told):
    """However good it looks: few values, values lost in one arm, or none at all are no win, and say why."""
    verdict = judge((0.5, 0.2), counts, measured=measured, requests=requests)
    assert (verdict.verdict, verdict.reason) == (Answer.INCONCLUSIVE, reason)
    assert told in verdict.sentence


def test_values_without_spread_prove_nothing():
    """A metric that is always the same is a broken metric, not a certain one."""
    assert judge((1.0, 1.0)).reason == "metrics_unavailable"


def test_risk_is_shared_among_the_challengers():
    """With three challengers each has a third of the risks of being promoted wrongly; the risk of a rollback is not divided."""
    gate = {"metric": "Purchase", "namespace": "Shop", "better_by": "0%", "risk": "6%"}
    policy = make_policy(strategy="ab_test", stages=[{"share": 20, "bake": "1h"}], gates={"purchases": gate})
    shared = policy.shared_among(3)
    assert shared.superiority is not None
    assert shared.superiority[1].risk == pytest.approx(0.02)
    assert shared.risk.false_promotion == pytest.approx(policy.risk.false_promotion / 3)
    assert shared.risk.false_rollback == policy.risk.false_rollback
