"""Faults strike when, as often and as reproducibly as they say."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.fault_menu import (
    MetricDelay,
    MetricGap,
    ModelErrors,
    OutsideChange,
    Slow,
    SystemUpdating,
    Throttle,
)
from rollway.sandbox.faults import Faults

Seconds = Callable[[float], None]


def test_throttling_refuses_exactly_the_given_number_of_calls(cloud: Cloud) -> None:
    """A throttled operation works again afterwards, and other operations always did."""
    cloud.faults.plant(Throttle(operation="ListEndpoints", times=2))
    cloud.call("ListModels", {})
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            cloud.call("ListEndpoints", {})
        assert (caught.value.code, caught.value.message) == ("ThrottlingException", "Rate exceeded")
    cloud.call("ListEndpoints", {})


def test_after_counts_from_planting(cloud: Cloud, pass_time: Seconds) -> None:
    """A fault planted for later leaves the time before it alone."""
    pass_time(100)
    cloud.faults.plant(Throttle(operation="*", after=timedelta(seconds=10)))
    cloud.call("ListModels", {})
    pass_time(10)
    with pytest.raises(Refusal):
        cloud.call("ListModels", {})


def hits(faults: Faults, kind: str, requests: int, variant: str = "candidate") -> list[bool]:
    """Which of so many requests a fault of a share hits."""
    ask = faults.model_error if kind == "model_error" else faults.slowed
    return [bool(ask(variant)) for _ in range(requests)]


def share_of(kind: str, share: float) -> Slow | ModelErrors:
    """Plant-able: a fault of a share of the requests of ``candidate``."""
    if kind == "model_error":
        return ModelErrors(variant="candidate", share=share, status=503)
    return Slow(variant="candidate", share=share, by=timedelta(seconds=1))


@settings(deadline=None)
@given(kind=st.sampled_from(["model_error", "slow"]), share=st.floats(0, 100), seed=st.integers(0, 10**6))
def test_shares_hold_over_requests_and_repeat_themselves(kind: str, share: float, seed: int) -> None:
    """Of any 1,000 requests a fault hits its share (binomial, within 5.5 sigma and one); the same seed hits the same requests again."""
    clock = VirtualClock(datetime(2026, 6, 1, tzinfo=UTC))
    rehearsals = [Faults(clock, seed) for _ in range(2)]
    for faults in rehearsals:
        faults.plant(share_of(kind, share))
    first, again = (hits(faults, kind, 1000) for faults in rehearsals)
    expected = 10 * share
    assert abs(sum(first) - expected) <= 5.5 * math.sqrt(expected * (1 - share / 100)) + 1
    assert first == again


@pytest.mark.parametrize("kind", ["model_error", "slow"])
def test_chance_of_one_fault_is_not_that_of_another(clock: VirtualClock, kind: str) -> None:
    """What is asked of another variant or planted of another kind meanwhile leaves a fault's requests as they were."""
    alone, beside = Faults(clock, seed=3), Faults(clock, seed=3)
    for faults in (alone, beside):
        faults.plant(share_of(kind, 50))
    beside.plant(share_of("slow" if kind == "model_error" else "model_error", 50))
    other = [hits(beside, kind, 1, "baseline") + hits(beside, kind, 1) for _ in range(64)]
    assert [found for _, found in other] == hits(alone, kind, 64)
    assert not any(found for found, _ in other)


def test_slowness_is_seeded_and_ends(clock: VirtualClock) -> None:
    """The same seed slows the same requests, and a fault with a duration is over after it."""

    def slowed() -> list[timedelta]:
        faults = Faults(clock, seed=3)
        faults.plant(Slow(variant="v", share=50, by=timedelta(seconds=1), duration=timedelta(seconds=60)))
        return [faults.slowed("v") for _ in range(50)]

    assert slowed() == slowed()
    assert set(slowed()) == {timedelta(0), timedelta(seconds=1)}
    faults = Faults(clock, seed=3)
    faults.plant(Slow(variant="v", by=timedelta(seconds=1), duration=timedelta(seconds=60)))
    clock.advance(timedelta(seconds=60))
    assert faults.slowed("v") == timedelta(0)


def test_maintenance_shows_and_forbids_changes(
    cloud: Cloud, shop: str, describe: Callable[..., dict[str, str]], pass_time: Seconds
) -> None:
    """SystemUpdating can come at any time; the endpoint cannot be changed until it is over."""
    cloud.faults.plant(SystemUpdating(after=timedelta(seconds=5), duration=timedelta(seconds=30)))
    pass_time(6)
    assert describe()["EndpointStatus"] == "SystemUpdating"
    with pytest.raises(Refusal, match="Cannot update in-progress endpoint"):
        cloud.call("UpdateEndpoint", {"EndpointName": shop, "EndpointConfigName": "two"})
    pass_time(30)
    assert describe()["EndpointStatus"] == "InService"


def test_an_outside_change_waits_for_its_turn(
    cloud: Cloud, shop: str, adjust: Callable[..., object], pass_time: Seconds
) -> None:
    """Somebody else's change comes once ours is complete, and the log tells the two apart."""
    cloud.faults.plant(OutsideChange(endpoint=shop, weights={"candidate": 0}))
    cloud.faults.clear()
    adjust({"candidate": 30})
    cloud.faults.plant(OutsideChange(endpoint=shop, weights={"candidate": 0}))
    cloud.tick()
    pass_time(2)
    cloud.tick()
    assert [variant.weight for variant in cloud.endpoints.serving(shop).variants] == [90, 30]
    pass_time(2)
    assert [variant.weight for variant in cloud.endpoints.serving(shop).variants] == [90, 0]
    actors = [entry.actor for entry in cloud.request_log.entries("UpdateEndpointWeightsAndCapacities")]
    assert actors == ["caller", "outside"]


def test_an_outside_change_that_is_refused_is_logged_and_dropped(cloud: Cloud, shop: str) -> None:
    """A fault that names a configuration which does not exist neither fails the caller's request nor stays for ever."""
    cloud.faults.plant(OutsideChange(endpoint=shop, config="nowhere"))
    cloud.call("ListModels", {})
    cloud.call("ListModels", {})
    assert [entry.outcome for entry in cloud.request_log.entries("UpdateEndpoint")] == ["ValidationException"]


def test_metric_faults_reach_the_metric_store(cloud: Cloud, pass_time: Seconds) -> None:
    """A delay holds while the fault does; a gap is told to the store with its window."""
    usual = cloud.metrics.delay
    cloud.faults.plant(MetricDelay(by=timedelta(minutes=3), duration=timedelta(minutes=5)))
    cloud.tick()
    assert cloud.metrics.delay == usual + timedelta(minutes=3)
    pass_time(300)
    cloud.tick()
    assert cloud.metrics.delay == usual
    since = cloud.clock.now() + timedelta(minutes=1)
    cloud.faults.plant(MetricGap(variant="v", after=timedelta(minutes=1), duration=timedelta(minutes=2)))
    assert cloud.metrics.gaps == [({"VariantName": "v"}, since, since + timedelta(minutes=2))]


def test_an_outside_change_names_one_change() -> None:
    """A fault that says nothing, or two things, is refused when it is written."""
    with pytest.raises(ValidationError, match="either 'weights' or 'config'"):
        OutsideChange(endpoint="shop")
