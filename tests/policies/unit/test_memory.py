"""A memory makes the next look faster and nothing else: every result is what it would have been without one, to the last bit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.compare.memory import FORGETFUL, Forgetful, Memory
from policies.gates.evidence import Evidence, Window, gather_evidence
from policies.gates.judging import judge_gates
from policies.gates.weighing import Weighed, weigh
from policies.loading import parse_policy
from policies.observation import Metrics
from policies.spec import Policy
from policies.strata.arrays import Arms, Floats, Strata
from policies.strata.shaping import keep_first
from rollway.calibration.frames import START, to_frame
from rollway.calibration.traffic import Scenario, TrafficPlan, draw
from rollway.calibration.worlds import SHOCK
from tests.policies.building import MINUTE

GATES: dict[str, Any] = {
    "errors": {"metric": "errors_5xx", "no_worse_than": {"ratio": 1.2, "or_absolute": "0.5%"}},
    "latency": {"metric": "latency", "no_worse_than": "15%"},
    "tail": {"metric": "latency", "quantile": 0.95, "no_worse_than": "10%"},
}
SHARES = (5.0, 50.0)
EACH = 10


def make_policy(**gates: Any) -> Policy:
    stages = [{"share": share, "bake": "5m"} for share in SHARES]
    return parse_policy({"strategy": "canary", "stages": stages, "gates": GATES | gates})


POLICY = make_policy()
PLAN = TrafficPlan(3000.0, tuple((share, EACH) for share in SHARES))
DRAWN = draw(Scenario(PLAN, SHOCK), 2, seed=5)


def look(rows: frozenset[int], minutes: int, memory: Forgetful) -> Evidence:
    """A look in which some rows have not come yet."""
    frame = to_frame(DRAWN, 0).drop(columns=["stage", "share"])
    frame = frame[~frame.index.isin(rows) & (frame["minute"] < START + minutes * MINUTE)]
    starts = [START, START + EACH * MINUTE]
    windows = [
        Window(stage=0, share=SHARES[0], start=starts[0], end=starts[1]),
        Window(stage=1, share=SHARES[1], start=starts[1]),
    ]
    return gather_evidence(POLICY, Metrics(frame, {}, START + minutes * MINUTE), windows, memory)


def assert_same(found: Weighed, wanted: Weighed) -> None:
    np.testing.assert_array_equal(found.joint, wanted.joint)
    for name, comparison in wanted.comparisons.items():
        np.testing.assert_array_equal(found.comparisons[name].worse, comparison.worse)
        np.testing.assert_array_equal(found.comparisons[name].not_worse, comparison.not_worse)
        np.testing.assert_array_equal(found.passes[name], wanted.passes[name])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.frozensets(st.integers(0, 39), max_size=4), st.integers(11, 20)), min_size=2, max_size=3))
def test_late_minutes_change_nothing_but_themselves(looks: list[tuple[frozenset[int], int]]) -> None:
    """Whatever is missing at one look and there at the next, verdicts are those of a look from scratch."""
    memory = Memory()
    for missing, minutes in looks:
        found, wanted = look(missing, minutes, memory), look(missing, minutes, FORGETFUL)
        assert_same(found.weighed, wanted.weighed)
        assert judge_gates(POLICY.gates, found) == judge_gates(POLICY.gates, wanted)


@pytest.mark.parametrize("requests", [50.0, 500.0, 50_000.0])
def test_small_and_large_strata_are_remembered_alike(requests: float) -> None:
    """However the law of failures is summed up, one stratum alone gives the bits that it gives among others."""
    strata = draw(Scenario(replace(PLAN, requests_per_minute=requests), SHOCK), 1, seed=2)
    memory = Memory()
    for minutes in range(11, 21):
        known = keep_first(take_run(strata), minutes)
        assert_same(weigh(POLICY, known, memory), weigh(POLICY, known))


def take_run(strata: Strata) -> Strata:
    """The first run, without the axis of runs."""

    def first(arms: Arms) -> Arms:
        return Arms(arms.candidate[0], arms.baseline[0])

    histograms = strata.histograms
    return replace(
        strata,
        invocations=first(strata.invocations),
        errors={metric: first(arms) for metric, arms in strata.errors.items()},
        latency_count=first(strata.latency_count),
        latency_sum_us=first(strata.latency_sum_us),
        histograms=replace(histograms, counts=first(histograms.counts)) if histograms else None,
    )


def test_many_rollouts_share_a_memory() -> None:
    """Runs in front of time are remembered together: a stratum counts as changed if it has in any run."""
    memory = Memory()
    weigh(POLICY, DRAWN, memory)
    assert_same(weigh(POLICY, DRAWN, memory), weigh(POLICY, DRAWN))


def test_another_policy_finds_nothing_of_the_first() -> None:
    """A margin is part of what was worked out, so a memory handed to a wider policy does not answer by the narrower one."""
    wider = make_policy(errors={"metric": "errors_5xx", "no_worse_than": {"ratio": 2.0, "or_absolute": "2%"}})
    memory = Memory()
    weigh(POLICY, DRAWN, memory)
    assert_same(weigh(wider, DRAWN, memory), weigh(wider, DRAWN))


def test_only_what_changed_is_worked_out() -> None:
    """A stratum that came late and one that is new cost two strata's work."""
    seen: list[int] = []

    def double(values: Floats) -> Floats:
        seen.append(values.shape[-1])
        return 2 * values

    memory = Memory()
    for values in ([1.0, 2.0, 3.0], [1.0, 5.0, 3.0, 4.0], [1.0, 5.0]):
        assert list(memory.recall("double", double, np.array(values))) == [2 * value for value in values]
    assert seen == [3, 2]


def test_more_bins_are_another_measurement() -> None:
    """A latency beyond the bins so far widens every histogram, and nothing remembered fits it."""

    def add_up(values: Floats) -> Floats:
        return np.asarray(values.sum(axis=-1))

    memory = Memory()
    for bins in (3, 4):
        assert list(memory.recall("sum", add_up, np.ones((2, bins)), time=-2)) == [bins, bins]


def test_topics_do_not_mix() -> None:
    """Two gates keep what they know apart, and find it again."""
    memory = Memory()
    assert memory.about("errors") is memory.about("errors")
    assert memory.about("errors") is not memory.about("latency")
    assert FORGETFUL.about("errors") is FORGETFUL
