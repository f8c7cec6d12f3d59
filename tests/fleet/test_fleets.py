"""Whole fleets on the simulated AWS: waves, budgets, halts, and processes that die."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.fleet.deciding import Stop
from rollway.fleet.record import ask_to_stop, find_record
from rollway.journal.leases import list_standings
from tests.fleet.scene import Scene

Make = Callable[[int], Scene]
POLICY: dict[str, Any] = {
    "strategy": "canary",
    "stages": [{"share": 50, "bake": "1m"}],
    "gates": {
        "failing": {"metric": "Invocation5XXErrors", "at_most": 0.1, "breaches": 1, "of": 1},
        "sample": {"requests_at_least": 10},
        "split": {"share_within": "60%"},
    },
    "metrics": {"look_every": "1m"},
    "deadline": "30m",
    "dead_mans_switch": {"mode": "none"},
}


@pytest.fixture
def policy(tmp_path: Path) -> str:
    """A policy file for rollouts of a few minutes."""
    path = tmp_path / "quick.yaml"
    path.write_text(yaml.safe_dump(POLICY), "utf-8")
    return str(path)


def waves(scene: Scene, size: int, **of_wave: dict[str, Any]) -> list[dict[str, Any]]:
    """The scene's endpoints in waves of a size; ``wave2={...}`` says something about every endpoint of the second."""
    names = [scene.endpoints[at : at + size] for at in range(0, len(scene.endpoints), size)]
    return [
        {"name": f"wave{number}", "targets": [{"endpoint": name} | of_wave.get(f"wave{number}", {}) for name in each]}
        for number, each in enumerate(names, start=1)
    ]


def standings(scene: Scene, fleet_id: str) -> dict[str, str]:
    """Where each endpoint that was begun stands, as the fleet's record says."""
    kept = find_record(scene.journal, fleet_id)
    assert kept is not None
    return {key: entry.stand for key, entry in kept.record.entries.items()}


def test_a_bad_region_halts_forty_endpoints_within_the_budget(make_scene: Make, policy: str):
    """The second of four waves gets a broken model: the fleet stops, and no endpoint is left half-way."""
    scene = make_scene(40)
    broken = {"region": "eu-west-1", "model": "v7-broken"}
    fleet = {
        "name": "forty",
        "policy": policy,
        "model": "v7",
        "parallel": 5,
        "failures_allowed": 2,
        "waves": waves(scene, 10, wave2=broken, wave3={"region": "ap-south-1"}),
    }

    ended = scene.play(fleet)

    assert ended is not None
    assert ended.outcome == "HALTED"
    assert "2 may fail, and " in ended.reason
    assert scene.models() == {"v7": 10, "v6": 30}
    assert scene.most == 5
    configs = {
        each["EndpointConfigName"]
        for each in scene.cloud.call("ListEndpointConfigs", {"MaxResults": 100})["EndpointConfigs"]
    }
    assert len(configs) == 1 + 10


def test_waves_come_one_after_the_other_with_their_soak(make_scene: Make, policy: str):
    """Nothing of a wave begins before the one before it is over and has soaked; an endpoint that has the model already is left alone."""
    scene = make_scene(4)
    fleet = {"name": "two", "policy": policy, "model": "v7", "soak": "20m", "waves": waves(scene, 2)}
    fleet["waves"][0]["targets"][0]["model"] = "v6"

    ended = scene.play(fleet)

    assert ended is not None
    assert (ended.outcome, scene.models()) == ("PROMOTED", {"v7": 3, "v6": 1})
    begun = {target.endpoint: number for number, each in enumerate(scene.decisions) for target in each.start}
    assert max(begun["fraud-00"], begun["fraud-01"]) < min(begun["fraud-02"], begun["fraud-03"])
    assert any("wave wave1 soaks, " in each.reason for each in scene.decisions)
    since = {endpoint: standing.lease.since for endpoint, standing in list_standings(scene.journal)}
    assert (since["fraud-02"] - since["fraud-01"]).total_seconds() >= 20 * 60
    assert "fraud-00" not in since


def test_the_next_process_goes_on_with_the_fleet(make_scene: Make, policy: str):
    """A process that leaves in the middle hands its rollouts over; the next one begins none a second time."""
    scene = make_scene(3)
    document = {"name": "three", "policy": policy, "model": "v7", "parallel": 2, "waves": waves(scene, 3)}
    first = scene.open(document)

    async def leave_soon() -> None:
        driving = asyncio.create_task(first.drive())
        await scene.until(lambda: len(scene.decisions) >= 4)
        first.leave()
        assert await driving is None

    asyncio.run(leave_soon())
    under_way = standings(scene, first.spec.fleet_id)
    assert list(under_way.values()) == ["under way"] * 2

    ended = scene.play(document)

    assert ended is not None
    assert (ended.outcome, scene.models()) == ("PROMOTED", {"v7": 3})
    begun = [entry for _, entry in list_standings(scene.journal) if entry.lease.history]
    assert [len(each.lease.history) for each in begun] in ([], [1, 1, 1])
    again = scene.play(document)
    assert again is not None
    assert again.outcome == "PROMOTED"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_hands_every_rollout_of_a_fleet_over(make_scene: Make, policy: str, number: signal.Signals):
    """One signal reaches the fleet and all its rollouts: each is left as it is, free to be taken up at once, and none goes back."""
    scene = make_scene(3)
    document = {"name": "stopped", "policy": policy, "model": "v7", "parallel": 3, "waves": waves(scene, 3)}
    fleet = scene.open(document)

    async def stop_soon() -> None:
        driving = asyncio.create_task(fleet.drive())
        await scene.until(lambda: len(list_standings(scene.journal).found) == 3)
        signal.raise_signal(number)
        assert await driving is None

    asyncio.run(stop_soon())

    assert [standing.expired for _, standing in list_standings(scene.journal)] == [True] * 3
    ended = scene.play(document)
    assert ended is not None
    assert (ended.outcome, scene.models()) == ("PROMOTED", {"v7": 3})


@pytest.mark.parametrize("abort", [False, True])
def test_a_fleet_that_is_halted_begins_nothing_else(make_scene: Make, policy: str, abort: bool):  # noqa: FBT001 - a case
    """Halted, rollouts under way go on to their own ends, or are taken back if that was asked for; the others never begin."""
    scene = make_scene(3)
    fleet = scene.open({"name": "halted", "policy": policy, "model": "v7", "parallel": 1, "waves": waves(scene, 3)})

    async def halt_soon() -> Any:
        driving = asyncio.create_task(fleet.drive())
        await scene.until(lambda: any(each.start for each in scene.decisions))
        stop = Stop(by="kim", reason="support is calling", abort=abort)
        await asyncio.to_thread(ask_to_stop, scene.journal, fleet.spec.fleet_id, stop)
        return await driving

    ended = asyncio.run(halt_soon())

    assert ended.outcome == "HALTED"
    assert "halted by kim: support is calling; 2 endpoints not begun" in ended.reason
    assert scene.models() == ({"v6": 3} if abort else {"v6": 2, "v7": 1})


def test_a_rollout_that_cannot_begin_counts_against_the_budget(make_scene: Make, policy: str):
    """An endpoint that does not exist is a failure like any other, told with its reason."""
    scene = make_scene(1)
    fleet = {"name": "missing", "policy": policy, "model": "v7", "waves": waves(scene, 1)}
    fleet["waves"].insert(0, {"name": "wave0", "targets": [{"endpoint": "nobody"}]})

    ended = scene.play(fleet)

    assert ended is not None
    assert (ended.outcome, scene.models()) == ("HALTED", {"v6": 1})
    kept = find_record(scene.journal, scene.open(fleet).spec.fleet_id)
    assert kept is not None
    assert "could not begin" in kept.record.entries["nobody"].reason
