"""``rollway plan``: the steps, for people and for machines. That it changes nothing is half its worth."""

import shlex

import pytest
import yaml

from rollway.aws.session import connect
from tests.loop.rehearsal import CONFIG, ENDPOINT, ROLE

PLAN = ("plan", ENDPOINT, "--model", "fraud-v7")


@pytest.fixture
def autoscaled() -> None:
    """Have the baseline looked after by Application Auto Scaling."""
    connect("us-east-1").application_autoscaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{ENDPOINT}/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=2,
        MaxCapacity=20,
    )


def test_it_reads_well(player, rehearsal, autoscaled):
    """One line says who replaces whom on what; numbered steps follow; the end says what happens if it fails."""
    del rehearsal, autoscaled

    said = player.play(*PLAN, "--policy", "canary")

    lines = said.out.splitlines()
    assert said.code == 0
    assert lines[0].startswith(
        "fraud-prod · baseline fraud-v6 (2 × ml.m6i.xlarge, autoscaled 2-20) → candidate fraud-v7 · policy canary@"
    )
    assert lines[2].split()[:4] == ["1", "suspend", "scaling", "in,"]
    assert "shift traffic to AllTraffic 95 %, candidate 5 %" in said.out
    assert "At least 1h13m" in said.out
    assert f"then config {CONFIG['EndpointConfigName']} again" in said.out
    assert "AWS itself puts all traffic back on AllTraffic, 5m after the last sign of life" in said.out
    assert lines[-1] == "Nothing was changed."


def test_its_document(player, policy_file, autoscaled):
    """The document holds the same, with every step numbered and timed."""
    del autoscaled

    said = player.play(*PLAN, "--policy", policy_file(), "--output", "json")

    document = said.document
    assert set(document) == {
        "endpoint",
        "baseline",
        "candidate",
        "policy",
        "configs",
        "capacity",
        "steps",
        "least_duration_s",
        "deadline_s",
        "otherwise",
        "forecast",
        "cost",
        "quotas_unchecked",
        "notes",
        "changed",
    }
    assert document["baseline"] == {
        "variant": "AllTraffic",
        "model": "fraud-v6",
        "instances": 2,
        "instance_type": "ml.m6i.xlarge",
        "scaling": {"minimum": 2, "maximum": 20},
    }
    assert [step["kind"] for step in document["steps"]] == [
        "set_scaling",
        "create_config",
        "apply_config",
        "arm_switch",
        "set_shares",
        "bake",
        "create_config",
        "apply_config",
        "set_scaling",
        "disarm_switch",
        "delete_config",
    ]
    assert [step["number"] for step in document["steps"]] == list(range(1, 12))
    assert document["steps"][-1]["at_s"] == document["least_duration_s"] == 240, "2m bake and 2m for its metrics"
    assert document["changed"] is False


def test_it_changes_nothing(player):
    """Planning only reads."""
    before = player.changes()

    assert player.play(*PLAN, "--policy", "canary").code == 0

    assert player.changes() == before


def test_what_is_planned_is_what_is_done(player, policy_file):
    """The names of the configurations in the plan are those that a run creates."""
    policy = policy_file()
    configs = player.play(*PLAN, "--policy", policy, "--output", "json").document["configs"]

    player.play("run", *PLAN[1:], "--policy", policy, "--journal", "s3://journal/rollway")

    requests = player.rehearsal.cloud.request_log.entries("CreateEndpointConfig")
    assert [name for name in configs.values() if any(name in request.parameters for request in requests)] == list(
        configs.values()
    )


def test_a_whole_configuration(player, rehearsal, tmp_path, monkeypatch):
    """A blueprint in place of a model: the plan says what becomes of the endpoint, and whose configuration it is."""
    monkeypatch.chdir(tmp_path)
    shown = player.play("config", "show", ENDPOINT)
    larger = shown.out.replace("ml.m6i.xlarge", "ml.m6i.2xlarge")
    (tmp_path / "blueprint.yaml").write_text(larger, "utf-8")

    said = player.play(*shlex.split("rollway plan fraud-prod --config blueprint.yaml --policy canary")[1:])

    assert said.code == 0, said.err
    assert "ml.m6i.2xlarge" in said.out
    assert "the wanted configuration" in said.out
    assert player.play("plan", ENDPOINT, "--policy", "canary").code == 2
    assert player.play("plan", "shop", "--config", "blueprint.yaml", "--policy", "canary").code == 2
    assert {each["InstanceType"] for each in rehearsal.config(CONFIG["EndpointConfigName"])["ProductionVariants"]} == {
        "ml.m6i.xlarge"
    }


def test_all_that_a_blueprint_declares_is_in_the_plan(player, autoscaled, tmp_path):
    """Models, the registration that steps aside for the move and the declared one are steps; what AWS fills in need not be written."""
    del autoscaled
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "fraud-v8",
        "InstanceType": "ml.m6i.2xlarge",
        "InitialInstanceCount": 2,
    }
    declared = {
        "endpoint": ENDPOINT,
        "models": {"fraud-v8": {"PrimaryContainer": {"Image": "fraud:8"}, "ExecutionRoleArn": ROLE}},
        "config": {"ProductionVariants": [variant]},
        "scaling": {"AllTraffic": {"min": 1, "max": 9}},
    }
    (tmp_path / "blueprint.yaml").write_text(yaml.safe_dump(declared), "utf-8")

    said = player.play(
        "plan", ENDPOINT, "--config", str(tmp_path / "blueprint.yaml"), "--policy", "canary", "--output", "json"
    )

    assert said.code == 0, said.err
    steps = [step["text"] for step in said.document["steps"]]
    at = [steps.index(each) for each in ("create model fraud-v8", "deregister AllTraffic from autoscaling")]
    registered = steps.index("register the scaling of AllTraffic: 1 to 9 instances")
    assert at[0] < steps.index(f"apply config {said.document['configs']['side_by_side']}")
    assert at[1] < steps.index(f"apply config {said.document['configs']['promoted']}") < registered
    assert "with its scaling of before" in said.document["otherwise"][0]


def test_windows_are_told_and_counted_in(player, policy_file):
    """A rollout that meets the end of an opening is planned over it, and the page says which hours they are."""
    hours = policy_file(windows={"hours": "14:00-12:01"})

    said = player.play(*PLAN, "--policy", hours)
    document = player.play(*PLAN, "--policy", hours, "--output", "json").document

    assert "Traffic moves only mon-sun 14:00-12:01 UTC" in said.out
    assert document["steps"][-1]["at_s"] > 7000
    assert document["least_duration_s"] < 1000


def test_who_is_asked_is_told(player, policy_file):
    """A stage that asks a person says so, for how long, and what then; one that does not says nothing of it."""
    asking = [
        {"share": 20, "bake": "5m", "approval": {"within": "4h", "otherwise": "roll_back"}},
        {"share": 50, "bake": "5m", "approval": True},
        {"share": 90, "bake": "5m"},
    ]

    said = player.play(*PLAN, "--policy", policy_file(stages=asking))

    told = " ".join(said.out.split())
    assert said.code == 0
    assert told.count("then a person has to approve") == 2
    assert "then a person has to approve, within 4h, otherwise it goes back" in told
    assert "then a person has to approve, until the deadline" in told
    assert "AWS takes for each change and people to approve" in told


def test_what_is_not_known_of_the_names_is_said(player):
    """An image that is named by its tag is said to be so, for people and in the document."""
    said = player.play(*PLAN, "--policy", "canary")
    notes = player.play(*PLAN, "--policy", "canary", "--output", "json").document["notes"]

    assert [note.split(":")[0] for note in notes] == ["model fraud-v6", "model fraud-v7"]
    assert all("is named by its tag" in note for note in notes)
    assert "whether the tag still stands for that is not known" in " ".join(said.out.split())


def test_a_baseline_that_was_created_again(player, rehearsal):
    """A plan is refused where the way back would start something that never served, with what to do."""
    rehearsal.cloud.call("DeleteModel", {"ModelName": "fraud-v6"})
    again = {"ModelName": "fraud-v6", "PrimaryContainer": {"Image": "another:1"}, "ExecutionRoleArn": ROLE}
    rehearsal.cloud.call("CreateModel", again)

    said = player.play(*PLAN, "--policy", "canary")

    assert said.code == 2
    assert "after variant AllTraffic was deployed with it" in said.err
    assert "on_changed_baseline: accept" in said.err
