"""A shadow whose answers are compared: captured by the simulated AWS, read from its S3, judged by the gate."""

import itertools
import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from policies.errors import PreflightError
from policies.lifecycle import Outcome, Phase
from policies.verdict import Answer, GateVerdict
from rollway.sandbox.settings import Capture
from tests.loop.rehearsal import BUCKET, CONFIG, QUICK, Rehearsal

CAPTURED = CONFIG["DataCaptureConfig"] | {"InitialSamplingPercentage": 100}
MINUTELY = Capture(delay=timedelta(minutes=1))
SHADOW: dict[str, Any] = {
    "strategy": "shadow",
    "stages": [{"shadow": True, "share": 100, "bake": "6m"}],
    "gates": QUICK["gates"] | {"answers": {"agree_at_least": "95%", "path": "/score", "delivered_within": "3m"}},
    "metrics": {"look_every": "1m"},
    "inconclusive": {"metrics_unavailable": "roll_back"},
    "deadline": "3h",
}
LADDER = {"stages": [*SHADOW["stages"], {"share": 50, "bake": "3m"}]}


def scoring(seed: int, shifted: float = 0.0, by: float = 0.1) -> Callable[[bytes], tuple[int, bytes, float]]:
    """A simulated model that scores the number it is sent, a part of the numbers by so much more, and takes about 50 ms."""
    rng = random.Random(seed)

    def answer(body: bytes) -> tuple[int, bytes, float]:
        score = int(body) % 97 / 97 + (by if rng.random() < shifted else 0.0)
        return 200, json.dumps({"took_ms": rng.random(), "score": score}).encode(), rng.lognormvariate(-3.0, 0.4)

    return answer


@pytest.fixture
def shadowed(rehearsal: Rehearsal) -> Rehearsal:
    """An endpoint that captures all requests, each with a number of its own; the candidate scores as the baseline does."""
    set_up_capture(rehearsal)
    return rehearsal


def set_up_capture(rehearsal: Rehearsal) -> None:
    """Have a rehearsal's endpoint capture all requests."""
    numbers = itertools.count()
    rehearsal.rate_per_s = 3.0
    rehearsal.cloud.captures.settings = MINUTELY
    rehearsal.body = lambda: str(next(numbers)).encode()
    rehearsal.models |= {"fraud-v6": scoring(1), "fraud-v7": scoring(2)}
    rehearsal.aws.s3.create_bucket(Bucket="captures")
    capture_with(rehearsal, CAPTURED)


def capture_with(rehearsal: Rehearsal, capture: dict[str, Any]) -> None:
    """Move the endpoint to its configuration with another data capture."""
    name = f"fraud-v6-{len(rehearsal.cloud.request_log.entries())}"
    rehearsal.aws.sagemaker.create_endpoint_config(
        **CONFIG | {"EndpointConfigName": name, "DataCaptureConfig": capture}
    )
    rehearsal.aws.sagemaker.update_endpoint(EndpointName="fraud-prod", EndpointConfigName=name)
    rehearsal.settle()


def last_verdict(rehearsal: Rehearsal, stage: int = 0) -> GateVerdict:
    """What the gate on answers said at the last look at a stage."""
    told = (
        verdict
        for decision in reversed(rehearsal.decisions)
        for verdict in decision.verdicts
        if verdict.gate == "answers" and decision.state.stage == stage
    )
    return next(told)


def test_a_shadow_that_answers_alike_goes_on_to_the_ladder(shadowed):
    """Timings in the answers may differ; the scores agree, the gate passes, and the candidate is promoted by the ladder that follows."""
    ending = shadowed.play(SHADOW | LADDER)

    assert ending.outcome is Outcome.PROMOTED
    verdict = last_verdict(shadowed)
    assert verdict.verdict is Answer.PASS
    assert "pairs of answers agree at /score, 100.00% (between " in verdict.sentence
    assert "no shadow whose answers could be compared" in last_verdict(shadowed, stage=1).sentence


def test_a_shadow_that_answers_otherwise_is_taken_back(shadowed):
    """A candidate as quick and as free of errors as the baseline, but with other scores, is refused before anybody got one."""
    shadowed.models["fraud-v7"] = scoring(2, shifted=0.2)

    ending = shadowed.play(SHADOW)

    assert ending.outcome is Outcome.ROLLED_BACK
    assert ending.reason.startswith("in shadow — answers: ")
    assert "shown to be less" in ending.reason
    assert shadowed.share() == 0


def test_a_sample_that_pairs_little_never_passes(shadowed):
    """Captured at 20 % by chances apart, four of five answers lack the other one: the few pairs agree, and the gate cannot tell."""
    capture_with(shadowed, CONFIG["DataCaptureConfig"])
    gate = SHADOW["gates"]["answers"] | {"sampled_alike": True}

    assert shadowed.play(SHADOW | {"gates": SHADOW["gates"] | {"answers": gate}}).outcome is Outcome.INCONCLUSIVE
    verdict = last_verdict(shadowed)
    assert (verdict.verdict, verdict.reason) == (Answer.INCONCLUSIVE, "metrics_unavailable")
    assert "copied requests lack one of their two answers, tolerated are 5%" in verdict.sentence
    assert verdict.samples is not None
    assert verdict.samples.candidate > 0


def test_a_sample_of_the_same_requests_passes(shadowed):
    """Where data capture draws the same requests of both variants, and gives both one event id, a part of them is enough."""
    shadowed.cloud.captures.settings = MINUTELY.model_copy(update={"sampled_alike": True, "shared_event_ids": True})
    shadowed.body = lambda: b"7"
    capture_with(shadowed, CAPTURED | {"InitialSamplingPercentage": 50})
    gate = SHADOW["gates"]["answers"] | {"sampled_alike": True, "pair_by": ["event_id"], "unpaired_at_most": "15%"}

    assert shadowed.play(SHADOW | {"gates": SHADOW["gates"] | {"answers": gate}}).outcome is Outcome.PROMOTED


def test_answers_that_nobody_captures_are_an_error(shadowed):
    """Without the bucket nothing is known of the answers: an error that says so, never a pass."""
    shadowed.begin(SHADOW)
    shadowed.look_until(Phase.BAKING)
    bucket = shadowed.aws.s3
    for entry in bucket.list_objects_v2(Bucket="captures").get("Contents", []):
        bucket.delete_object(Bucket="captures", Key=entry.get("Key", ""))
    bucket.delete_bucket(Bucket="captures")

    assert shadowed.drive(shadowed.rollout).outcome is Outcome.INCONCLUSIVE
    verdict = last_verdict(shadowed)
    assert verdict.verdict is Answer.ERROR
    assert "the shadow's answers could not be read" in verdict.sentence


def test_another_process_reads_the_same_answers(shadowed):
    """A process that takes the rollout up has read nothing; it reads all of it again, and comes to the same end."""
    shadowed.begin(SHADOW)
    shadowed.look_until(Phase.BAKING)
    shadowed.die()
    (taken,) = shadowed.reconcile()

    assert taken.ending is not None
    assert taken.ending.outcome is Outcome.PROMOTED
    assert last_verdict(shadowed).verdict is Answer.PASS


def test_without_capture_a_rollout_does_not_begin(shadowed):
    """What cannot be compared is told before anything was touched, with what to write into a blueprint."""
    capture_with(shadowed, CAPTURED | {"EnableCapture": False})
    with pytest.raises(PreflightError) as caught:
        shadowed.begin(SHADOW)
    (problem,) = caught.value.problems
    assert problem.where == "gates.answers"
    assert "data capture is off in the wanted configuration" in problem.what
    assert "in a blueprint" in problem.remedy
    assert not shadowed.aws.s3.list_objects_v2(Bucket=BUCKET).get("KeyCount")
