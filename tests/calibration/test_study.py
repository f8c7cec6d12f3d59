"""A study of one policy: what it simulates, what it leaves out, and that its figures are those of its seed."""

from dataclasses import replace
from datetime import timedelta

from rollway.calibration.cases import Kind, keep_simulated, stages_asking
from rollway.calibration.study import Study, measure_cell, run_study, wrongly_passed
from rollway.calibration.worlds import IID
from tests.calibration.building import make_policy

STUDY = Study(make_policy(), 400.0, runs=4, worlds={"iid": IID})


def test_stages_last_as_long_as_warm_up_bake_and_extension() -> None:
    """The ladder is the policy's, in periods of the policy, with the traffic of a period."""
    policy = make_policy(
        warm_up="1m", metrics={"period": "30s", "settle": "45s", "histograms": {"every": "30s"}}, deadline="1h"
    )
    study = Study(policy, 400.0, extension=timedelta(minutes=2))
    assert study.plan.ladder == ((10.0, 16), (50.0, 16))
    assert study.plan.requests_per_minute == 200.0
    assert study.lag == 2


def test_what_is_not_simulated_is_left_out_by_name() -> None:
    """Thresholds and 4xx errors are left out and named; sample and split, which every policy has, stay."""
    gates = {
        "errors": {"metric": "errors_5xx", "no_worse_than": {"ratio": 2.0}},
        "client": {"metric": "errors_4xx", "no_worse_than": {"ratio": 2.0}},
    }
    guardrails = {"cpu": {"metric": "CPUUtilization", "at_most": 90}}
    policy, left_out = keep_simulated(make_policy(gates=gates, guardrails=guardrails))
    assert left_out == ("client", "cpu")
    assert set(policy.gates) == {"errors", "sample", "split"}
    assert not policy.guardrails


def test_margins_are_asked_together_and_alone() -> None:
    """A policy with two margins has a candidate on both and one on each; each names its gates."""
    margins = {case.name: case.gates for case, _ in STUDY.cells if case.kind is Kind.MARGIN}
    assert margins == {"all gates": ("errors", "latency"), "errors": ("errors",), "latency": ("latency",)}


def test_only_stages_that_ask_for_a_gate_can_pass_it_wrongly() -> None:
    """A candidate on the margin of errors is not passed wrongly by a stage that asks for latency alone."""
    stages = [{"share": 10, "bake": "5m", "gates": ["latency"]}, {"share": 50, "bake": "5m"}]
    policy = make_policy(stages=stages)
    assert stages_asking(policy, ["errors"]) == (1,)
    assert stages_asking(policy, ["latency"]) == (0, 1)
    study = replace(STUDY, policy=policy)
    number = [case.name for case, _ in study.cells].index("errors")
    cell = measure_cell(study, number)
    assert wrongly_passed(policy, cell) == cell.rates.passed[1]


def test_figures_depend_on_the_seed_alone() -> None:
    """Two studies of one seed agree in every figure, and one of another seed does not."""
    one, same = (list(run_study(STUDY)) for _ in range(2))
    assert one == same
    assert list(run_study(replace(STUDY, seed=1))) != one


def test_a_grave_fault_is_taken_back_and_a_healthy_candidate_is_not() -> None:
    """Doubled latency is found in every run and no healthy candidate is taken back (4 runs, seeded)."""
    cells = {cell.case.name: cell.rates for cell in run_study(STUDY)}
    assert cells["latency × 2"].rolled_back.hits == 4
    assert cells["as good as baseline"].rolled_back.hits == 0
