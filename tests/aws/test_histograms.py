"""Latency histograms read back from the simulated CloudWatch: true or absent, seldom asked for, never in the way."""

import logging
import math
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pandas as pd
import pytest

from policies.observation import Arm, HistogramRequest, MetricsRequest
from rollway.aws.cloudwatch import MetricsReader
from rollway.aws.latency_bins import metrics_requested_per_hour
from rollway.aws.session import ATTEMPTS, Aws
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import Throttle

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REQUEST = MetricsRequest(
    endpoint="fraud-prod",
    arms={"baseline": "AllTraffic", "candidate": "candidate"},
    since=NOON,
    period=MINUTE,
    settle=2 * MINUTE,
    reread=3 * MINUTE,
    histograms=HistogramRequest(bins_per_query=1, every=MINUTE),
)

Answer = dict[str, Any]


def serve(cloud: Cloud, minute: int, latencies_us: Sequence[float], *, variant: str = "candidate") -> None:
    """Record invocations, as the simulated SageMaker does."""
    at, where = NOON + minute * MINUTE, {"EndpointName": "fraud-prod", "VariantName": variant}
    for latency_us in latencies_us:
        cloud.metrics.record("AWS/SageMaker", "Invocations", where, 1.0, at=at)
        cloud.metrics.record("AWS/SageMaker", "ModelLatency", where, latency_us, at=at)


def draw(seed: int, count: int) -> list[float]:
    """Latencies around 50 ms with a long tail."""
    random = Random(seed)
    return [random.lognormvariate(math.log(50_000), 0.6) for _ in range(count)]


def true_histogram(latencies_us: Sequence[float], bins: int = 1) -> dict[int, int]:
    """Requests by group of bins, straight from the definition: bin k is (1.1^k, 1.1^(k+1)]."""
    return dict(Counter((math.ceil(math.log(each, 1.1)) - 1) // bins for each in latencies_us))


def grouped(histogram: dict[int, int], bins: int) -> dict[int, int]:
    groups: Counter[int] = Counter()
    for number, count in histogram.items():
        groups[number // bins] += count
    return dict(groups)


def advance_to(clock: VirtualClock, minute: float) -> datetime:
    clock.advance(NOON + minute * MINUTE - clock.now())
    return clock.now()


def histograms(strata: pd.DataFrame, arm: str = "candidate") -> list[dict[int, int] | None]:
    return strata.loc[strata["arm"] == arm, "latency_histogram"].tolist()


def reading(every: timedelta = MINUTE, bins_per_query: int = 1) -> MetricsRequest:
    return replace(REQUEST, histograms=HistogramRequest(bins_per_query, every))


@contextmanager
def between(
    aws: Aws,
    *,
    question: Callable[[list[Answer]], object] | None = None,
    answer: Callable[[list[Answer]], object] | None = None,
) -> Generator[None]:
    """Change, or count, the queries for percentile ranks on their way to the simulated AWS, or its results on their way back."""
    asked = False

    def ask(params: Answer, **_: object) -> None:
        nonlocal asked
        queries = params["MetricDataQueries"]
        asked = queries[0]["MetricStat"]["Stat"].startswith("PR")
        if asked and question:
            question(queries)

    def reply(parsed: Answer, **_: object) -> None:
        if asked and answer:
            answer(parsed["MetricDataResults"])

    events = aws.cloudwatch.meta.events
    events.register("provide-client-params.cloudwatch.GetMetricData", ask)
    events.register("after-call.cloudwatch.GetMetricData", reply)
    try:
        yield
    finally:
        events.unregister("provide-client-params.cloudwatch.GetMetricData", ask)
        events.unregister("after-call.cloudwatch.GetMetricData", reply)


@contextmanager
def counting(aws: Aws) -> Generator[list[int]]:
    """How many percentile ranks each question asks for."""
    counts: list[int] = []
    with between(aws, question=lambda queries: counts.append(len(queries))):
        yield counts


@pytest.mark.parametrize("bins", [1, 2, 3])
def test_histograms_are_the_true_ones(aws: Aws, cloud: Cloud, clock: VirtualClock, bins: int) -> None:
    """What comes back is the histogram of the very requests, of each arm and minute, group of bins by group of bins."""
    requests: dict[Arm, int] = {"baseline": 300, "candidate": 50}
    served: dict[tuple[Arm, int], list[float]] = {
        (arm, minute): draw(minute, count) for arm, count in requests.items() for minute in (0, 1)
    }
    for (arm, minute), latencies in served.items():
        serve(cloud, minute, latencies, variant=REQUEST.arms[arm])
    strata = MetricsReader(aws).read(reading(bins_per_query=bins), advance_to(clock, 5)).strata
    for arm in REQUEST.arms:
        for minute, histogram in enumerate(histograms(strata, arm)):
            assert histogram is not None
            assert grouped(histogram, bins) == true_histogram(served[arm, minute], bins)


def test_no_histograms_without_a_request_for_them(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """Nobody pays for histograms that no gate wants."""
    serve(cloud, 0, [100.0])
    with counting(aws) as counts:
        strata = MetricsReader(aws).read(replace(REQUEST, histograms=None), advance_to(clock, 5)).strata
    assert (histograms(strata), counts) == ([None], [])


def test_minutes_wait_for_the_next_reading(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """Between two readings new minutes have no histogram yet, and older ones keep theirs."""
    for minute in range(10):
        serve(cloud, minute, [100.0])
    reader, request, one = MetricsReader(aws), reading(every=5 * MINUTE), {48: 1}
    assert histograms(reader.read(request, advance_to(clock, 4)).strata) == [one, one]
    assert histograms(reader.read(request, advance_to(clock, 8.9)).strata) == [one, one, None, None, None, None]
    assert histograms(reader.read(request, advance_to(clock, 9)).strata) == [one] * 7


def test_range_grows_with_what_is_measured(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """A new extreme of either arm widens what is asked of both; what was read before stays true."""
    serve(cloud, 0, [1_000.0, 2_000.0])
    serve(cloud, 4, [10.0])
    serve(cloud, 4, [9e6], variant="AllTraffic")
    reader = MetricsReader(aws)
    with counting(aws) as counts:
        first = reader.read(REQUEST, advance_to(clock, 3)).strata
        second = reader.read(REQUEST, advance_to(clock, 8)).strata
    assert histograms(first) == [{72: 1, 79: 1}]
    assert histograms(second) == [{72: 1, 79: 1}, {24: 1}]
    assert histograms(second, "baseline") == [true_histogram([9e6])]
    assert counts[0] < counts[1]


def test_late_requests_change_a_histogram(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """A minute that changed has no histogram rather than an old one, until the next reading has the new one."""
    serve(cloud, 2, [100.0])
    reader, request = MetricsReader(aws), reading(every=3 * MINUTE)
    assert histograms(reader.read(request, advance_to(clock, 5)).strata) == [{48: 1}]
    serve(cloud, 2, [100.0, 5_000.0])
    assert histograms(reader.read(request, advance_to(clock, 6)).strata) == [None]
    assert histograms(reader.read(request, advance_to(clock, 8)).strata) == [{48: 2, 89: 1}]


def test_seconds_as_periods(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """A rehearsal with periods and readings of a second sees each second's own histogram."""
    second = timedelta(seconds=1)
    where = {"EndpointName": "fraud-prod", "VariantName": "candidate"}
    for number in range(3):
        for metric, value in {"Invocations": 1.0, "ModelLatency": 100.0 * 2**number}.items():
            cloud.metrics.record("AWS/SageMaker", metric, where, value, at=NOON + number * second)
    request = replace(reading(every=second), period=second, settle=second, reread=second)
    reader = MetricsReader(aws)
    clock.advance(NOON + 3 * second - clock.now())
    assert histograms(reader.read(request, clock.now()).strata) == [{48: 1}, {55: 1}]
    clock.advance(second)
    assert histograms(reader.read(request, clock.now()).strata) == [{48: 1}, {55: 1}, {62: 1}]


@pytest.mark.parametrize(
    "other",
    [reading(bins_per_query=2), replace(REQUEST, arms={"baseline": "candidate", "candidate": "AllTraffic"})],
    ids=["bins", "arms"],
)
def test_another_subject_is_read_anew(aws: Aws, cloud: Cloud, clock: VirtualClock, other: MetricsRequest) -> None:
    """Histograms of other arms, or of other groups of bins, are not passed off as the ones wanted."""
    serve(cloud, 0, draw(1, 50))
    serve(cloud, 0, draw(2, 50), variant="AllTraffic")
    reader = MetricsReader(aws)
    reader.read(REQUEST, advance_to(clock, 5))
    got, fresh = reader.read(other, clock.now()), MetricsReader(aws).read(other, clock.now())
    assert got.strata["latency_histogram"].tolist() == fresh.strata["latency_histogram"].tolist()


@pytest.mark.parametrize("wrong", [0.0, 60.0, -1.0, math.nan], ids=["too little", "too much", "negative", "no number"])
def test_odd_answer_is_no_histogram(aws: Aws, cloud: Cloud, clock: VirtualClock, wrong: float) -> None:
    """A minute whose shares do not add up has no histogram; its neighbour and the other metrics stand."""
    for minute in (0, 1):
        serve(cloud, minute, [100.0, 300.0])

    def spoil(results: list[Answer]) -> None:
        result = next(each for each in results if 50.0 in each["Values"])
        result["Values"][0] = wrong

    with between(aws, answer=spoil):
        strata = MetricsReader(aws).read(REQUEST, advance_to(clock, 5)).strata
    assert histograms(strata) == [None, {48: 1, 59: 1}]
    assert strata["latency_count"].tolist() == [2, 2]


def test_partial_answer_is_no_histogram(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """A bin that CloudWatch says nothing about, for a minute, leaves the minute without a histogram."""
    serve(cloud, 0, [100.0, 300.0])

    def lose(results: list[Answer]) -> None:
        result = next(each for each in results if 50.0 in each["Values"])
        result["Timestamps"], result["Values"] = [], []

    with between(aws, answer=lose):
        assert histograms(MetricsReader(aws).read(REQUEST, advance_to(clock, 5)).strata) == [None]


def test_odd_minutes_do_not_make_it_ask_more_often(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """A metric without percentile ranks costs no more than one that has them."""
    serve(cloud, 0, [100.0])
    reader, request = MetricsReader(aws), reading(every=5 * MINUTE)
    asked: list[int] = []

    def silence(results: list[Answer]) -> None:
        asked.append(len(results))
        for result in results:
            result["Timestamps"], result["Values"] = [], []

    with between(aws, answer=silence):
        for minute in range(5, 10):
            reader.read(request, advance_to(clock, minute))
    assert len(asked) == 1


def refuse_question(queries: list[Answer]) -> None:
    for query in queries:
        query["MetricStat"]["Stat"] = "PR(2:1)"


def refuse_answer(results: list[Answer]) -> None:
    for result in results:
        result["StatusCode"] = "Forbidden"


@pytest.mark.parametrize(
    "tampering", [{"question": refuse_question}, {"answer": refuse_answer}], ids=["whole question", "single queries"]
)
def test_refusal_is_final_and_told_once(
    aws: Aws, cloud: Cloud, clock: VirtualClock, caplog: pytest.LogCaptureFixture, tampering: dict[str, Any]
) -> None:
    """Where CloudWatch refuses percentile ranks, the other metrics still come, it is not asked again, and the log says so once."""
    serve(cloud, 0, [100.0])
    reader = MetricsReader(aws)
    with caplog.at_level(logging.WARNING, "rollway.aws.histograms"), between(aws, **tampering):
        first = reader.read(REQUEST, advance_to(clock, 5)).strata
    with counting(aws) as counts:
        second = reader.read(REQUEST, advance_to(clock, 60)).strata
    assert (histograms(first), histograms(second)) == ([None], [None])
    assert (first["invocations"].tolist(), counts) == ([1], [])
    (record,) = caplog.records
    assert "refuses percentile ranks" in record.message
    assert vars(record)["aws_code"] in {"ValidationError", "Forbidden"}


def test_outage_is_no_refusal(aws: Aws, cloud: Cloud, clock: VirtualClock, caplog: pytest.LogCaptureFixture) -> None:
    """While CloudWatch throttles, what was read stays and the other metrics come; the next look has everything."""
    for minute in range(4):
        serve(cloud, minute, [100.0])
    reader, one = MetricsReader(aws), {48: 1}
    reader.read(REQUEST, advance_to(clock, 4))

    def throttle(_: list[Answer]) -> None:
        cloud.faults.plant(Throttle(operation="GetMetricData", times=ATTEMPTS))

    with caplog.at_level(logging.WARNING, "rollway.aws.histograms"), between(aws, question=throttle):
        during = reader.read(REQUEST, advance_to(clock, 5)).strata
    after = reader.read(REQUEST, clock.now()).strata
    assert histograms(during) == [one, one, None]
    assert during["latency_count"].tolist() == [1, 1, 1]
    assert histograms(after) == [one, one, one]
    assert [vars(record)["aws_code"] for record in caplog.records] == ["ThrottlingException"]


@pytest.mark.parametrize(("every", "bins"), [(MINUTE, 1), (5 * MINUTE, 2), (10 * MINUTE, 3)])
def test_cost_is_what_is_really_asked(aws: Aws, cloud: Cloud, clock: VirtualClock, every: timedelta, bins: int) -> None:
    """Looking every minute for twenty minutes asks for a third of the metrics that the stated cost has for an hour."""
    for minute in range(30):
        serve(cloud, minute, [5_000.0, 20_000.0])
    reader, request = MetricsReader(aws), reading(every, bins)
    with counting(aws) as counts:
        for minute in range(5, 25):
            reader.read(request, advance_to(clock, minute))
    assert request.histograms is not None
    assert sum(counts) * 3 == metrics_requested_per_hour(5_000.0, 20_000.0, request.histograms)


def test_clock_set_back_does_not_stop_the_readings(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """After the caller's clock was wrong by a day, histograms are read again at once, not a day later."""
    serve(cloud, 0, [100.0])
    reader, now = MetricsReader(aws), advance_to(clock, 5)
    reader.read(reading(every=5 * MINUTE), now + timedelta(days=1))
    serve(cloud, 3, [100.0])
    assert histograms(reader.read(reading(every=5 * MINUTE), advance_to(clock, 6)).strata) == [{48: 1}, {48: 1}]
