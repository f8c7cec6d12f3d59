"""A saved account comes back as it was, in the middle of whatever it was doing."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.fault_menu import MetricGap, Throttle, UpdateRollsBack
from rollway.sandbox.settings import SandboxSettings
from rollway.sandbox.snapshot import Snapshot, SnapshotError

Make = Callable[..., dict[str, Any]]


def test_an_update_goes_on_after_a_restart(
    clock: VirtualClock, cloud: Cloud, shop: str, update: Make, tmp_path: Path
) -> None:
    """Models, configs, tags, weights and the deployment in flight are the same in the account that is restored."""
    Snapshot(cloud, tmp_path).follow()
    update("two", RetainAllVariantProperties=True)
    again = Cloud(clock)
    assert Snapshot(again, tmp_path).restore()
    for operation, request in [
        ("DescribeEndpoint", {"EndpointName": shop}),
        ("DescribeEndpointConfig", {"EndpointConfigName": "one"}),
        ("DescribeModel", {"ModelName": "fraud"}),
    ]:
        assert again.call(operation, request) == cloud.call(operation, request)
    assert again.endpoints.serving(shop) == cloud.endpoints.serving(shop)
    clock.advance(timedelta(seconds=3))
    assert again.call("DescribeEndpoint", {"EndpointName": shop})["EndpointConfigName"] == "two"


def test_new_fleets_get_new_names_after_a_restart(
    clock: VirtualClock, cloud: Cloud, shop: str, update: Make, tmp_path: Path
) -> None:
    """A fleet id is never used twice, or an old model would answer for a new one."""
    Snapshot(cloud, tmp_path).follow()
    before = {variant.fleet_id for variant in cloud.endpoints.serving(shop).variants}
    again = Cloud(clock)
    Snapshot(again, tmp_path).restore()
    again.call("UpdateEndpoint", {"EndpointName": shop, "EndpointConfigName": "two"})
    clock.advance(timedelta(seconds=3))
    assert not before & {variant.fleet_id for variant in again.endpoints.serving(shop).variants}
    assert callable(update)


def test_every_change_is_on_disk_before_it_is_answered(
    clock: VirtualClock, cloud: Cloud, make_model: Make, tmp_path: Path
) -> None:
    """A sandbox that is killed right after an answer has kept what it answered."""
    Snapshot(cloud, tmp_path).follow()
    make_model("fraud", Tags=[{"Key": "team", "Value": "risk"}])
    again = Cloud(clock)
    Snapshot(again, tmp_path).restore()
    arn = again.call("DescribeModel", {"ModelName": "fraud"})["ModelArn"]
    assert again.tags.of(arn) == {"team": "risk"}


def test_planted_faults_survive_with_what_is_left_of_them(clock: VirtualClock, cloud: Cloud, tmp_path: Path) -> None:
    """A fault that has struck once of twice strikes once more, and its beginning stays where it was."""
    cloud.faults.plant(Throttle(operation="ListModels", times=2))
    cloud.faults.plant(UpdateRollsBack(after=timedelta(minutes=1)))
    assert cloud.faults.throttled("ListModels")
    Snapshot(cloud, tmp_path).save_control_plane()
    again = Cloud(clock)
    Snapshot(again, tmp_path).restore()
    assert [again.faults.throttled("ListModels") for _ in range(2)] == [True, False]
    assert again.faults.update_fate() is None
    clock.advance(timedelta(minutes=1))
    assert again.faults.update_fate() == UpdateRollsBack(after=timedelta(minutes=1))


def test_changed_settings_bring_their_own_faults(clock: VirtualClock, cloud: Cloud, tmp_path: Path) -> None:
    """Whoever edits the faults in the settings and restarts gets the new faults, not the saved ones."""
    cloud.faults.plant(Throttle(operation="ListModels"))
    Snapshot(cloud, tmp_path).save_control_plane()
    again = Cloud(clock, SandboxSettings(faults=(Throttle(operation="ListEndpoints"),)))
    Snapshot(again, tmp_path).restore()
    assert [again.faults.throttled(operation) for operation in ("ListModels", "ListEndpoints")] == [False, True]


def test_a_metric_gap_keeps_its_window(clock: VirtualClock, cloud: Cloud, tmp_path: Path) -> None:
    """A restart neither ends a gap in the metrics nor moves it."""
    cloud.faults.plant(MetricGap(duration=timedelta(minutes=2)))
    Snapshot(cloud, tmp_path).save_control_plane()
    clock.advance(timedelta(minutes=1))
    again = Cloud(clock)
    Snapshot(again, tmp_path).restore()
    assert again.metrics.gaps == cloud.metrics.gaps


def test_metrics_are_saved_and_restored(clock: VirtualClock, cloud: Cloud, tmp_path: Path) -> None:
    """Metrics recorded before a restart can be listed after it."""
    cloud.metrics.record("AWS/SageMaker", "Invocations", {"EndpointName": "shop", "VariantName": "v"}, 1)
    snapshot = Snapshot(cloud, tmp_path)
    snapshot.save_control_plane()
    snapshot.save_metrics()
    again = Cloud(clock)
    Snapshot(again, tmp_path).restore()
    assert again.metrics.export() == cloud.metrics.export()


def test_an_empty_folder_is_a_new_account(cloud: Cloud, tmp_path: Path) -> None:
    """Nothing saved means nothing to restore, and says so."""
    assert not Snapshot(cloud, tmp_path / "not yet there").restore()


def test_a_folder_of_another_format_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    """State that this version does not understand is not guessed at."""
    (tmp_path / "control-plane.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(SnapshotError, match="format 99"):
        Snapshot(cloud, tmp_path).restore()
