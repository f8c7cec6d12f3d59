"""``rollway diff``: one line per member that is not as wanted, nothing when all is, and never a secret."""

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from tests.loop.rehearsal import ENDPOINT


@pytest.fixture
def kept(player, tmp_path: Path):
    """Keep the live endpoint in a file, with changes to the document, and return the file's path."""
    document = yaml.safe_load(player.play("config", "show", ENDPOINT).out)

    def keep(change=lambda _: None) -> str:
        change(document)
        file = tmp_path / "blueprint.yaml"
        file.write_text(yaml.safe_dump(document), "utf-8")
        return str(file)

    return keep


def resize(document) -> None:
    """Want another size, and something more."""
    document["config"]["ProductionVariants"][0] |= {"InstanceType": "ml.m5.large", "VolumeSizeInGB": 40}
    document["tags"] = {"team": "fraud"}


def test_equal(player, kept):
    """An endpoint that is as declared is said to be, in both forms."""
    file = kept()

    assert player.play("diff", ENDPOINT, file).out == f"{ENDPOINT} is as {file} declares it.\n"
    document = player.play("diff", ENDPOINT, file, "--output", "json").document
    assert (document["equal"], document["differences"], document["unknown"]) == (True, [], [])


def test_differences(player, kept):
    """Each difference is a line with its path, the live and the wanted value."""
    said = player.play("diff", ENDPOINT, kept(resize))

    assert said.code == 0
    head, *lines = said.out.splitlines()
    assert head.endswith("3 differences, live → wanted")
    assert lines == [
        "  config.ProductionVariants[AllTraffic].InstanceType: ml.m6i.xlarge → ml.m5.large",
        "  config.ProductionVariants[AllTraffic].VolumeSizeInGB: 30 → 40",
        "  tags.team: (absent) → fraud",
    ]


def test_differences_for_machines(player, kept):
    """The document holds the same."""
    document = player.play("diff", ENDPOINT, kept(resize), "--output", "json").document

    assert document["equal"] is False
    assert document["differences"][1] == {
        "path": "config.ProductionVariants[AllTraffic].VolumeSizeInGB",
        "live": 30,
        "wanted": 40,
    }
    assert document["differences"][2]["live"] is None


def test_the_exit_code_tells_when_it_is_asked_to(player, kept):
    """Zero either way for people; five for scripts that ask, when the endpoint is not as declared."""
    file = kept(resize)

    assert player.play("diff", ENDPOINT, file).code == 0
    assert player.play("diff", ENDPOINT, file, "--exit-code").code == 5


def test_what_is_not_known_is_not_equal(player, kept, rehearsal):
    """A live model that cannot be read may be anything: that is said, and is no equality."""
    file = kept(lambda document: document.pop("models"))
    rehearsal.cloud.call("DeleteModel", {"ModelName": "fraud-v6"})

    said = player.play("diff", ENDPOINT, file, "--exit-code")

    assert said.code == 5
    assert "no difference in what could be compared" in said.out
    assert "not compared: model fraud-v6:" in said.out


def test_a_model_that_would_come_and_its_secrets(player, kept):
    """A model that does not exist yet is told with what it changes, and without the values of its environment."""

    def want_another(document) -> None:
        container = {"Image": "registry/other:1", "Environment": {"KEY": "hush"}}
        document["models"] = {"fraud-v9": {"PrimaryContainer": container}}
        document["config"]["ProductionVariants"][0]["ModelName"] = "fraud-v9"

    said = player.play("diff", ENDPOINT, kept(want_another))

    paths = [line.split(":")[0].strip() for line in said.out.splitlines()[1:]]
    assert paths == [
        "config.ProductionVariants[AllTraffic].ModelName",
        "models.fraud-v9",
        "models[AllTraffic].PrimaryContainer.Environment",
        "models[AllTraffic].PrimaryContainer.Image",
        "models[AllTraffic].ExecutionRoleArn",
    ]
    assert "hush" not in said.out


def test_a_model_that_nobody_knows(player, kept):
    """A model that is neither declared nor in AWS is named as one that could not be looked at."""

    def want_nobody(document) -> None:
        document["config"]["ProductionVariants"][0]["ModelName"] = "nobody"

    document = player.play("diff", ENDPOINT, kept(want_nobody), "--output", "json").document

    assert document["unknown"] == ["model nobody: neither declared nor known to SageMaker"]


def test_an_existing_model_is_compared(player, kept):
    """A model that is only named is read from AWS, so that its content can be told."""

    def want_the_next(document) -> None:
        document["config"]["ProductionVariants"][0]["ModelName"] = "fraud-v7"

    said = player.play("diff", ENDPOINT, kept(want_the_next))

    assert len(said.out.splitlines()) == 2  # the rehearsal's models have the same content


def test_an_invalid_file(player, kept):
    """A file with problems is no yardstick."""
    refused = player.play("diff", ENDPOINT, kept(lambda document: document.pop("endpoint")), "--output", "json")

    assert refused.code == 2
    assert refused.error["code"] == "invalid_blueprint"


def test_autoscaled_counts(player, kept, rehearsal):
    """While autoscaling has its own mind about the count, an endpoint with declared scaling is as declared."""
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{ENDPOINT}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    rehearsal.aws.application_autoscaling.register_scalable_target(**target, MinCapacity=5, MaxCapacity=9)
    rehearsal.pass_time(timedelta(minutes=5))

    def declare(document) -> None:
        document["scaling"] = {"AllTraffic": {"min": 5, "max": 9}}

    assert player.play("diff", ENDPOINT, kept(declare), "--exit-code").code == 0
