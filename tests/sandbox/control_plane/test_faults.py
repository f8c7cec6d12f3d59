"""Faults strike when, as often and as reproducibly as they say."""

from collections.abc import Callable
from datetime import timedelta

import pytest
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


def test_model_errors_hit_the_same_inputs_in_any_order(clock: VirtualClock) -> None:
    """Some inputs fail, always the same, and about the share that was asked for (binomial: 200 +- 5 sigma of 63)."""
    faults = Faults(clock, seed=7)
    faults.plant(ModelErrors(variant="candidate", share=20, status=503))
    inputs = [f"row {number}".encode() for number in range(1000)]
    first = [faults.model_error("candidate", body) for body in inputs]
    again = [faults.model_error("candidate", body) for body in reversed(inputs)]
    assert first == again[::-1]
    assert 137 <= first.count(503) <= 263
    assert faults.model_error("baseline", inputs[first.index(503)]) is None


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
