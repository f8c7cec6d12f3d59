"""The reader over a rollout: settled periods only, late data noticed, gaps left as gaps."""

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from policies.errors import TransientAwsError
from policies.observation import MetricsRequest, SeriesRequest
from rollway.aws.cloudwatch import MetricsReader
from rollway.aws.session import ATTEMPTS, Aws
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import MetricDelay, MetricGap, Throttle

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REQUEST = MetricsRequest(
    endpoint="fraud-prod",
    arms={"baseline": "AllTraffic", "candidate": "candidate"},
    since=NOON,
    period=MINUTE,
    settle=2 * MINUTE,
    reread=3 * MINUTE,
)


def serve(
    cloud: Cloud, minute: int, *, variant: str = "candidate", latency_us: float = 100.0, failed: bool = False
) -> None:
    """Record one invocation, as the simulated SageMaker does."""
    at, where = NOON + minute * MINUTE, {"EndpointName": "fraud-prod", "VariantName": variant}
    for metric, value in {
        "Invocations": 1.0,
        "Invocation4XXErrors": 0.0,
        "Invocation5XXErrors": float(failed),
        "InvocationModelErrors": float(failed),
        "ModelLatency": latency_us,
    }.items():
        cloud.metrics.record("AWS/SageMaker", metric, where, value, at=at)


def advance_to(clock: VirtualClock, minute: float) -> datetime:
    clock.advance(NOON + minute * MINUTE - clock.now())
    return clock.now()


@pytest.fixture
def windows(aws: Aws) -> Generator[list[tuple[str, str]]]:
    """Start and end, hours and minutes, of each question that CloudWatch is asked during a test."""
    asked: list[tuple[str, str]] = []

    def note(params: dict[str, Any], **_: object) -> None:
        asked.append((f"{params['StartTime']:%H:%M}", f"{params['EndTime']:%H:%M}"))

    aws.cloudwatch.meta.events.register("provide-client-params.cloudwatch.GetMetricData", note)
    yield asked
    aws.cloudwatch.meta.events.unregister("provide-client-params.cloudwatch.GetMetricData", note)


def test_counts_and_latencies_per_minute_and_arm(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """Each row holds what that arm's requests of that minute add up to."""
    serve(cloud, 0, latency_us=100.0)
    serve(cloud, 0, latency_us=300.0, failed=True)
    serve(cloud, 0, variant="AllTraffic", latency_us=50.0)
    serve(cloud, 1, latency_us=70.0)
    metrics = MetricsReader(aws).read(REQUEST, advance_to(clock, 5))
    assert metrics.strata.drop(columns=["minute", "latency_histogram"]).to_numpy().tolist() == [
        ["baseline", 1, 0, 0, 0, 1, 50.0, 50.0, 50.0],
        ["candidate", 2, 0, 1, 1, 2, 400.0, 100.0, 300.0],
        ["candidate", 1, 0, 0, 0, 1, 70.0, 70.0, 70.0],
    ]
    assert metrics.strata["minute"].tolist() == [NOON, NOON, NOON + MINUTE]


def test_unsettled_periods_are_held_back(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """A period is given back once it ended ``settle`` ago, not a second earlier."""
    serve(cloud, 0)
    serve(cloud, 1)
    reader = MetricsReader(aws)
    early = reader.read(REQUEST, advance_to(clock, 2.99))
    assert (early.strata.empty, early.settled_until) == (True, NOON)
    first = reader.read(REQUEST, advance_to(clock, 3))
    assert (len(first.strata), first.settled_until) == (1, NOON + MINUTE)
    assert len(reader.read(REQUEST, advance_to(clock, 4)).strata) == 2


def test_settled_periods_are_not_read_again(
    aws: Aws, cloud: Cloud, clock: VirtualClock, windows: list[tuple[str, str]]
) -> None:
    """A long rollout asks for its last minutes only, at every look."""
    for minute in range(60):
        serve(cloud, minute)
    reader = MetricsReader(aws)
    assert len(reader.read(REQUEST, advance_to(clock, 40)).strata) == 38
    assert len(reader.read(REQUEST, advance_to(clock, 41)).strata) == 39
    assert windows == [("12:00", "12:38"), ("12:35", "12:39")]


def test_nothing_new_is_still_looked_at_again(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """Two looks within one minute both see late data."""
    serve(cloud, 0)
    reader = MetricsReader(aws)
    reader.read(REQUEST, advance_to(clock, 5))
    serve(cloud, 0)
    assert reader.read(REQUEST, advance_to(clock, 5.5)).strata["invocations"].tolist() == [2]


def test_late_data_change_a_minute(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """Data that arrive after their minute had settled replace what was read before."""
    serve(cloud, 2)
    reader = MetricsReader(aws)
    assert reader.read(REQUEST, advance_to(clock, 5)).strata["errors_5xx"].tolist() == [0]
    serve(cloud, 2, failed=True)
    late = reader.read(REQUEST, advance_to(clock, 6)).strata
    assert (late["invocations"].tolist(), late["errors_5xx"].tolist()) == ([2], [1])


def test_delayed_metrics_appear_later(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """A CloudWatch that lags shows a minute as absent first and whole afterwards, never as zero."""
    cloud.faults.plant(MetricDelay(by=5 * MINUTE))
    reader = MetricsReader(aws)
    serve(cloud, 3)
    assert reader.read(REQUEST, advance_to(clock, 6)).strata.empty
    assert reader.read(replace(REQUEST, reread=10 * MINUTE), advance_to(clock, 9)).strata["invocations"].tolist() == [1]


def test_gap_stays_a_gap(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """Minutes whose metrics are lost have no rows of that arm; the other arm's rows are there."""
    cloud.faults.plant(MetricGap(variant="candidate", after=MINUTE, duration=2 * MINUTE))
    for minute in range(4):
        serve(cloud, minute)
        serve(cloud, minute, variant="AllTraffic")
    strata = MetricsReader(aws).read(REQUEST, advance_to(clock, 10)).strata
    seen = {arm: [minute.minute for minute in rows["minute"]] for arm, rows in strata.groupby("arm")}
    assert seen == {"baseline": [0, 1, 2, 3], "candidate": [0, 3]}


def test_quiet_endpoint_gives_an_empty_table(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """No traffic is an empty table that is settled, not an error."""
    del cloud
    metrics = MetricsReader(aws).read(REQUEST, advance_to(clock, 10))
    assert (metrics.strata.empty, metrics.settled_until) == (True, NOON + 8 * MINUTE)


def test_further_series(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """A gate's own metric comes period by period under the gate's name; nothing is filled in."""
    serve(cloud, 0, latency_us=200.0)
    serve(cloud, 2, latency_us=400.0)
    dimensions = {"EndpointName": "fraud-prod", "VariantName": "candidate"}
    slo = SeriesRequest("AWS/SageMaker", "ModelLatency", "PR(:300)", dimensions)
    orders = SeriesRequest("Shop", "Orders", "Average", {})
    request = replace(REQUEST, series={"slo": slo, "orders": orders})
    series = MetricsReader(aws).read(request, advance_to(clock, 10)).series
    assert series["slo"].to_dict() == {NOON: 100.0, NOON + 2 * MINUTE: 0.0}
    assert series["orders"].empty


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, since=NOON + MINUTE),
        replace(REQUEST, period=5 * MINUTE),
        replace(REQUEST, arms={"baseline": "candidate", "candidate": "AllTraffic"}),
        replace(REQUEST, series={"orders": SeriesRequest("Shop", "Orders", "Sum", {})}),
    ],
    ids=["start", "period", "arms", "series"],
)
def test_another_request_starts_afresh(aws: Aws, cloud: Cloud, clock: VirtualClock, other: MetricsRequest) -> None:
    """What was read for other metrics, another start or another period is not mixed in."""
    for minute in range(20):
        serve(cloud, minute)
        serve(cloud, minute, variant="AllTraffic", failed=True)
    reader = MetricsReader(aws)
    reader.read(REQUEST, advance_to(clock, 22))
    got, fresh = reader.read(other, clock.now()), MetricsReader(aws).read(other, clock.now())
    assert got.strata.equals(fresh.strata)


def test_earlier_look_gets_nothing_from_a_later_one(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """When the caller's clock is set back, periods that it cannot call settled are held back again."""
    for minute in range(10):
        serve(cloud, minute)
    reader = MetricsReader(aws)
    now = advance_to(clock, 12)
    assert len(reader.read(REQUEST, now).strata) == 10
    assert len(reader.read(REQUEST, now - 6 * MINUTE).strata) == 4


def test_start_within_a_period_counts_from_the_next(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """A minute that began before the stage did is not the stage's."""
    serve(cloud, 0)
    serve(cloud, 1)
    request = replace(REQUEST, since=NOON + timedelta(seconds=1))
    assert MetricsReader(aws).read(request, advance_to(clock, 5)).strata["minute"].tolist() == [NOON + MINUTE]


def test_failed_look_loses_nothing(aws: Aws, cloud: Cloud, clock: VirtualClock) -> None:
    """After CloudWatch was out of reach, the next look has every minute, those of the outage included."""
    for minute in range(10):
        serve(cloud, minute)
    reader = MetricsReader(aws)
    reader.read(REQUEST, advance_to(clock, 4))
    cloud.faults.plant(Throttle(operation="GetMetricData", times=ATTEMPTS))
    with pytest.raises(TransientAwsError):
        reader.read(REQUEST, advance_to(clock, 5))
    assert len(reader.read(REQUEST, advance_to(clock, 10)).strata) == 8
