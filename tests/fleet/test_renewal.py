"""A fleet that ended well is rolled out again once its endpoints serve something else: its record says what was, not what is."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.fleet.deciding import Stop
from policies.fleet.loading import parse_fleet
from rollway.fleet.record import ask_to_stop, find_others_under_way, find_record, open_record
from tests.fleet.scene import Scene
from tests.fleet.test_fleets import POLICY, waves

Make = Callable[[int], Scene]


@pytest.fixture
def fleet(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Make a fleet's document for a model."""
    path = tmp_path / "quick.yaml"
    path.write_text(yaml.safe_dump(POLICY), "utf-8")

    def make(scene: Scene, model: str, **more: Any) -> dict[str, Any]:
        return {"name": "f", "policy": str(path), "model": model, "waves": waves(scene, 2)} | more

    return make


def test_a_model_that_comes_back_is_rolled_out_again(make_scene: Make, fleet: Callable[..., Any]):
    """To v7, back to v6, to v7 again: the third is the fleet of the first, which had ended PROMOTED, and it moves every endpoint."""
    scene = make_scene(2)

    ends = [scene.play(fleet(scene, model)) for model in ("v7", "v6", "v7")]

    assert [each.outcome for each in ends if each] == ["PROMOTED"] * 3
    assert scene.models() == {"v7": 2}
    kept = find_record(scene.journal, parse_fleet(fleet(scene, "v7")).fleet_id)
    assert kept is not None
    assert (kept.record.round, {each.stand for each in kept.record.entries.values()}) == (2, {"promoted"})


def test_one_that_is_so_still_begins_nothing(make_scene: Make, fleet: Callable[..., Any]):
    """Run again while every endpoint has the model, and with one that is gone meanwhile, it ends as it had and begins no rollout."""
    scene = make_scene(2)
    document = fleet(scene, "v7")
    scene.play(document)
    begun = len(scene.decisions)
    scene.aws.sagemaker.delete_endpoint(EndpointName=scene.endpoints.pop())
    scene.pass_time(timedelta(minutes=1))

    ended = scene.play(document)

    assert ended is not None
    assert ended.outcome == "PROMOTED"
    assert not any(each.start for each in scene.decisions[begun:])


def test_a_stop_of_an_earlier_round_stops_no_later_one(make_scene: Make, fleet: Callable[..., Any]):
    """A person who halted the fleet a moment too late has not halted what is asked for weeks later."""
    scene = make_scene(2)
    scene.play(fleet(scene, "v7"))
    ask_to_stop(scene.journal, parse_fleet(fleet(scene, "v7")).fleet_id, Stop(by="kim", reason="too late"))
    scene.play(fleet(scene, "v6"))

    ended = scene.play(fleet(scene, "v7"))

    assert ended is not None
    assert (ended.outcome, scene.models()) == ("PROMOTED", {"v7": 2})


def test_a_fleet_that_was_halted_stays_halted(make_scene: Make, fleet: Callable[..., Any]):
    """A model that failed is not tried again by running the file, also after another one was promoted."""
    scene = make_scene(2)
    ends = []
    for model in ("v7-broken", "v7", "v7-broken"):
        ends.append(scene.play(fleet(scene, model)))
        scene.pass_time(timedelta(minutes=20))

    assert [each.outcome for each in ends if each] == ["HALTED", "PROMOTED", "HALTED"]
    assert scene.models() == {"v7": 2}


def test_the_same_fleet_with_another_model_is_found_until_it_ends_or_is_halted(
    make_scene: Make, fleet: Callable[..., Any]
):
    """Two fleets of one name would change the same endpoints in turn; one of another name is none of them."""
    scene = make_scene(2)
    mine, other = parse_fleet(fleet(scene, "v7")), parse_fleet(fleet(scene, "v6"))
    open_record(scene.journal, other)
    open_record(scene.journal, parse_fleet(fleet(scene, "v6", name="f-2")))

    found = [find_others_under_way(scene.journal, mine)]
    ask_to_stop(scene.journal, other.fleet_id, Stop(by="kim", reason="its process is gone"))
    found.append(find_others_under_way(scene.journal, mine))

    assert found == [(other.fleet_id,), ()]
