"""How often the judge is wrong, on seeded simulated traffic: small here, large in ``python -m benchmarks.honesty``.

Every limit allows for Monte-Carlo error: a rate is in order when its exact (Clopper-Pearson) 99.9 % lower bound is not above the risk.
"""

from typing import Final

import pytest
from scipy.stats import binomtest

from policies.loading import parse_policy
from policies.spec import Policy
from rollway.calibration.faults import NO_FAULT, Fault, Faults, Service
from rollway.calibration.outcomes import Outcomes, find_outcomes
from rollway.calibration.traffic import Scenario, TrafficPlan, draw
from rollway.calibration.worlds import WORLDS

RISK: Final = 0.05
RUNS: Final = 60
GATES: Final = {
    "errors": {"metric": "errors_5xx", "no_worse_than": {"ratio": 1.2, "or_absolute": "0.5%"}},
    "latency": {"metric": "latency", "no_worse_than": "10%"},
    "sample": {"requests_at_least": 1},
}
AT_THE_MARGIN: Final = (Fault(error_added=0.005, latency_ratio=1.1),)
PLANS: Final = {
    "5 %": lambda requests: TrafficPlan.steady(requests, 5),
    "50 %": lambda requests: TrafficPlan.steady(requests, 50),
    "staged": TrafficPlan.staged,
}


def make_policy(plan: TrafficPlan, bake: str = "1m") -> Policy:
    return parse_policy(
        {"strategy": "canary", "stages": [{"share": share, "bake": bake} for share, _ in plan.ladder], "gates": GATES}
    )


def judge(plan: TrafficPlan, world: str, faults: Faults, bake: str = "1m", service: Service | None = None) -> Outcomes:
    scenario = Scenario(plan, WORLDS[world], service or Service(), faults)
    return find_outcomes(make_policy(plan, bake), draw(scenario, RUNS, 20261122))


def assert_at_most(risk: float, events: int) -> None:
    low = binomtest(events, RUNS).proportion_ci(0.998, method="exact").low
    assert low <= risk, f"{events} of {RUNS} runs, {risk:.0%} are allowed"


@pytest.mark.parametrize("world", list(WORLDS))
@pytest.mark.parametrize("name", list(PLANS))
@pytest.mark.parametrize("requests", [50, 500, 5000])
def test_a_good_candidate_is_rarely_taken_back(requests, name, world):
    """Looking every minute for an hour, errors and latency jointly, in every world: no more often than the risk."""
    outcomes = judge(PLANS[name](requests), world, NO_FAULT)
    assert_at_most(RISK, int(outcomes.rolled_back.sum()))


@pytest.mark.parametrize("world", list(WORLDS))
@pytest.mark.parametrize("name", list(PLANS))
@pytest.mark.parametrize("requests", [500, 5000])
def test_a_candidate_at_its_margins_is_rarely_promoted(requests, name, world):
    """Errors and latency both exactly at the margin: passed no more often than the risk, nor taken back where only chance differs.

    Not claimed: where arms have noise of their own, such a candidate is taken back more often (see docs/explanation/judge.md).
    """
    outcomes = judge(PLANS[name](requests), world, AT_THE_MARGIN)
    assert_at_most(RISK, int(outcomes.all_passed.sum()))
    if WORLDS[world].noise is None:
        assert_at_most(RISK, int(outcomes.rolled_back.sum()))


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (TrafficPlan.steady(5000, 50), Fault(error_added=0.02, latency_ratio=1.25, onset=20)),
        (TrafficPlan.staged(5000), Fault(error_added=0.02, from_share=50)),
        (TrafficPlan.staged(5000), Fault(latency_ratio=1.25, from_share=50)),
        (TrafficPlan.staged(5000), Fault(error_added=0.02, latency_ratio=1.25, onset=47)),
    ],
    ids=["from minute 20", "errors from 50 % on", "latency from 50 % on", "after the last shift"],
)
def test_late_and_load_dependent_faults_are_not_promoted(plan, fault):
    """A fault that sets in late, or under load only, does not pass the last stage on what was shown before it."""
    outcomes = judge(plan, "drift", (fault,), bake="25m" if len(plan.ladder) == 1 else "10m")
    assert_at_most(RISK, int(outcomes.all_passed.sum()))


@pytest.mark.parametrize(
    ("fault", "requests"),
    [(Fault(latency_ratio=2.0), 60), (Fault(error_added=0.05), 60)],
    ids=["latency × 2", "errors + 5 points"],
)
def test_a_grave_fault_hurts_few(fault, requests):
    """At 25 candidate requests a minute: twice the latency is found within 60 requests, 5 points more errors within 60 failed ones."""
    outcomes = judge(TrafficPlan.steady(500, 5), "iid", (fault,))
    hurt = outcomes.failed if fault.error_added else outcomes.served
    assert outcomes.rolled_back.mean() >= 0.95
    assert sorted(hurt)[RUNS // 2] <= requests


def test_a_service_without_any_error_can_be_promoted():
    """Nothing ever fails, in either arm: the absolute margin is proven within the hour."""
    outcomes = judge(TrafficPlan.steady(500, 50), "drift", NO_FAULT, service=Service(error_rate=0.0))
    assert outcomes.all_passed.mean() >= 0.9
