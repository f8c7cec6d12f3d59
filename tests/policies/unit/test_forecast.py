"""The forecast of a policy: times, faults, warnings, and a ladder that can decide."""

from datetime import timedelta

import pytest
import yaml

from policies.forecasting.forecast import forecast
from policies.forecasting.ladder import advise, propose_ladder, write_stages
from policies.forecasting.telling import tell_advice, tell_doubts
from policies.forecasting.traffic import Traffic
from policies.loading import load_policy
from tests.policies.building import make_policy

GATES = {
    "errors": {"metric": "errors_5xx", "no_worse_than": {"ratio": 1.5, "or_absolute": "1%"}},
    "latency": {"metric": "latency", "no_worse_than": "21%"},
}
LADDER = ({"share": 5, "bake": "10m"}, {"share": 50, "bake": "10m"})
BUSY = Traffic(20_000)
QUIET = Traffic(100)


def build(**fields):
    return make_policy(**({"stages": LADDER, "gates": GATES, "extend_at_most": "20m", "deadline": "4h"} | fields))


def gate_at(policy, traffic, stage, name):
    return next(gate for gate in forecast(policy, traffic).stages[stage].gates if gate.gate == name)


def test_busy_traffic_raises_no_doubts():
    """Where there are requests enough, every gate is in time and there is nothing to warn of."""
    prospects = forecast(build(), BUSY)

    assert prospects.doubts == ()
    assert all(gate.in_time and not gate.hopeless for stage in prospects.stages for gate in stage.gates)


def test_quiet_traffic_is_warned_of_by_gate_and_stage():
    """A gate that cannot decide is named with its stage, the time that it needs and the time that it has."""
    told = tell_doubts(forecast(build(), QUIET))

    assert any(line.startswith("stage 1 (5 %), errors: ") for line in told)
    assert any("has 30m with the bake's extension" in line for line in told)


def test_more_traffic_is_sooner():
    """Ten times the traffic never needs longer, at any share and gate."""
    few, many = (forecast(build(), traffic) for traffic in (Traffic(300), Traffic(3000)))

    for before, after in zip(few.stages, many.stages, strict=True):
        for slow, quick in zip(before.gates, after.gates, strict=True):
            assert (quick.need.typical or timedelta.max) <= (slow.need.typical or timedelta.max)


def test_time_runs_out_with_the_extension_and_the_deadline():
    """A gate has the bake and its extension; only the bake where nothing is extended; less where the deadline comes first."""
    assert gate_at(build(), BUSY, 0, "errors").available == timedelta(minutes=30)
    assert gate_at(build(inconclusive={"few_requests": "hold"}), BUSY, 0, "errors").available == timedelta(minutes=10)
    assert gate_at(build(deadline="40m"), QUIET, 1, "errors").available < timedelta(minutes=10)


def test_a_minimum_sample_is_counted_in_the_smaller_arm():
    """300 requests of each arm at 5 % of 100 a minute take an hour: the arithmetic is the oracle."""
    policy = build(gates=GATES | {"enough": {"requests_at_least": 300}})

    assert gate_at(policy, QUIET, 0, "enough").need.typical == timedelta(hours=1)
    assert gate_at(policy, QUIET, 1, "enough").need.typical == timedelta(minutes=6)


def test_nothing_is_needed_of_a_stage_without_a_baseline():
    """At 100 % a comparison cannot pass, whatever the traffic; a policy may not require one there, so it is no doubt either."""
    stages = [{"share": 50, "bake": "10m"}, {"share": 100, "bake": "10m", "gates": []}]
    prospects = forecast(build(stages=stages, keep_control=False), BUSY)

    assert not any("stage 2" in line for line in tell_doubts(prospects))


def test_a_gate_that_is_not_required_is_no_doubt():
    """A stage that does not wait for a slow gate is not warned of, though it is forecast."""
    stages = [{"share": 5, "bake": "10m", "gates": []}, {"share": 50, "bake": "10m"}]
    traffic = Traffic(2000)

    assert not any("stage 1" in line for line in tell_doubts(forecast(build(stages=stages), traffic)))
    assert not gate_at(build(stages=stages), traffic, 0, "errors").required


def test_greater_faults_are_found_sooner():
    """Latency twice as long is found before latency a quarter longer, and neither after the stage is over."""
    gates = {"latency": {"metric": "latency", "no_worse_than": "10%"}}
    stage = forecast(build(gates=gates), Traffic(2000)).stages[0]

    assert stage.faults["latency × 2"] <= stage.faults["latency + 25 %"] <= stage.gates[0].available
    assert stage.least_latency_ratio <= 1.5


def test_a_proposed_ladder_can_decide():
    """What is proposed, pasted into the policy, leaves no doubt within its bakes alone and keeps the deadline."""
    traffic = Traffic(600)
    ladder = propose_ladder(build(), traffic)
    pasted = build(**yaml.safe_load(write_stages(ladder)), extend_at_most="0s")

    assert forecast(build(), traffic).doubts
    assert forecast(pasted, traffic).doubts == ()
    assert sum((stage.bake for stage in pasted.stages), timedelta(0)) <= 0.9 * pasted.deadline


def test_a_ladder_that_can_decide_is_left_as_it_is():
    """Stages whose bakes are long enough are proposed unchanged."""
    policy = build(stages=[{"share": 50, "bake": "2h"}])

    assert propose_ladder(policy, BUSY) == policy.stages


def test_early_stages_are_relieved_before_the_deadline_is_broken():
    """Where longer bakes everywhere would be too long, only one stage waits for every gate, and up to 65 % of the traffic proves it."""
    ladder = propose_ladder(build(deadline="6h"), Traffic(300))

    assert [stage.gates is None for stage in ladder] == [False, True]


@pytest.mark.parametrize("name", ["canary", "rehearsal"])
def test_without_any_ladder_it_is_said_what_would_do(name):
    """For hopeless traffic no ladder is proposed; the advice says how much more traffic would do, or that nothing does."""
    advice = advise(load_policy(name), Traffic(10))

    assert advice.ladder is None
    assert tell_advice(advice).startswith("No ladder that was tried")
    assert advice.times_traffic is None or advice.times_traffic > 1
