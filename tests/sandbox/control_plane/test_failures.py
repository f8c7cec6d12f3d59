"""How deployments fail: to Failed, silently back to the old line-up, to a mix of both, or by way of RollingBack."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from rollway.sandbox.fault_menu import CapacityRefused, UpdateRollbackFails, UpdateRollsBack
from rollway.sandbox.fleets import FleetHealth, FleetSpec
from rollway.sandbox.settings import SandboxSettings

Describe = Callable[[], dict[str, Any]]
Make = Callable[..., dict[str, Any]]
Seconds = Callable[[float], None]


class Fleets:
    """Fleets whose health is set by the test, and which remember what they were asked."""

    def __init__(self) -> None:
        self.running: dict[str, int] = {}
        self.answer = FleetHealth(ready=True)

    def ensure(self, spec: FleetSpec) -> None:
        self.running[spec.fleet_id] = spec.instances

    def health(self, fleet_id: str) -> FleetHealth:
        return self.answer if fleet_id in self.running else FleetHealth(ready=False)

    def retire(self, fleet_id: str) -> None:
        self.running.pop(fleet_id, None)


@pytest.fixture
def fleets() -> Fleets:
    return Fleets()


@pytest.fixture
def cloud(clock: VirtualClock, fleets: Fleets) -> Cloud:
    """An account whose model servers the test controls."""
    return Cloud(clock, SandboxSettings(), fleets)


def test_a_rolled_back_update_looks_like_success(
    cloud: Cloud, shop: str, update: Make, describe: Describe, pass_time: Seconds
) -> None:
    """The silent rollback: InService, no reason, and only the OLD config name gives it away."""
    before = cloud.endpoints.serving(shop)
    cloud.faults.plant(UpdateRollsBack())
    update("two")
    assert describe()["EndpointStatus"] == "Updating"
    pass_time(3)
    after = describe()
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "one")
    assert "FailureReason" not in after
    assert "PendingDeploymentSummary" not in after
    assert cloud.endpoints.serving(shop) == before
    update("two")
    pass_time(3)
    assert describe()["EndpointConfigName"] == "two"


def test_a_rolled_back_update_may_say_why(
    cloud: Cloud, shop: str, update: Make, describe: Describe, pass_time: Seconds
) -> None:
    """With a FailureReason the rollback is loud, and the next success clears it."""
    assert shop == "shop"
    cloud.faults.plant(UpdateRollsBack(silent=False))
    update("two")
    pass_time(3)
    assert "rolled back" in describe()["FailureReason"]
    update("two")
    assert "rolled back" in describe()["FailureReason"]
    pass_time(3)
    assert "FailureReason" not in describe()


def test_a_failed_rollback_leaves_a_mix(
    cloud: Cloud, shop: str, update: Make, describe: Describe, pass_time: Seconds
) -> None:
    """UpdateRollbackFailed serves old and new variants together, may be adjusted, and another update heals it."""
    cloud.faults.plant(UpdateRollbackFails())
    update("two")
    pass_time(3)
    assert describe()["EndpointStatus"] == "UpdateRollbackFailed"
    assert {variant.config_name for variant in cloud.endpoints.serving(shop).variants} == {"one", "two"}
    update("one")
    pass_time(3)
    after = describe()
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "one")
    assert {variant.config_name for variant in cloud.endpoints.serving(shop).variants} == {"one"}


def test_a_failed_endpoint_can_only_be_deleted(  # noqa: PLR0913, PLR0917 - every argument is a fixture or a parameter
    cloud: Cloud, make_config: Make, update: Make, adjust: Make, describe: Describe, pass_time: Seconds
) -> None:
    """Creation without capacity ends Failed; no change is accepted, nothing serves, deletion works."""
    make_config("one", {"v": 1})
    make_config("two", {"v": 1})
    cloud.faults.plant(CapacityRefused(variant="v"))
    cloud.call("CreateEndpoint", {"EndpointName": "shop", "EndpointConfigName": "one"})
    pass_time(3)
    failed = describe()
    assert failed["EndpointStatus"] == "Failed"
    assert "InsufficientInstanceCapacity" in failed["FailureReason"]
    attempts: list[Callable[[], object]] = [lambda: update("two"), lambda: adjust({"v": 1})]
    for attempt in attempts:
        with pytest.raises(Refusal, match="failed endpoint"):
            attempt()
    with pytest.raises(Refusal, match="not found"):
        cloud.endpoints.serving("shop")
    cloud.call("DeleteEndpoint", {"EndpointName": "shop"})
    pass_time(1)
    assert cloud.endpoints.status("shop") is None


def test_refused_capacity_rolls_an_adjustment_back(
    cloud: Cloud, shop: str, adjust: Make, describe: Describe, pass_time: Seconds
) -> None:
    """A scale-out without instances shows Updating, then RollingBack, then InService with the old counts and weights."""
    assert shop == "shop"
    cloud.faults.plant(CapacityRefused(variant="baseline"))
    adjust({"baseline": 1}, {"baseline": 9})
    assert describe()["EndpointStatus"] == "Updating"
    pass_time(2)
    assert describe()["EndpointStatus"] == "RollingBack"
    pass_time(2)
    after = describe()
    assert after["EndpointStatus"] == "InService"
    assert "InsufficientInstanceCapacity" in after["FailureReason"]
    (baseline, _) = after["ProductionVariants"]
    assert (baseline["CurrentWeight"], baseline["CurrentInstanceCount"]) == (90, 2)
    assert (baseline["DesiredWeight"], baseline["DesiredInstanceCount"]) == (90, 2)


def test_refused_capacity_does_not_hit_weights_or_scale_ins(
    cloud: Cloud, shop: str, adjust: Make, describe: Describe, pass_time: Seconds
) -> None:
    """Only new instances can be refused."""
    assert shop == "shop"
    cloud.faults.plant(CapacityRefused(variant="baseline"))
    adjust({"baseline": 1}, {"baseline": 1})
    pass_time(2)
    assert describe()["EndpointStatus"] == "InService"
    assert describe()["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_a_deployment_waits_for_its_servers(  # noqa: PLR0913, PLR0917 - every argument is a fixture or a parameter
    cloud: Cloud, fleets: Fleets, shop: str, update: Make, describe: Describe, pass_time: Seconds
) -> None:
    """However much time passes, traffic does not move before the new fleet answers its pings."""
    before = cloud.endpoints.serving(shop)
    fleets.answer = FleetHealth(ready=False)
    update("two")
    pass_time(600)
    assert describe()["EndpointStatus"] == "Updating"
    assert cloud.endpoints.serving(shop) == before
    fleets.answer = FleetHealth(ready=True)
    assert describe()["EndpointConfigName"] == "two"


def test_dead_servers_fail_a_deployment(
    cloud: Cloud, fleets: Fleets, shop: str, update: Make, describe: Describe
) -> None:
    """A model that cannot start rolls the update back at once, with the reason, and its servers are stopped."""
    before = dict(fleets.running)
    fleets.answer = FleetHealth(ready=False, failure="the container did not pass the ping health check")
    update("two")
    after = describe()
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "one")
    assert after["FailureReason"] == "the container did not pass the ping health check"
    assert fleets.running == before
    assert cloud.endpoints.serving(shop)


def test_fleets_follow_the_endpoint(  # noqa: PLR0913, PLR0917 - every argument is a fixture or a parameter
    cloud: Cloud, fleets: Fleets, shop: str, update: Make, adjust: Make, pass_time: Seconds
) -> None:
    """New servers start with the change, surplus ones stop only when it is complete, all stop with the endpoint."""
    assert sorted(fleets.running.values()) == [2, 2]
    adjust(counts={"baseline": 5, "candidate": 1})
    assert sorted(fleets.running.values()) == [2, 5]
    pass_time(2)
    cloud.tick()
    assert sorted(fleets.running.values()) == [1, 5]
    update("two")
    assert len(fleets.running) == 4
    pass_time(3)
    cloud.tick()
    assert sorted(fleets.running.values()) == [2, 2]
    cloud.call("DeleteEndpoint", {"EndpointName": shop})
    pass_time(1)
    cloud.tick()
    assert fleets.running == {}


def test_the_model_may_be_deleted_under_a_running_endpoint(cloud: Cloud, shop: str, adjust: Make) -> None:
    """AWS does not stop anyone from deleting a model in use: what runs goes on running and can be adjusted."""
    cloud.call("DeleteModel", {"ModelName": "fraud"})
    adjust({"candidate": 0})
    assert cloud.endpoints.serving(shop).variants
    with pytest.raises(Refusal, match="Could not find model"):
        cloud.call("CreateEndpoint", {"EndpointName": "other", "EndpointConfigName": "two"})


def test_delays_are_settings(clock: VirtualClock) -> None:
    """A rehearsal at real speed is a matter of settings."""
    settings = SandboxSettings.model_validate({"delays": {"creating": "8m"}})
    assert settings.delays.creating == timedelta(minutes=8)
    cloud = Cloud(clock, settings)
    role = "arn:aws:iam::123456789012:role/rollway"
    model = {"ModelName": "m", "ExecutionRoleArn": role, "PrimaryContainer": {"Image": "m:1"}}
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    cloud.call("CreateModel", model)
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": [variant]})
    cloud.call("CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c"})
    clock.advance(timedelta(minutes=7, seconds=59))
    assert cloud.endpoints.status("e") == "Creating"
    clock.advance(timedelta(seconds=1))
    assert cloud.endpoints.status("e") == "InService"
