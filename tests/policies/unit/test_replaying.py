"""The judge by itself on tables of observations: the verdict at the end, as of a moment, and after every minute."""

from datetime import timedelta

import pandas as pd
import pytest

from policies import judge, replay
from policies.strata.findings import ObservationError
from policies.verdict import Answer, Call
from tests.policies.building import MINUTE, START
from tests.policies.unit.observed import GATES, MINUTES, REFUSED, UNDECIDED, make_quick, observe

END = START + MINUTES * MINUTE
SETTLED = END + timedelta(minutes=2)
SLO = {"metric": "ModelLatency", "statistic": "Average", "at_most": 55_000, "breaches": 2, "of": 3}


@pytest.mark.parametrize("now", [None, SETTLED])
def test_arms_that_are_alike_pass(now):
    """A healthy candidate passes: what the cases below do not pass, they could have."""
    assert judge(make_quick(), observe(), now).decision is Call.PROMOTE


@pytest.mark.parametrize("case", REFUSED)
def test_impossible_observations_are_refused(case):
    """What cannot have happened is refused, with row and column."""
    make, where = REFUSED[case]
    with pytest.raises(ObservationError) as caught:
        judge(make_quick(), make())
    assert where in str(caught.value)


@pytest.mark.parametrize("case", UNDECIDED)
def test_observations_that_say_too_little_do_not_pass(case):
    """Too little is never a pass, and the verdict names what is missing."""
    make, told = UNDECIDED[case]
    verdict = judge(make_quick(), make())
    assert verdict.decision in {Call.CONTINUE, Call.INCONCLUSIVE}
    assert told in " ".join([verdict.sentence, *(gate.sentence for gate in verdict.gates)])


def test_silence_after_good_minutes_does_not_pass():
    """Good minutes of half an hour ago pass nobody now, and the gate says that nothing has come since."""
    verdict = judge(make_quick(), observe(), SETTLED + timedelta(minutes=30))
    assert verdict.decision is Call.INCONCLUSIVE
    assert "no requests measured lately" in verdict.sentence
    assert verdict.at == END + timedelta(minutes=30)


def test_three_good_minutes_then_silence_do_not_pass():
    """Three good minutes are no bake, however much time has gone by since."""
    verdict = judge(make_quick(), observe(3), SETTLED + timedelta(hours=1))
    assert verdict.decision is Call.INCONCLUSIVE


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (END - 5 * MINUTE, "row 23, minute: 2026-11-22T12:11:00+00:00 is in the future"),
        (END + timedelta(days=456), "older than the 455 days"),
    ],
)
def test_clocks_that_cannot_be_right_are_refused(now, told):
    """Observations of the future, and such as CloudWatch no longer holds, are no look at a running rollout."""
    with pytest.raises(ObservationError, match=told.replace("+", r"\+")):
        judge(make_quick(), observe(), now)


def test_what_has_not_settled_counts_for_nothing():
    """Minutes younger than ``metrics.settle`` may still change, so they say nothing yet."""
    young = judge(make_quick(), observe(1), START + 2 * MINUTE)
    assert (young.decision, young.sentence) == (Call.INCONCLUSIVE, "no observation has settled yet")
    settled = observe(12)
    failing = pd.concat([settled, observe(MINUTES, errors=(500, 0)).iloc[24:]], ignore_index=True)
    assert judge(make_quick(), failing, END - MINUTE).decision is judge(make_quick(), settled).decision is Call.PROMOTE


def test_a_worse_candidate_is_taken_back_within_the_bake():
    """A failing gate ends the rollout at once and is named."""
    verdict = judge(make_quick(), observe(3, errors=(100, 5)))
    assert verdict.decision is Call.ROLLBACK
    assert verdict.sentence.startswith("errors: ")


def test_a_full_share_waits_for_its_bake():
    """Without a baseline there is nothing to wait for but the bake itself."""
    policy = make_quick(stages=[{"share": 100, "bake": "10m"}], keep_control=False, gates={})
    calls = [verdict.decision for verdict in replay(policy, observe(requests=(500, 0)).assign(share=100.0))]
    assert calls == [Call.CONTINUE] * 9 + [Call.PROMOTE] * 6


@pytest.mark.parametrize(
    ("fields", "decision", "told"),
    [
        ({}, Call.CONTINUE, "bake extended, at most 55m more: sample:"),
        ({"extend_at_most": "5m"}, Call.INCONCLUSIVE, "extension of 5m was over"),
        ({"inconclusive": {"few_requests": "hold"}}, Call.INCONCLUSIVE, "the policy holds"),
        ({"inconclusive": {"few_requests": "roll_back"}}, Call.INCONCLUSIVE, "the policy rolls back when it cannot"),
    ],
)
def test_after_the_bake_the_policy_says_what_happens(fields, decision, told):
    """A bake that is over and undecided is extended, held or given up as the policy says."""
    gates = GATES | {"sample": {"requests_at_least": 1_000_000}}
    verdict = judge(make_quick(gates=gates, **fields), observe())
    assert verdict.decision is decision
    assert told in verdict.sentence


def test_each_look_knows_only_the_past():
    """Every minute's verdict is the one that the table cut there gets."""
    frame = observe(errors=(9, 5))
    verdicts = replay(make_quick(), frame)
    assert len(verdicts) == MINUTES
    for count in (1, 5, MINUTES):
        assert verdicts[count - 1] == judge(make_quick(), frame.iloc[: 2 * count])


def test_a_brief_replay_decides_the_same():
    """Leaving numbers out changes no decision and no answer, and the end is told in full."""
    frame = pd.concat([observe(8), observe(MINUTES, errors=(90, 5)).iloc[16:]], ignore_index=True)
    policy = make_quick(guardrails={"slo": SLO})
    brief, full = replay(policy, frame, in_full=False), replay(policy, frame)
    assert [verdict.decision for verdict in brief] == [verdict.decision for verdict in full]
    assert {verdict.decision for verdict in full} == {Call.CONTINUE, Call.ROLLBACK}
    for short, long in zip(brief, full, strict=True):
        assert [(g.gate, g.verdict, g.reason) for g in short.gates] == [
            (g.gate, g.verdict, g.reason) for g in long.gates
        ]
    assert brief[-1] == full[-1]
    assert any(gate.sentence == "as before" for verdict in brief for gate in verdict.gates)


def test_thresholds_look_at_their_own_stage():
    """A stage's guardrail does not count breaches of the stage before."""
    slow = observe(10, latency_ms=(60, 50))
    after = observe(20).iloc[20:].assign(stage=1, share=[95.0, 5.0] * 10)
    stages = [{"share": 50, "bake": "10m"}, {"share": 95, "bake": "10m"}]
    policy = make_quick(stages=stages, guardrails={"slo": SLO})
    verdicts = replay(policy, pd.concat([slow, after], ignore_index=True))
    slo = [next(gate for gate in verdict.gates if gate.gate == "slo").verdict for verdict in verdicts]
    assert slo[1:10] == [Answer.FAIL] * 9
    assert slo[10:13] == [Answer.INCONCLUSIVE, Answer.INCONCLUSIVE, Answer.PASS]


def test_minutes_that_do_not_fit_the_policys_period_are_refused():
    """A table of another period than the policy's is not judged as if it were of the same."""
    frame = observe().iloc[[0, 1, 4, 5]]
    with pytest.raises(ObservationError, match=r"row 3, minute: 2m after the row before.*is 5m"):
        judge(make_quick(metrics={"period": "5m"}), frame)


def test_nothing_observed_replays_to_nothing():
    """A table without rows has no minute to give a verdict at."""
    assert replay(make_quick(), observe().iloc[:0]) == []
