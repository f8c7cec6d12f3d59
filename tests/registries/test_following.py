"""Following a binding: what should serve and does not is started once, with its SageMaker model made; what goes wrong is told."""

import pytest
import yaml

from policies.bindings.event import RegistryEvent
from policies.bindings.making import name_model
from policies.bindings.registered import Registered
from policies.bindings.wish import Wish
from policies.fleet.loading import load_fleet
from policies.lifecycle import Outcome
from rollway.fleet.record import Entry, open_record
from rollway.registries.catching_up import follow, look
from rollway.registries.last_word import LastWord
from rollway.registries.mlflow import connect_mlflow
from rollway.registries.wishes import read_wish
from rollway.sandbox.fault_menu import Throttle
from tests.bindings.documents import MAKE, MLFLOW, ROLE, WANDB, bind

TWO = [{"endpoint": "fraud-prod"}, {"endpoint": "fraud-eu"}]


def model_of(version: str) -> str:
    return name_model(Registered.model_validate({"registry": "mlflow", "model": "fraud", "version": version}))


def test_what_is_missing_is_made_and_started(scene, mlflow):
    """The champion does not serve: its SageMaker model is made with the binding's content, and its rollout asked for."""
    assert mlflow.url

    followed = follow(scene.reach, bind(), scene.orders)

    made = scene.cloud.call("DescribeModel", {"ModelName": model_of("2")})
    assert (followed.started, followed.trouble) == (["run-1"], [])
    assert scene.orders.models == [("fraud-prod", "2")]
    assert made["PrimaryContainer"] == {"Image": MAKE["image"], "ModelDataUrl": "s3://models/fraud/2/model.tar.gz"}
    assert made["ExecutionRoleArn"] == ROLE


def test_following_twice_starts_once(scene, mlflow):
    """A second look, by an event, a poll or another process, makes nothing and starts nothing."""
    assert mlflow.url
    for _ in range(2):
        follow(scene.reach, bind(), scene.orders)

    assert scene.orders.models == [("fraud-prod", "2")]
    assert scene.models() == [model_of("2")]


def test_the_whole_life_of_an_alias(scene, mlflow):
    """Up to 2, promoted; on to 3, taken back and not tried again; back to 2, live still; on to 1, and 2 again, each started once."""
    binding = bind()
    steps = [("2", Outcome.PROMOTED, 1), ("3", Outcome.ROLLED_BACK, 1), ("2", None, 0), ("3", None, 0)]
    steps += [("1", Outcome.PROMOTED, 1), ("2", Outcome.PROMOTED, 1)]
    for version, outcome, started in steps:
        mlflow.aliases["fraud", "champion"] = version
        scene.clock.advance(scene.rest)
        before = len(scene.orders.given)
        for _ in range(2):
            follow(scene.reach, binding, scene.orders)
        assert len(scene.orders.given) - before == started, (version, outcome)
        if outcome:
            scene.end(scene.begin(model_of(version)), outcome)
            follow(scene.reach, binding, scene.orders)
            assert len(scene.orders.given) - before == started, "nothing follows from its end"

    assert [version for _, version in scene.orders.models] == ["2", "3", "1", "2"]


def test_a_rollout_under_way_is_waited_for(scene, mlflow):
    """While another model is being rolled out nothing begins, and the same model is on its way already."""
    follow(scene.reach, bind(), scene.orders)
    begun = scene.begin(model_of("2"))
    same = follow(scene.reach, bind(), scene.orders)
    mlflow.aliases["fraud", "champion"] = "3"
    other = follow(scene.reach, bind(), scene.orders)
    scene.end(begun, Outcome.PROMOTED)
    after = follow(scene.reach, bind(), scene.orders)

    assert "being rolled out already" in same.why[-1]
    assert "is under way" in other.waiting[0]
    assert after.started == ["run-2"]


def test_an_endpoint_that_cannot_be_read_does_not_keep_the_others(scene, mlflow):
    """One of two endpoints is missing: that is told as trouble, and the other one gets its model."""
    assert mlflow.url
    binding = bind(endpoints=[{"endpoint": "nowhere"}, {"endpoint": "fraud-eu"}])

    followed = follow(scene.reach, binding, scene.orders)

    assert scene.orders.models == [("fraud-eu", "2")]
    assert "nowhere" in followed.trouble[0]


@pytest.mark.parametrize("fault", ["registry", "aws", "starter"])
def test_trouble_is_told_and_made_good_later(scene, mlflow, fault):
    """A registry, an AWS or a Prefect that is away starts nothing, and the next look does what this one could not."""
    if fault == "registry":
        mlflow.failures = [503] * 3
    if fault == "aws":
        scene.cloud.faults.plant(Throttle(operation="CreateModel", times=6))
    scene.orders.refusing = fault == "starter"

    troubled = follow(scene.reach, bind(), scene.orders)
    scene.orders.refusing = False
    good = follow(scene.reach, bind(), scene.orders)

    assert (troubled.started, len(troubled.trouble)) == ([], 1)
    assert good.started == ["run-1"]


def test_an_artifact_that_cannot_be_served_makes_nothing(scene, mlflow):
    """A folder is refused before anything is made or started, with what to write instead."""
    mlflow.register("fraud", "4", "s3://models/run/model")
    mlflow.aliases["fraud", "champion"] = "4"

    followed = follow(scene.reach, bind(), scene.orders)

    assert "make.artifact: folder" in followed.trouble[0]
    assert (scene.models(), scene.orders.models) == ([], [])


def test_a_model_of_that_name_with_other_content_is_refused(scene, mlflow):
    """Nobody's model is taken for the registered one: the binding's image has changed, and the name is taken."""
    assert mlflow.url
    follow(scene.reach, bind(), scene.orders)
    scene.end(scene.begin(model_of("2")), Outcome.PROMOTED)
    scene.serve("fraud-prod", "old")

    followed = follow(scene.reach, bind(make=MAKE | {"image": "other:2"}), scene.orders)

    assert "other content" in followed.trouble[0]
    assert len(scene.orders.models) == 1


def test_looking_changes_nothing(scene, mlflow):
    """What would follow is told without making a model or starting anything."""
    assert mlflow.url

    seen = look(scene.reach, bind(endpoints=TWO))

    assert [due.start.place for due in seen.due] == ["fraud-prod", "fraud-eu"]
    assert scene.models() == []


def test_a_fleet_is_started_once_with_its_model_in_every_place(scene, mlflow, tmp_path):
    """A fleet gets the version's model instead of its own, and is one start; once it has begun it is not begun again."""
    assert mlflow.url
    fleet = tmp_path / "fleet.yaml"
    waves = [{"name": "all", "targets": [{"endpoint": "fraud-prod"}, {"endpoint": "fraud-eu"}]}]
    fleet.write_text(yaml.safe_dump({"name": "f", "waves": waves}), "utf-8")
    binding = bind(MLFLOW | {"endpoints": [], "fleet": str(fleet)})

    for _ in range(2):
        follow(scene.reach, binding, scene.orders)
    scene.note_fleet(fleet, model_of("2"))
    known = follow(scene.reach, binding, scene.orders)

    assert scene.orders.models == [(f"fleet {fleet}", "2")]
    assert scene.models() == [model_of("2")]
    assert "is under way" in known.why[-1]


def test_a_fleet_whose_model_comes_back_is_started_again(scene, mlflow, tmp_path):
    """Ended PROMOTED for 2, and the endpoint serves something else since: that is another start, once, and none while it serves 2."""
    assert mlflow.url
    file = tmp_path / "fleet.yaml"
    waves = [{"name": "all", "targets": [{"endpoint": "fraud-prod"}]}]
    file.write_text(yaml.safe_dump({"name": "f", "waves": waves}), "utf-8")
    binding = bind(MLFLOW | {"endpoints": [], "fleet": str(file)})
    follow(scene.reach, binding, scene.orders)
    kept = open_record(scene.reach.store, load_fleet(file, model_of("2")))
    now = scene.clock.now()
    kept.put("fraud-prod", Entry(stand="promoted", since=now, began=now))
    kept.finish("PROMOTED", "1 endpoint, all with the new model")
    scene.serve("fraud-prod", model_of("2"))
    still = follow(scene.reach, binding, scene.orders)
    scene.serve("fraud-prod", "other")

    begun = scene.begin("old")
    busy = follow(scene.reach, binding, scene.orders)
    scene.end(begun, Outcome.ABORTED)
    back = [follow(scene.reach, binding, scene.orders).started for _ in range(2)]

    assert "serves still" in still.why[-1]
    assert "is under way" in busy.waiting[0]
    assert back == [["run-2"], []]


def test_a_reference_that_moves_starts_nothing(scene):
    """A word that an earlier Rollway kept, and that ends in an alias, is held back with what to send instead."""
    word = {"registry": "wandb", "id": "e-1", "happening": "alias_set", "model": "fraud", "label": "champion"}
    kept = RegistryEvent.model_validate(word | {"version": "acme/registry/fraud:champion", "at": scene.clock.now()})
    LastWord(scene.reach.store, bind(WANDB)).take(kept)

    followed = follow(scene.reach, bind(WANDB), scene.orders)

    assert "${artifact_version}" in followed.why[-1]
    assert (scene.models(), scene.orders.models) == ([], [])


def test_an_answer_that_is_older_than_a_noted_one_is_no_move(scene, mlflow):
    """While one look waits for the registry, the alias moves on and another look notes it: the first one asks anew."""
    binding = bind()

    class Slow:
        """The registry, whose first answer is on its way while somebody else looks."""

        def __init__(self) -> None:
            self.asked = 0

        def find(self, model, when):
            answer = connect_mlflow().find(model, when)
            self.asked += 1
            if self.asked == 1:
                mlflow.aliases["fraud", "champion"] = "3"
                follow(scene.reach, binding, scene.orders)
            return answer

    slow = Slow()
    followed = follow(scene.reach, binding, scene.orders, slow)

    assert slow.asked == 2
    assert (followed.started, scene.orders.models) == ([], [("fraud-prod", "3")])
    assert read_wish(scene.reach.store, binding).wish == Wish(version="3", number=1)
