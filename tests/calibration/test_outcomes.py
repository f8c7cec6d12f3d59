"""Simulated rollouts judged all at once: the same verdicts, look by look, as one rollout at a time."""

import numpy as np
import pytest

from policies import replay
from policies.spec import Policy
from policies.verdict import Call
from rollway.calibration.faults import NO_FAULT, Fault, Faults
from rollway.calibration.frames import to_frame
from rollway.calibration.outcomes import Outcomes, find_looks, find_outcomes, first_look
from rollway.calibration.traffic import Scenario, TrafficPlan, draw
from rollway.calibration.worlds import WORLDS
from tests.calibration.building import make_policy

RUNS = 2
CASES: list[tuple[float, str, Faults]] = [
    (600.0, "shock", NO_FAULT),
    (4000.0, "drift", NO_FAULT),
    (60.0, "drift", NO_FAULT),
    (600.0, "iid", (Fault(latency_ratio=1.5, onset=9),)),
    (2000.0, "over_ar", (Fault(error_added=0.05, from_share=50.0),)),
    (600.0, "iid", (Fault(silences="candidate", onset=14),)),
    (600.0, "iid", (Fault(silences="baseline", onset=3, until=5),)),
]
LADDER = ((10.0, 15), (50.0, 15))


@pytest.mark.parametrize(("requests_per_minute", "world", "faults"), CASES)
def test_all_runs_at_once_agree_with_each_one_replayed(requests_per_minute: float, world: str, faults: Faults) -> None:
    """The verdicts of simulated rollouts are those that a replay of their observations gives, look by look."""
    policy = make_policy(warm_up="2m" if world == "shock" else "0s")
    strata = draw(Scenario(TrafficPlan(requests_per_minute, LADDER), WORLDS[world], faults=faults), RUNS, 5)
    looks = find_looks(policy, strata)
    for run in range(RUNS):
        verdicts = [verdict.decision for verdict in replay(policy, to_frame(strata, run))]
        assert [call is Call.ROLLBACK for call in verdicts] == list(looks.rollback[run])
        assert [call is Call.PROMOTE for call in verdicts] == list(looks.promote[run])


def test_the_cases_hold_every_kind_of_verdict() -> None:
    """The comparison with replays is not empty: among its cases are rollouts that pass and rollouts that are taken back."""
    found = [outcomes(*case) for case in CASES]
    assert any(each.all_passed.any() for each in found)
    assert any(each.rolled_back.any() for each in found)
    assert any((~each.rolled_back & ~each.passed[:, -1]).any() for each in found)


def test_stages_need_only_their_own_gates() -> None:
    """A stage that does not list a gate passes without it."""
    scenario = Scenario(TrafficPlan(600.0, LADDER), faults=(Fault(latency_ratio=1.1),))
    strata = draw(scenario, RUNS, 5)
    lenient = make_policy(stages=[{"share": 10, "bake": "5m", "gates": []}, {"share": 50, "bake": "5m"}])
    assert np.all(find_outcomes(lenient, strata).promote_at[:, 0] == 5)
    assert np.all(find_outcomes(make_policy(), strata).promote_at[:, 0] > 5)


def test_exposure_counts_what_was_served_until_the_rollback() -> None:
    """Requests count up to and with the stratum that decided, and for as many more as the metrics come late."""
    scenario = Scenario(TrafficPlan(600.0, LADDER), faults=(Fault(error_added=0.2),))
    strata = draw(scenario, RUNS, 5)
    at_once, late = find_outcomes(make_policy(), strata), find_outcomes(make_policy(), strata, lag=2)
    for run, look in enumerate(at_once.rollback_at.astype(int)):
        assert at_once.served[run] == strata.invocations.candidate[run, :look].sum()
        assert at_once.failed[run] == strata.errors["errors_5xx"].candidate[run, :look].sum()
        assert late.served[run] == strata.invocations.candidate[run, : look + 2].sum()


def test_first_looks_are_counted_from_one() -> None:
    """A first look is the number of strata known by then, and infinite where there is none."""
    verdicts = np.array([[True, False], [False, True], [False, False]])
    assert list(first_look(verdicts)) == [1.0, 2.0, np.inf]


def outcomes(requests_per_minute: float, world: str, faults: Faults, policy: Policy | None = None) -> Outcomes:
    strata = draw(Scenario(TrafficPlan(requests_per_minute, LADDER), WORLDS[world], faults=faults), RUNS, 5)
    return find_outcomes(policy or make_policy(), strata)
