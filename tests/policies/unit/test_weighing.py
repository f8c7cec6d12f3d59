"""All comparisons at once: what both arms suffer is the environment, what one suffers is not, and nothing passes on silence."""

from dataclasses import replace

import numpy as np
import pytest

from policies.gates.judging import judge_gates
from policies.gates.weighing import RECENT, weigh
from policies.strata.arrays import Arms, Strata
from policies.verdict import Answer
from rollway.calibration.faults import Fault
from rollway.calibration.traffic import Scenario, TrafficPlan, draw
from rollway.calibration.worlds import IID, Outage
from tests.policies.building import MINUTE, START, make_evidence, make_policy, make_strata

GATES = {
    "errors": {"metric": "errors_5xx", "no_worse_than": {"ratio": 1.5, "or_absolute": "1%"}},
    "latency": {"metric": "latency", "no_worse_than": "10%"},
    "tail": {"metric": "latency", "quantile": 0.95, "no_worse_than": "21%"},
}
COMPARED = ["errors", "latency", "tail"]
POLICY = make_policy(gates=GATES)
RUNS = 20
ENOUGH = np.log(20)


def play(*faults: Fault, outage: Outage | None = None, requests: float = 2000) -> Strata:
    """Forty minutes at 50 %, simulated."""
    return draw(Scenario(TrafficPlan.steady(requests, 50, 40), replace(IID, outage=outage), faults=faults), RUNS, 4)


def test_alike_arms_pass_and_are_not_disturbed():
    """In a still world a good candidate passes every gate within the time, nothing fails, and nothing is called an outage."""
    weighed = weigh(POLICY, play())
    assert weighed.joint.max() < ENOUGH
    for gate in COMPARED:
        assert weighed.passes[gate].any(axis=1).mean() > 0.9, gate
        assert not weighed.disturbed[gate].any(), gate


def test_an_outage_of_both_arms_disturbs_and_never_fails():
    """Ten times the errors and twice the latency in both arms after ordinary minutes: nothing fails, nor passes while it lasts."""
    strata = play(outage=Outage(minutes=6))
    weighed = weigh(POLICY, strata)
    assert weighed.joint.max() < ENOUGH
    struck = strata.errors["errors_5xx"].total / strata.invocations.total > 0.05
    struck &= ~struck[:, :5].any(axis=1, keepdims=True)
    assert struck.any()
    for gate in COMPARED:
        assert weighed.disturbed[gate][struck].all(), gate
        assert not weighed.passes[gate][struck].any(), gate


def test_a_bad_candidate_alone_is_not_the_environment():
    """Ten times the errors and twice the latency of the candidate alone disturb nothing: it is taken back for them."""
    weighed = weigh(POLICY, play(Fault(error_ratio=10.0, latency_ratio=2.0, onset=20)))
    assert (weighed.joint[:, -1] >= ENOUGH).all()
    for gate in COMPARED:
        assert not weighed.disturbed[gate].any(), gate


@pytest.mark.parametrize("arm", ["candidate", "baseline"])
def test_an_arm_that_is_silent_all_along_proves_nothing(arm):
    """Without both arms no gate passes and none fails, however long it goes on."""
    weighed = weigh(POLICY, play(Fault(silences=arm)))
    assert weighed.joint.max() < 1e-9
    assert not any(weighed.passes[gate].any() for gate in COMPARED)


def test_gates_fail_by_the_average_of_their_evidence():
    """The joint evidence is the mean of the gates' e-values (oracle: that mean), so it is an e-value whatever they have in common."""
    weighed = weigh(POLICY, play(Fault(latency_ratio=1.15)))
    mean = np.mean([np.exp(weighed.comparisons[gate].worse) for gate in COMPARED], axis=0)
    assert weighed.joint == pytest.approx(np.log(mean))


def test_a_gate_without_measurements_never_passes_and_takes_its_share():
    """What nobody counted is told as missing, and its e-value of nothing stays in the average."""
    whole = play(Fault(latency_ratio=1.3))
    weighed, unmeasured = weigh(POLICY, whole), weigh(POLICY, replace(whole, errors={}))
    assert unmeasured.missing == {"errors": "errors_5xx was not measured"}
    assert "errors" not in unmeasured.passes
    mean = np.mean([np.exp(weighed.comparisons[gate].worse) for gate in COMPARED[1:]], axis=0)
    assert unmeasured.joint == pytest.approx(np.log(mean * 2 / 3))


def test_evidence_on_its_way_down_does_not_pass():
    """A candidate that was good for twenty minutes and is not any more does not go on passing on what it showed."""
    weighed = weigh(POLICY, play(Fault(error_added=0.03, latency_ratio=1.2, onset=20)))
    assert weighed.passes["latency"][:, :20].any(axis=1).mean() > 0.8
    assert not weighed.passes["latency"][:, 22:].any()


@pytest.mark.parametrize(("lately_ms", "verdict"), [(52, Answer.PASS), (54, Answer.INCONCLUSIVE)])
def test_evidence_that_still_suffices_but_falls_does_not_pass(lately_ms, verdict):
    """Twenty alike minutes prove much; three slower ones take most of that away. What is left would suffice, but something has changed."""
    policy = make_policy(gates={"latency": GATES["latency"]})
    alike = make_strata(START, 20, requests=(500, 500))
    slower = make_strata(START + 20 * MINUTE, 3, requests=(500, 500), latency_ms=(lately_ms, 50))
    evidence = make_evidence(policy, [alike, slower], share=50)
    assert evidence.weighed.comparisons["latency"].not_worse[-RECENT:].min() > ENOUGH
    (said,) = judge_gates({"latency": policy.gates["latency"]}, evidence)
    assert said.verdict is verdict


def test_many_runs_are_weighed_as_each_by_itself():
    """Leading axes are runs that know nothing of each other."""
    strata = play(Fault(error_added=0.01))
    together = weigh(POLICY, strata)
    for run in (0, RUNS - 1):
        assert together.joint[run] == pytest.approx(weigh(POLICY, take(strata, run)).joint, abs=1e-9)


def take(strata: Strata, run: int) -> Strata:
    def one(arms: Arms) -> Arms:
        return Arms(arms.candidate[run], arms.baseline[run])

    assert strata.histograms is not None
    return replace(
        strata,
        invocations=one(strata.invocations),
        errors={name: one(arms) for name, arms in strata.errors.items()},
        latency_count=one(strata.latency_count),
        latency_sum_us=one(strata.latency_sum_us),
        histograms=replace(strata.histograms, counts=one(strata.histograms.counts)),
    )


@pytest.mark.parametrize("outage", [{"errors": (100, 100)}, {"errors": (400, 400)}])
def test_the_verdict_on_a_common_outage_is_the_environment(outage):
    """When both arms get worse together the gate says so, and neither passes nor fails."""
    policy = make_policy(gates={"errors": GATES["errors"]})
    calm, bad = (
        make_strata(START, 10, requests=(500, 500), errors=(5, 5)),
        make_strata(START + 10 * MINUTE, 5, requests=(500, 500), **outage),
    )
    (said,) = judge_gates({"errors": policy.gates["errors"]}, make_evidence(policy, [calm, bad], share=50))
    assert (said.verdict, said.reason) == (Answer.INCONCLUSIVE, "environment")
