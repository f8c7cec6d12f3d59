"""``rollway config``: blueprints checked offline, shown, and created, each as a person and as a program reads it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollway.cli import main
from tests.loop.rehearsal import CONFIG, ENDPOINT, Rehearsal, model

ROOT = Path(__file__).parents[2]
EXAMPLE = str(ROOT / "examples" / "blueprint.yaml")
NEW = "shop"


@pytest.fixture
def served(rehearsal: Rehearsal) -> None:
    """Have something that answers for the new model."""
    rehearsal.models["shop-v1"] = model(1)


@pytest.fixture
def write(tmp_path: Path):
    """Write the example as a blueprint of a new endpoint with a new model, with changes, and return its path."""

    def write(text: str | None = None, **changes: Any) -> str:
        document = yaml.safe_load(Path(EXAMPLE).read_text("utf-8").replace("fraud-v7", "shop-v1"))
        file = tmp_path / "blueprint.yaml"
        whole = document | {"endpoint": NEW} | changes
        file.write_text(yaml.safe_dump(whole, sort_keys=False) if text is None else text, "utf-8")
        return str(file)

    return write


def test_the_example_is_valid(capsys):
    """The example passes, without credentials, and the answer names what it declares."""
    assert main(["config", "check", EXAMPLE]) == 0

    out = capsys.readouterr().out
    assert "fraud-prod, AllTraffic: fraud-v7 on 2 × ml.m5.xlarge; configuration fraud-prod-" in out


def test_every_problem_at_once(capsys, write):
    """Mistakes of every kind in one file are told in one go, each with its path, in both forms."""
    variant = {
        "VariantName": "a b",
        "InstanceTyp": "ml.m5.large",
        "ServerlessConfig": {"MemorySizeInMB": 1500, "MaxConcurrency": 500},
    }
    bad = write(models={}, config={"ProductionVariants": [variant]}, scaling={"b": {"min": 2, "max": 1}}, tagz={})

    code_json, as_json = main(["config", "check", bad, EXAMPLE, "--output", "json"]), capsys.readouterr().out
    code_text, as_text = main(["config", "check", bad, EXAMPLE]), capsys.readouterr().out

    assert code_json == code_text == 2
    checked, example = json.loads(as_json)["blueprints"]
    assert [checked["valid"], example["valid"]] == [False, True]
    wheres = [problem["where"] for problem in checked["problems"]]
    assert wheres == [
        "config.ProductionVariants[0].VariantName",
        "config.ProductionVariants[0].InstanceTyp",
        "config.ProductionVariants[0].ServerlessConfig.MaxConcurrency",
        "tagz",
        "config.ProductionVariants[0].ServerlessConfig.MemorySizeInMB",
        "config.ProductionVariants[0].ModelName",
        "scaling.b",
        "scaling.b.min",
    ]
    for part in (*wheres, "8 problems", "write InstanceType", "write tags", "✓"):
        assert part in as_text


def test_a_shown_endpoint_can_be_kept_in_a_file(player, tmp_path):
    """What is shown of a live endpoint passes the check, and the endpoint differs from it in nothing; in both forms."""
    before = player.changes()
    for form in ("text", "json"):
        shown = player.play("config", "show", ENDPOINT, "--output", form)
        file = tmp_path / f"{form}.yaml"
        file.write_text(shown.out, "utf-8")

        assert (shown.code, shown.err) == (0, "")
        assert player.play("config", "check", str(file)).code == 0
        assert player.play("diff", ENDPOINT, str(file), "--exit-code").code == 0
        assert yaml.safe_load(shown.out)["config"]["KmsKeyId"] == CONFIG["KmsKeyId"]
    assert player.changes() == before


def test_what_cannot_be_shown_is_named(player, rehearsal):
    """A model that was deleted is missing from what is shown, and stderr says so."""
    rehearsal.cloud.call("DeleteModel", {"ModelName": "fraud-v6"})

    shown = player.play("config", "show", ENDPOINT)

    assert "models" not in yaml.safe_load(shown.out)
    assert shown.err.startswith("not read: model fraud-v6:")


def test_no_such_endpoint(player):
    """An endpoint that there is not is told as such."""
    assert player.play("config", "show", "nobody", "--output", "json").error["code"] == "not_found"


@pytest.mark.usefixtures("served")
def test_creating_all_of_it(player, write):
    """Models, configuration, endpoint and scaling are created, waited for and read back."""
    file = write()

    created = player.play("config", "create", file)

    assert created.code == 0
    assert "created model shop-v1" in created.err
    assert "created endpoint shop" in created.err
    assert "created scaling policy load of AllTraffic" in created.err
    assert created.out.splitlines()[-1].startswith("shop serves as declared, on the configuration shop-")
    assert player.play("diff", NEW, file, "--exit-code").code == 0


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("scaling", [{}, {"AllTraffic": {"min": 1, "max": 5}}])
def test_creating_a_serverless_endpoint(player, write, scaling):
    """A serverless variant with provisioned concurrency, scaled or not, is created in one go, read back, and differs in nothing."""
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 9, "ProvisionedConcurrency": 2}
    variant = {"VariantName": "AllTraffic", "ModelName": "shop-v1", "ServerlessConfig": serverless}
    container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/fraud:1"}
    models = {"shop-v1": {"PrimaryContainer": container, "ExecutionRoleArn": "arn:aws:iam::123456789012:role/serving"}}
    file = write(models=models, config={"ProductionVariants": [variant]}, scaling=scaling)

    created = player.play("config", "create", file)

    assert created.code == 0, created.out + created.err
    assert created.out.splitlines()[-1].startswith("shop serves as declared, on the configuration shop-")
    assert player.play("diff", NEW, file, "--exit-code").code == 0


@pytest.mark.usefixtures("served")
def test_creating_again_changes_nothing(player, write):
    """The second time everything exists already, and the document says so."""
    file = write()
    player.play("config", "create", file)
    before = player.changes()

    again = player.play("config", "create", file, "--output", "json")

    assert again.code == 0
    assert player.changes() == before
    assert again.document["differences"] == []
    assert [step["created"] for step in again.document["steps"]] == [False, False, False]


def test_a_live_endpoint_is_not_changed(player, write):
    """An endpoint that exists on another configuration is left alone, and the verb that changes it is named."""
    before = player.changes()

    refused = player.play("config", "create", write(endpoint=ENDPOINT), "--output", "json")

    assert refused.code == 2
    assert refused.error["code"] == "blueprint_refused"
    (problem,) = refused.error["problems"]
    assert problem["where"] == "endpoint"
    assert f"rollway run {ENDPOINT} --config" in problem["remedy"]
    assert player.changes() == before


@pytest.mark.usefixtures("served")
def test_not_waiting(player, write):
    """Without waiting, what is still to come is said: the endpoint does not serve yet, so its scaling cannot be registered."""
    file = write()

    begun = player.play("config", "create", file, "--wait", "0s")
    assert begun.code == 5
    assert "shop is Creating" in begun.out
    assert "run the same command again" in begun.out

    assert player.play("config", "create", file).code == 0


def test_an_endpoint_that_fails(player, write):
    """An endpoint that does not come up is told with AWS's reason, and what can be done about it."""
    failed = player.play("config", "create", write(), "--output", "json")

    assert failed.code == 5
    assert (failed.document["status"], failed.document["differences"]) == ("Failed", None)
    assert "only be deleted" in player.play("config", "create", write()).out


@pytest.mark.usefixtures("served")
def test_what_stops_in_the_middle(player, write):
    """When AWS refuses a later step, exit code 1 and the message say that something was created, and what."""
    cron = {
        "Schedule": "cron(0 6 * * ? *)",
        "ScalableTargetAction": {"MinCapacity": 3},
    }  # the simulated autoscaling has none

    stopped = player.play(
        "config", "create", write(scaling={"AllTraffic": {"min": 2, "max": 9, "scheduled": {"x": cron}}})
    )

    assert stopped.code == 1
    assert "AWS turned down PutScheduledAction" in stopped.err
    assert "this was created: model shop-v1, endpoint configuration shop-" in stopped.err
    assert "registration of AllTraffic" in stopped.err


def test_an_invalid_file_is_not_created(player, write):
    """A file with problems changes nothing."""
    before = player.changes()

    refused = player.play("config", "create", write(tags={"team": 5}))

    assert refused.code == 2
    assert "tags.team: expected text, not 5" in refused.err
    assert player.changes() == before


@pytest.mark.usefixtures("served")
def test_the_documented_commands(player, write, monkeypatch, tmp_path):
    """The commands of the how-to page, as they are typed there, one after the other."""
    write()
    monkeypatch.chdir(tmp_path)
    for command, code in (
        ("rollway config create blueprint.yaml", 0),
        ("rollway config show shop", 0),
        ("rollway diff shop blueprint.yaml", 0),
        ("rollway diff shop blueprint.yaml --exit-code", 0),
    ):
        assert player.play(*command.split()[1:]).code == code, command
