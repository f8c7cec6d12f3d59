"""No look knows the future: whatever comes later, what was said up to then stays as it was said (simulated traffic)."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from policies import judge, replay
from policies.gates.evidence import find_warm_up
from policies.gates.weighing import Weighed, weigh
from policies.spec import Policy
from policies.strata.arrays import Strata
from policies.strata.shaping import keep_first, shape
from policies.strata.table import to_strata
from policies.verdict import Verdict
from rollway.calibration.faults import Fault
from rollway.calibration.frames import to_frame
from rollway.calibration.traffic import Scenario, TrafficPlan, draw
from rollway.calibration.worlds import WORLDS
from tests.policies.building import MINUTE, make_policy

GATES = {
    "errors": {"metric": "errors_5xx", "no_worse_than": {"ratio": 1.5, "or_absolute": "2%"}},
    "ratio": {"metric": "model_errors", "no_worse_than": {"ratio": 2.0}},
    "latency": {"metric": "latency", "no_worse_than": "25%"},
    "tail": {"metric": "latency", "quantile": 0.9, "no_worse_than": "50%"},
    "sample": {"requests_at_least": 20},
}
LADDERS = st.dictionaries(st.sampled_from([5.0, 25.0, 50.0, 95.0]), st.integers(2, 10), min_size=1, max_size=3)
FAULTS = st.builds(
    Fault,
    error_added=st.sampled_from([0.0, 0.05, 0.3]),
    latency_ratio=st.sampled_from([1.0, 1.5]),
    onset=st.integers(0, 20),
    until=st.none() | st.integers(1, 30),
    silences=st.sampled_from([None, None, "candidate", "baseline"]),
)


@st.composite
def rollouts(draw_from: st.DrawFn) -> tuple[Policy, pd.DataFrame]:
    """A policy and what was observed: from two requests a minute on, with stages, warm-up, outages, arms that fall silent."""
    plan = TrafficPlan(draw_from(st.sampled_from([2.0, 8.0, 30.0, 600.0])), tuple(sorted(draw_from(LADDERS).items())))
    world = WORLDS[draw_from(st.sampled_from(list(WORLDS)))]
    strata = draw(Scenario(plan, world, faults=(draw_from(FAULTS),)), 1, seed=draw_from(st.integers(0, 1000)))
    stages = [{"share": share, "bake": "2m"} for share, _ in plan.ladder]
    warm_up = draw_from(st.sampled_from(["0s", "2m"]))
    return make_policy(stages=stages, gates=GATES, warm_up=warm_up), to_frame(strata, 0)


def weigh_first(policy: Policy, strata: Strata, minutes: pd.DatetimeIndex, count: int) -> Weighed:
    known = keep_first(strata, count)
    return weigh(policy, shape(known, find_warm_up(minutes[:count], known.stage, policy.warm_up)))


@settings(max_examples=40, deadline=None)
@given(rollouts(), st.data())
def test_evidence_rests_on_the_past_alone(rollout: tuple[Policy, pd.DataFrame], data: st.DataObject) -> None:
    """Weighing the first strata gives, in every output, what weighing all of them gave up to there."""
    policy, frame = rollout
    minutes, strata = to_strata(frame)
    count = data.draw(st.integers(1, max(1, len(minutes))))
    wanted = weigh_first(policy, strata, minutes, len(minutes)).until(count)
    found = weigh_first(policy, strata, minutes, count)
    assert found.joint == pytest.approx(wanted.joint, abs=1e-9)
    assert found.missing == wanted.missing
    assert found.comparisons.keys() == wanted.comparisons.keys()
    for name, comparison in wanted.comparisons.items():
        for field in ("worse", "not_worse", "tempering"):
            assert getattr(found.comparisons[name], field) == pytest.approx(getattr(comparison, field), abs=1e-9), name
        assert np.array_equal(found.passes[name], wanted.passes[name])
        assert np.array_equal(found.disturbed[name], wanted.disturbed[name])


@settings(max_examples=15, deadline=None)
@given(rollouts(), st.data())
def test_a_replay_says_at_each_minute_what_was_said_then(
    rollout: tuple[Policy, pd.DataFrame], data: st.DataObject
) -> None:
    """The verdict of a replay at any minute is that of the table as it was at that minute."""
    policy, frame = rollout
    # A table must show its grid of minutes, which one with gaps of several lengths may do only later.
    assume(frame["minute"].diff().max() == MINUTE)
    verdicts = replay(policy, frame)
    for at in data.draw(st.sets(st.integers(0, len(verdicts) - 1), min_size=1, max_size=3)):
        known = frame[frame["minute"] < verdicts[at].at]
        assert tell(verdicts[at]) == tell(judge(policy, known))


def tell(verdict: Verdict) -> Any:
    """Everything that a verdict says, numbers to nine digits: more empty bins are summed over later, in another order."""
    return json.loads(verdict.model_dump_json(), parse_float=lambda text: float(f"{float(text):.9g}"))
