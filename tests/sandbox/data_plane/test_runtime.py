"""What one invocation comes to: AWS's answer and AWS's metrics."""

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import repeat
from typing import Any

import pytest
from scipy.stats import binomtest

from rollway.sandbox.errors import Refusal
from rollway.sandbox.fault_menu import ModelErrors, Slow
from rollway.sandbox.fleets import NullFleets
from rollway.sandbox.runtime.invocation import MAX_BODY_BYTES
from rollway.sandbox.runtime.messages import Invocation
from rollway.sandbox.serving.callable_fleets import Model

ENDPOINT = "digits-prod"
Build = Callable[..., Any]


def good(body: bytes) -> tuple[int, bytes, float]:
    return 200, b"good " + body, 0.010


def bad(body: bytes) -> tuple[int, bytes, float]:
    return 500, b"bad " + body, 0.020


def one_is_bad(body: bytes) -> tuple[int, bytes, float]:
    return bad(body) if body == b"1" else good(body)


def measuring(body: bytes) -> tuple[int, bytes, float]:
    return 200, b"%d" % len(body), 0.010


def replying(status: int, body: bytes, latency_s: float) -> Model:
    return lambda _: (status, body, latency_s)


def test_success_is_passed_through_with_its_variant(build: Build) -> None:
    """The caller gets the model's own bytes and learns who answered."""
    answer = build({"only": good}, {"only": 1}).runtime.invoke(Invocation(ENDPOINT, b"x"))
    assert (answer.status, answer.body, answer.variant) == (200, b"good x", "only")
    assert answer.headers["x-Amzn-Invoked-Production-Variant"] == "only"


@pytest.mark.parametrize(
    ("status", "side"), [(400, "client"), (404, "client"), (500, "server"), (503, "server"), (302, "server")]
)
def test_model_errors_become_424(build: Build, status: int, side: str) -> None:
    """Whatever a container answers but success reaches the caller as ModelError with the original status and message."""
    stage = build({"only": replying(status, b"why", 0.01)}, {"only": 1})
    answer = stage.runtime.invoke(Invocation(ENDPOINT, b"x"))
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (424, "ModelError")
    members = json.loads(answer.body)
    assert (members["OriginalStatusCode"], members["OriginalMessage"]) == (status, "why")
    assert members["Message"].startswith(
        f'Received {side} error ({status}) from primary with message "why". See https://'
    )
    assert (
        members["LogStreamArn"] == f"arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/{ENDPOINT}"
    )


def test_metrics_of_success_and_failure(build: Build) -> None:
    """Errors are published as 0 or 1 per request and latencies in microseconds, so averages are rates and means."""
    stage = build({"only": one_is_bad}, {"only": 1})
    for body in (b"0", b"0", b"0", b"1"):
        stage.runtime.invoke(Invocation(ENDPOINT, body))
    assert stage.sums("Invocations", "only") == 4
    assert stage.sums("InvocationsPerInstance", "only") == 2  # two instances
    assert stage.sums("Invocation5XXErrors", "only", "Average") == 0.25
    assert stage.sums("Invocation4XXErrors", "only", "Average") == 0
    assert stage.sums("InvocationModelErrors", "only", "Average") == 0.25
    assert stage.sums("ModelLatency", "only", "Average") == 12_500
    assert stage.sums("ModelLatency", "only", "Maximum") == 20_000
    assert stage.sums("OverheadLatency", "only", "SampleCount") == 4


def test_metrics_also_carry_the_config_name(build: Build) -> None:
    """Old and new fleet of a variant can be told apart by EndpointConfigName, as on AWS."""
    stage = build({"only": good}, {"only": 1})
    stage.runtime.invoke(Invocation(ENDPOINT, b"x"))
    stage.clock.advance(timedelta(minutes=5))
    listed = stage.cloud.metrics.list_metrics({"Namespace": "AWS/SageMaker", "MetricName": "ModelLatency"})["Metrics"]
    names = {tuple(sorted(dimension["Name"] for dimension in metric["Dimensions"])) for metric in listed}
    assert names == {("EndpointName", "VariantName"), ("EndpointConfigName", "EndpointName", "VariantName")}


def test_shadow_is_measured_and_its_answer_discarded(build: Build) -> None:
    """A shadow's failure is in its metrics and never in a caller's answer."""
    stage = build({"live": good, "dark": bad}, {"live": 1}, shadow={"dark": 1})
    answer = stage.runtime.invoke(Invocation(ENDPOINT, b"x"))
    assert (answer.status, answer.variant) == (200, "live")
    assert stage.sums("Invocation5XXErrors", "dark") == 1
    assert stage.sums("Invocation5XXErrors", "live") == 0


def test_timeout_is_model_error_with_status_zero(build: Build) -> None:
    """A container that takes over 60 s is cut off there; AWS calls that status 0, so it shows as model error, not as 5XX."""
    stage = build({"only": replying(200, b"late", 75.0)}, {"only": 1})
    answer = stage.runtime.invoke(Invocation(ENDPOINT, b"x"))
    members = json.loads(answer.body)
    assert (answer.status, members["OriginalStatusCode"]) == (424, 0)
    assert 'Received server error (0) from primary with message "Your invocation timed out' in members["Message"]
    assert stage.sums("InvocationModelErrors", "only") == 1
    assert stage.sums("Invocation5XXErrors", "only") == 0
    assert stage.sums("ModelLatency", "only", "Maximum") == 60e6


def test_one_body_sent_again_and_again_fails_by_the_share(build: Build) -> None:
    """A load test that repeats one body sees the planted share of errors (binomial: 200 +- 5 sigma of 63), not all or none."""
    stage = build({"only": good}, {"only": 1})
    stage.cloud.faults.plant(ModelErrors(variant="only", share=20))
    found = stage.runtime.simulate(ENDPOINT, [b"the same"] * 1000)
    assert 137 <= found["only", 500] <= 263
    assert found["only", 200] + found["only", 500] == 1000


def test_unknown_endpoint_is_a_validation_error(build: Build) -> None:
    """The runtime calls a missing endpoint ValidationError (not ValidationException), in AWS's words."""
    answer = build({"only": good}, {"only": 1}).runtime.invoke(Invocation("nowhere", b"x"))
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationError")
    assert json.loads(answer.body)["Message"] == "Endpoint nowhere of account 123456789012 not found."


def test_fleets_without_servers_are_unavailable(build: Build) -> None:
    """With nothing behind the variant the caller gets ServiceUnavailable and the model no metrics."""
    stage = build({}, {"only": 1}, fleets=NullFleets())
    answer = stage.runtime.invoke(Invocation(ENDPOINT, b"x"))
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (503, "ServiceUnavailable")
    assert stage.sums("Invocations", "only") == 0


def test_body_limit(build: Build) -> None:
    """A body of 6 MiB goes through, one byte more is refused as AWS refuses it."""
    runtime = build({"only": measuring}, {"only": 1}).runtime
    assert runtime.invoke(Invocation(ENDPOINT, bytes(MAX_BODY_BYTES))).body == b"6291456"
    answer = runtime.invoke(Invocation(ENDPOINT, bytes(MAX_BODY_BYTES + 1)))
    assert (answer.status, json.loads(answer.body)["Message"]) == (413, "HTTP content length exceeded 6291456 bytes.")


def test_planted_slowness_hits_its_share(build: Build) -> None:
    """The fault ``slow`` delays the share of a variant's requests that it names (oracle: scipy's exact binomial test)."""
    stage = build({"only": good}, {"only": 1})
    stage.cloud.faults.plant(Slow(variant="only", share=20, by=timedelta(seconds=1)))
    stage.runtime.simulate(ENDPOINT, repeat(b"x", 2_000))
    slow = round(2_000 * stage.sums("ModelLatency", "only", "PR(500000:)") / 100)
    assert binomtest(slow, 2_000, 0.2).pvalue > 0.001
    assert stage.sums("ModelLatency", "only", "Maximum") == pytest.approx(1_010_000)


def test_planted_model_errors_hit_their_variant_alone(build: Build) -> None:
    """The fault ``model_error`` fails its share of one variant's requests with its status, and leaves other variants alone."""
    stage = build({"old": good, "new": good}, {"old": 1, "new": 1})
    stage.cloud.faults.plant(ModelErrors(variant="new", share=30, status=502))

    def failing(variant: str) -> list[int]:
        answers = [stage.runtime.invoke(Invocation(ENDPOINT, b"%d" % n, target_variant=variant)) for n in range(300)]
        return [json.loads(each.body)["OriginalStatusCode"] for each in answers if each.status == 424]

    found = failing("new")
    assert binomtest(len(found), 300, 0.3).pvalue > 0.001
    assert set(found) == {502}
    assert not failing("old")


def test_simulation_is_invocation_in_bulk(build: Build) -> None:
    """The fast path counts, times and routes as single invocations do, and reports who answered what."""
    stage = build({"old": good, "new": bad}, {"old": 3, "new": 1})
    tally = stage.runtime.simulate(ENDPOINT, repeat(b"x", 1_000))
    assert set(tally) == {("old", 200), ("new", 500)}
    assert binomtest(tally["new", 500], 1_000, 0.25).pvalue > 0.001
    assert stage.sums("Invocations", "new") == stage.sums("Invocation5XXErrors", "new") == tally["new", 500]
    assert stage.sums("ModelLatency", "old", "SampleCount") == tally["old", 200]
    assert stage.sums("ModelLatency", "old", "p99") == pytest.approx(10_000, rel=0.11)  # the store's lattice is 1.1^k


def test_simulation_of_a_missing_endpoint_is_refused(build: Build) -> None:
    """A test that drives the wrong endpoint hears of it instead of counting nothing."""
    with pytest.raises(Refusal, match="nowhere"):
        build({"only": good}, {"only": 1}).runtime.simulate("nowhere", [b"x"])
