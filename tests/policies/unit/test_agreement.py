"""The gate on a shadow's answers: what it says, what a policy may ask of it, and what it needs to be known."""

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from policies.answers.capture import find_capture_obstacles
from policies.coherence import find_problems
from policies.endpoint_config import replace_model
from policies.forecasting.timing import find_needs
from policies.forecasting.traffic import Traffic
from policies.gates.evidence import Window, gather_evidence
from policies.gates.judging import judge_gate
from policies.lifecycle import Phase, begin
from policies.needs import wanted_metrics
from policies.observation import Metrics
from policies.plan import make_plan
from policies.replaying import judge, replay
from policies.spec import Policy
from policies.strata.findings import ObservationError
from policies.strata.names import ANSWER_COLUMNS
from policies.verdict import Answer, Call, GateVerdict
from tests.policies.building import (
    MINUTE,
    START,
    make_capturing,
    make_config,
    make_facts,
    make_policy,
    make_strata,
)

SHADOW: dict[str, Any] = {
    "strategy": "shadow",
    "stages": [{"shadow": True, "share": 100, "bake": "30m"}, {"share": 50, "bake": "10m"}],
}


def policy(**fields: Any) -> Policy:
    return make_policy(**SHADOW | {"gates": {"answers": {"agree_at_least": "98%"} | fields}})


def verdict(
    *segments: tuple[int, tuple[int, int, int]], stage: int = 0, unread: str = "", **fields: Any
) -> GateVerdict:
    """What the gate says of so many minutes with so many expected, paired and agreeing each."""
    made, first = [], START
    for minutes, answers in segments:
        made.append(make_strata(first, minutes, requests=(300, 300), answers=answers))
        first += minutes * MINUTE
    metrics = Metrics(pd.concat(made, ignore_index=True), {}, first, answers_unread=unread)
    windows = [Window(stage=0, share=50, start=START, end=first if stage else None)]
    windows += [Window(stage=1, share=50, start=first)] if stage else []
    evidence = gather_evidence(policy(**fields), metrics, windows)
    return judge_gate("answers", evidence.policy.gates["answers"], evidence)


@pytest.mark.parametrize(
    ("answers", "minutes", "answer", "sentence"),
    [
        ((300, 300, 300), 10, Answer.PASS, "3,000 of 3,000 pairs of answers agree, 100.00% (between"),
        ((300, 295, 294), 10, Answer.PASS, "shown to be more; by chance in"),
        ((300, 300, 240), 5, Answer.FAIL, "asked for is 98%; shown to be less; by chance in"),
        ((300, 300, 295), 2, Answer.INCONCLUSIVE, "not enough to tell yet (evidence"),
        ((300, 300, 300), 2, Answer.INCONCLUSIVE, "it is more, as it seems; it has to show for 3 periods running"),
        ((300, 200, 200), 10, Answer.INCONCLUSIVE, "33.3% of 3,000 copied requests lack one of their two answers"),
        ((300, 200, 100), 10, Answer.FAIL, "1,000 of 2,000 pairs of answers agree"),
        ((300, 0, 0), 10, Answer.INCONCLUSIVE, "no answers to compare yet"),
        ((0, 0, 0), 10, Answer.INCONCLUSIVE, "no answers to compare yet"),
    ],
)
def test_the_gate_says_what_the_pairs_show(
    answers: tuple[int, int, int], minutes: int, answer: Answer, sentence: str
) -> None:
    """It passes what is shown to agree, fails what is shown not to, and cannot tell where pairs are few or too many lack theirs."""
    found = verdict((minutes, answers))
    assert (found.verdict, sentence in found.sentence) == (answer, True), found.sentence
    assert (found.reason is None) == (answer in {Answer.PASS, Answer.FAIL})
    assert found.samples is not None
    assert found.samples.candidate == minutes * answers[1]


def test_many_without_a_pair_are_missing_metrics() -> None:
    """The policy's answer to missing metrics applies, which by default waits for better ones; few pairs extend the bake instead."""
    assert verdict((10, (300, 100, 100))).reason == "metrics_unavailable"
    assert verdict((10, (300, 100, 100)), unpaired_at_most="70%").verdict is Answer.PASS
    assert verdict((2, (300, 300, 299))).reason == "few_requests"


def test_answers_that_could_not_be_read_are_an_error() -> None:
    """The reason is the reader's own; a table that never held answers says so."""
    assert verdict((5, (300, 300, 300)), unread="no bucket").sentence == "no bucket"
    table = make_strata(START, 5)
    evidence = gather_evidence(
        policy(), Metrics(table, {}, START + 5 * MINUTE), [Window(stage=0, share=50, start=START)]
    )
    found = judge_gate("answers", evidence.policy.gates["answers"], evidence)
    assert (found.verdict, found.sentence) == (Answer.ERROR, "the shadow's answers were not read")


def test_after_the_shadow_the_answers_can_only_fail() -> None:
    """On the ladder nobody's answers are compared, so the gate is not needed there; what spoke against the candidate goes on counting."""
    assert policy().gates_at(0) == ("answers", "sample", "split")
    assert policy().gates_at(1) == ("sample", "split")
    good = verdict((10, (300, 300, 300)), (10, (0, 0, 0)), stage=1)
    assert good.verdict is Answer.INCONCLUSIVE
    assert "at this stage there is no shadow" in good.sentence
    assert verdict((10, (300, 300, 200)), (10, (0, 0, 0)), stage=1).verdict is Answer.FAIL


def test_the_risk_of_a_false_rollback_is_shared() -> None:
    """With another gate beside it the answers need twice the evidence to fail, so both together keep to the policy's risk."""
    alone = verdict((3, (300, 300, 300)))
    shared = policy().model_copy(
        update={
            "gates": policy().gates | make_policy(gates={"e": {"metric": "errors_5xx", "no_worse_than": "20%"}}).gates
        }
    )
    table = make_strata(START, 3, answers=(300, 300, 300))
    evidence = gather_evidence(shared, Metrics(table, {}, START + 3 * MINUTE), [Window(stage=0, share=50, start=START)])
    together = judge_gate("answers", shared.gates["answers"], evidence)
    assert alone.worse is not None
    assert together.worse is not None
    assert together.worse.threshold == pytest.approx(2 * alone.worse.threshold)


@pytest.mark.parametrize(
    ("change", "wheres"),
    [
        ({}, []),
        ({"strategy": "canary", "stages": [{"share": 5, "bake": "30m"}]}, ["gates.answers"]),
        ({"gates": {}, "guardrails": {"answers": {"agree_at_least": "98%"}}}, ["guardrails.answers"]),
        ({"gates": {"a": {"agree_at_least": "98%"}, "b": {"agree_at_least": "9%"}}}, ["gates.b"]),
        ({"stages": [SHADOW["stages"][0], {"share": 50, "bake": "9m", "gates": ["answers"]}]}, ["stages[1].gates"]),
        ({"stages": [SHADOW["stages"][0] | {"gates": ["answers"]}]}, []),
        ({"stages": [{"shadow": True, "share": 100, "bake": "3m"}]}, ["stages[0].bake"]),
        ({"stages": [{"shadow": True, "share": 100, "bake": "4m"}]}, []),
        ({"stages": [{"shadow": True, "share": 100, "bake": "soon"}]}, []),
    ],
)
def test_a_policy_asks_for_answers_where_there_are_any(change: dict[str, Any], wheres: list[str]) -> None:
    """A gate that could never pass, or never be measured, is told when the policy is read: where, why, and what to do."""
    document = SHADOW | {"gates": {"answers": {"agree_at_least": "98%"}}} | change
    problems = find_problems(document)
    assert [problem.where for problem in problems] == wheres
    assert all(problem.remedy for problem in problems)


@pytest.mark.parametrize(
    ("capture", "fields", "told"),
    [
        ({}, {}, []),
        ({"CaptureOptions": [{"CaptureMode": "InputAndOutput"}]}, {}, []),
        ({"EnableCapture": False}, {}, ["data capture is off"]),
        ({"CaptureOptions": [{"CaptureMode": "Input"}]}, {}, ["leaves out the output"]),
        ({"CaptureOptions": [{"CaptureMode": "Output"}]}, {}, ["leaves out the input"]),
        ({"CaptureOptions": []}, {}, ["leaves out the input", "leaves out the output"]),
        ({"InitialSamplingPercentage": 0}, {"sampled_alike": True}, ["keeps 0 % of them"]),
        ({"InitialSamplingPercentage": 20}, {}, ["80% of them have no other half"]),
        ({"InitialSamplingPercentage": 96}, {}, []),
        ({"InitialSamplingPercentage": 20}, {"sampled_alike": True}, []),
    ],
)
def test_what_capture_lacks_is_told_before_the_start(
    capture: dict[str, Any], fields: dict[str, Any], told: list[str]
) -> None:
    """A rollout that could never compare an answer does not begin, and says what to write into a blueprint."""
    config = make_capturing(**capture)
    problems = [*find_capture_obstacles(policy(**fields), make_facts(config=config))]
    assert len(problems) == len(told)
    for problem, what in zip(problems, told, strict=True):
        assert problem.where == "gates.answers"
        assert what in problem.what
        assert "in a blueprint" in problem.remedy


def test_capture_may_be_turned_on_by_the_rollout_itself() -> None:
    """What counts is the configuration that is rolled out, since the shadow's is derived from it."""
    live, wanted = make_config(), replace_model(make_capturing(), "fraud-v7")
    assert not [*find_capture_obstacles(policy(), make_facts(config=live, wanted=wanted))]
    assert [*find_capture_obstacles(policy(), make_facts(config=live))]
    assert not [*find_capture_obstacles(make_policy(), make_facts(config=live))]


def test_the_shell_is_asked_for_the_answers_of_the_time_in_shadow() -> None:
    """From the first copy on, until the shadow is over; and on the ladder still, since a new process has read nothing."""
    plan = make_plan(policy(), make_facts(config=make_capturing()), "r", START)
    baking = begin(plan).model_copy(
        update={"phase": Phase.BAKING, "windows": (Window(stage=0, share=50, start=START + MINUTE),)}
    )
    over = Window(stage=0, share=50, start=START + MINUTE, end=START + 9 * MINUTE)
    climbing = baking.model_copy(update={"windows": (over, Window(stage=1, share=50, start=START + 12 * MINUTE))})
    asked, later = wanted_metrics(plan, baking), wanted_metrics(plan, climbing)
    assert asked is not None
    assert later is not None
    assert asked.answers is not None
    assert later.answers is not None
    assert (asked.answers.destination, asked.answers.sampled) == ("s3://captures/fraud", 1.0)
    assert (asked.answers.since, asked.answers.until) == (START + MINUTE, None)
    assert (later.answers.since, later.answers.until) == (START + MINUTE, START + 9 * MINUTE)


def frame(minutes: int, answers: tuple[int, int, int]) -> pd.DataFrame:
    """A table of observations of a shadow of all requests."""
    table = make_strata(START, minutes, requests=(300, 300), answers=answers)
    return table.assign(stage=0, share=50.0).drop(columns="latency_histogram")


def test_a_table_of_observations_may_hold_answers() -> None:
    """The judge by itself judges them as a rollout would, at every minute."""
    assert judge(policy(), frame(40, (300, 300, 299))).decision is Call.PROMOTE
    told = replay(policy(), frame(10, (300, 300, 250)), in_full=False)
    assert told[-1].decision is Call.ROLLBACK


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("answers_expected", 301, "301 is more than the 300 invocations"),
        ("answers_agreeing", 291, "291 is more than the 290 pairs"),
        ("answers_paired", 0.5, "0.5 is not a whole number"),
        ("answers_paired", None, "this column is missing, though there is answers_expected"),
    ],
)
def test_impossible_answers_are_refused(column: str, value: float | None, told: str) -> None:
    """A table in which more agree than were compared was made wrongly, and no verdict rests on it."""
    table = frame(3, (300, 290, 280))
    wrong = table.drop(columns=column) if value is None else table.assign(**{column: value})
    with pytest.raises(ObservationError, match=told):
        judge(policy(), wrong)
    assert {*ANSWER_COLUMNS} <= {*table.columns}


def test_a_bake_takes_time_to_show_answers() -> None:
    """The forecast counts the pairs that prove the limit, and how late they come."""
    traffic = Traffic(600.0)
    quick, slow = (
        find_needs(policy(agree_at_least=limit), traffic, 50.0)["answers"].likely for limit in ("90%", "99.9%")
    )
    assert quick is not None
    assert slow is not None
    assert timedelta(minutes=3) < quick < timedelta(minutes=5) < slow < timedelta(minutes=25)
