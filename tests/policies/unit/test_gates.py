"""Every gate: what it needs to pass, what fails it, and what it says when it cannot tell."""

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from policies.gates.judging import judge_gate, judge_gates
from policies.observation import Unavailable
from policies.verdict import Answer, GateVerdict
from tests.policies.building import MINUTE, START, make_evidence, make_policy, make_strata

PASS, FAIL, INCONCLUSIVE = Answer.PASS, Answer.FAIL, Answer.INCONCLUSIVE
ERRORS = {"metric": "errors_5xx", "no_worse_than": {"ratio": 1.2, "or_absolute": "1%"}}
LATENCY = {"metric": "latency", "no_worse_than": "10%"}
SAMPLE = {"requests_at_least": 300}
SPLIT = {"share_within": "10%"}
LIMIT = {"metric": "ModelLatency", "at_most": 100}


def judge(gate: dict[str, Any], *strata: pd.DataFrame, **evidence: Any) -> GateVerdict:
    policy = make_policy(gates={"gate": gate})
    return judge_gate("gate", policy.gates["gate"], make_evidence(policy, strata, **evidence))


def values(*numbers: float) -> pd.Series:
    index = pd.DatetimeIndex([START + number * MINUTE for number in range(len(numbers))], dtype="datetime64[us, UTC]")
    return pd.Series(list(numbers), index=index)


TABLE = [
    ("as good", ERRORS, {"requests": (500, 500), "errors": (1, 1)}, PASS, None),
    ("no errors at all", ERRORS, {"requests": (500, 500)}, PASS, None),
    ("far worse", ERRORS, {"requests": (500, 500), "errors": (50, 5)}, FAIL, None),
    ("hardly any requests", ERRORS, {"requests": (2, 38)}, INCONCLUSIVE, "few_requests"),
    ("as fast", LATENCY, {"latency_ms": (50, 50)}, PASS, None),
    ("far slower", LATENCY, {"latency_ms": (80, 50)}, FAIL, None),
    ("slower by the margin", LATENCY, {"latency_ms": (55, 50)}, INCONCLUSIVE, "few_requests"),
    ("enough of each", SAMPLE, {"requests": (50, 950)}, PASS, None),
    ("too few of the candidate", SAMPLE, {"requests": (20, 950)}, INCONCLUSIVE, "few_requests"),
    ("too few of the baseline", SAMPLE, {"requests": (950, 20)}, INCONCLUSIVE, "few_requests"),
    ("none of the candidate", SAMPLE, {"requests": (0, 950)}, INCONCLUSIVE, "metrics_unavailable"),
    ("none of the baseline", SAMPLE, {"requests": (950, 0)}, INCONCLUSIVE, "metrics_unavailable"),
    ("as ordered", SPLIT, {"requests": (50, 950)}, PASS, None),
    ("a little off", SPLIT, {"requests": (54, 946)}, PASS, None),
    ("off by less than it may be, on very many", SPLIT, {"requests": (5_400, 94_600)}, PASS, None),
    ("off by more than it may be, on very many", SPLIT, {"requests": (5_600, 94_400)}, INCONCLUSIVE, "traffic_split"),
    ("off the other way", SPLIT, {"requests": (4_400, 95_600)}, INCONCLUSIVE, "traffic_split"),
    ("far off", SPLIT, {"requests": (100, 900)}, INCONCLUSIVE, "traffic_split"),
    ("far off, on too few", SPLIT, {"requests": (1, 8)}, PASS, None),
    ("nothing for the candidate", SPLIT, {"requests": (0, 950)}, INCONCLUSIVE, "traffic_split"),
]


@pytest.mark.parametrize(("name", "gate", "traffic", "verdict", "reason"), TABLE, ids=[row[0] for row in TABLE])
def test_a_gate_says_what_twelve_equal_minutes_show(
    name: str, gate: dict[str, Any], traffic: dict[str, Any], verdict: Answer, reason: str | None
) -> None:
    """The candidate passes, fails or stays open for the reason that a person would give on seeing the traffic."""
    said = judge(gate, make_strata(START, 12, **traffic))
    assert (said.verdict, said.reason) == (verdict, reason), f"{name}: {said.sentence}"


@pytest.mark.parametrize(
    ("gate", "reason"),
    [
        (ERRORS, "few_requests"),
        (LATENCY, "few_requests"),
        (SAMPLE, "metrics_unavailable"),
        (SPLIT, "metrics_unavailable"),
        (LIMIT, "few_requests"),
    ],
)
def test_no_data_never_passes(gate: dict[str, Any], reason: str) -> None:
    """Silence is not health, whatever the gate."""
    said = judge(gate, series={"gate": values()})
    assert (said.verdict, said.reason) == (INCONCLUSIVE, reason)


def test_a_limit_without_data_for_long_is_unavailable() -> None:
    """A metric that has not come after many periods is missing, not late."""
    said = judge(LIMIT, make_strata(START, 20), series={"gate": values()})
    assert (said.verdict, said.reason) == (INCONCLUSIVE, "metrics_unavailable")


@pytest.mark.parametrize("gate", [ERRORS, LATENCY, SAMPLE])
@pytest.mark.parametrize("requests", [(0, 950), (950, 0)])
def test_one_empty_arm_never_passes(gate: dict[str, Any], requests: tuple[int, int]) -> None:
    """A comparison needs both sides: an arm that nobody asked anything proves nothing."""
    assert judge(gate, make_strata(START, 30, requests=requests)).verdict is INCONCLUSIVE


@pytest.mark.parametrize("gate", [ERRORS, LATENCY, SAMPLE, SPLIT, LIMIT])
def test_metrics_that_cannot_be_read_are_an_error(gate: dict[str, Any]) -> None:
    """A metrics store that is down gives an ERROR that says so, never a verdict on the model."""
    policy = make_policy(gates={"gate": gate})
    (said,) = judge_gates({"gate": policy.gates["gate"]}, Unavailable("throttled"))
    assert (said.verdict, said.reason, said.sentence) == (Answer.ERROR, "metrics_unavailable", "throttled")


def test_an_arm_that_fell_silent_is_noticed() -> None:
    """Two missing minutes are tolerated, three mean that nobody knows how that arm is doing."""
    both, alone = make_strata(START, 10), make_strata(START + 10 * MINUTE, 3, requests=(0, 950))
    assert judge(SAMPLE, both, alone.head(2)).verdict is PASS
    said = judge(SAMPLE, both, alone)
    assert (said.verdict, said.reason) == (INCONCLUSIVE, "metrics_unavailable")
    assert "lately for the candidate" in said.sentence


def test_at_a_full_share_the_baseline_need_not_answer() -> None:
    """Where the policy gives the candidate everything, the sample is the candidate's alone."""
    assert judge(SAMPLE, make_strata(START, 10, requests=(950, 0)), share=100).verdict is PASS


def test_an_outage_of_both_arms_is_not_blamed_on_the_candidate() -> None:
    """When everything fails in both arms alike, the environment is to blame."""
    outage = make_strata(START + 10 * MINUTE, 10, requests=(500, 500), errors=(300, 300))
    assert judge(ERRORS, make_strata(START, 10, requests=(500, 500)), outage).verdict is not FAIL


def test_errors_counted_before_their_requests_blind_no_gate() -> None:
    """A minute with more errors than requests, or with none in either arm, leaves the other minutes' evidence standing."""
    odd = make_strata(START, 1, requests=(5, 5), errors=(9, 1))
    empty = make_strata(START + MINUTE, 1).assign(invocations=0, errors_5xx=0)
    worse = make_strata(START + 2 * MINUTE, 10, requests=(500, 500), errors=(50, 5))
    assert judge(ERRORS, odd, empty, worse).verdict is FAIL


def test_the_risk_of_a_false_rollback_is_shared_by_all_comparisons() -> None:
    """With more comparisons each needs more evidence to fail (Bonferroni): 1 / 5 % = 20 for one, 40 for two."""
    strata = (make_strata(START, 5, requests=(500, 500), errors=(50, 5)),)
    for count, needed in ((1, 20), (2, 40)):
        policy = make_policy(gates={f"e{number}": ERRORS for number in range(count)})
        said = judge_gate("e0", policy.gates["e0"], make_evidence(policy, strata))
        assert said.worse is not None
        assert said.worse.threshold == needed


def test_a_failure_tells_its_numbers() -> None:
    """The person on call reads rates, margin, evidence and how much sufficed."""
    said = judge(ERRORS, make_strata(START, 10, requests=(500, 500), errors=(50, 5)))
    for told in ("10.00%", "1.00%", "errors_5xx", "tolerated × 1.2 or + 1%", "by chance in less than 1 of 1,000,000"):
        assert told in said.sentence
    assert said.estimate == pytest.approx((50 / 450) / (5 / 495), rel=0.02)  # the odds ratio, on a grid
    assert said.samples is not None
    assert (said.samples.candidate, said.samples.baseline) == (5000, 5000)


@pytest.mark.parametrize(
    ("limit", "numbers", "verdict"),
    [
        ({"at_most": 100}, (50, 60, 70, 80, 90), PASS),
        ({"at_most": 100}, (50, 101, 102, 50, 50), PASS),
        ({"at_most": 100}, (50, 101, 102, 103, 50), FAIL),
        ({"at_most": 100}, (101, 102, 103), FAIL),
        ({"at_most": 100}, (101, 102), INCONCLUSIVE),
        ({"at_most": 100}, (999, 999, 999, 1, 2, 3, 4, 5), PASS),
        ({"at_most": 100, "breaches": 1, "of": 1}, (101,), FAIL),
        ({"at_least": 99}, (99, 99, 98, 97, 96), FAIL),
        ({"at_least": 99}, (99, 99.5, 100, 99, 98), PASS),
    ],
)
def test_a_fixed_limit_looks_at_the_newest_periods(
    limit: dict[str, Any], numbers: tuple[float, ...], verdict: Answer
) -> None:
    """M of the last N periods beyond the limit fail it, fewer than N periods never pass it."""
    gate = {"metric": "ModelLatency", "statistic": "p99"} | limit
    assert judge(gate, series={"gate": values(*numbers)}, until=START + len(numbers) * MINUTE).verdict is verdict


def test_a_limit_that_was_kept_tells_how_often() -> None:
    """Two of five periods beyond it are not enough to fail, and no secret either."""
    said = judge({"statistic": "p99"} | LIMIT, series={"gate": values(50, 101, 102, 50, 49)}, until=START + 5 * MINUTE)
    assert said.sentence == (
        "ModelLatency p99 of the candidate kept its limit (at most 100) in 3 of 5 periods, last 49"
    )


def test_a_limit_on_a_metric_that_went_silent_does_not_pass() -> None:
    """Good values of a while ago say nothing about now; bad ones still fail."""
    late = START + 5 * MINUTE + timedelta(minutes=3)
    said = judge(LIMIT, series={"gate": values(1, 1, 1, 1, 1)}, until=late)
    assert (said.verdict, said.reason) == (INCONCLUSIVE, "metrics_unavailable")
    assert said.sentence == "ModelLatency Average of the candidate: no data since 12:04 UTC"
    assert judge(LIMIT, series={"gate": values(101, 101, 101)}, until=late).verdict is FAIL
