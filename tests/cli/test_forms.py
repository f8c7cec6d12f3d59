"""Files in other people's forms, through each verb that takes a file: read by two, and refused by name by those that take blueprints."""

import json
from pathlib import Path

import pytest
import yaml

from rollway.cli import main
from tests.loop.rehearsal import ENDPOINT
from tests.policies.blueprint.forms.read import CONFIG, VARIANT, template, text

ROOT = Path(__file__).parents[2]
EXAMPLE = "examples/endpoints/fraud-v7.template.yaml"


def write(folder: Path, name: str, raw: bytes) -> str:
    (folder / name).write_bytes(raw)
    return str(folder / name)


def test_the_documented_template(capsys, monkeypatch):
    """The example is read by both verbs: what it says is judged at its line, and what it leaves open is named."""
    monkeypatch.chdir(ROOT)

    assert main(["lint", EXAMPLE]) == 0
    linted = capsys.readouterr().out
    assert main(["config", "check", EXAMPLE]) == 0
    checked = capsys.readouterr().out

    lines = (ROOT / EXAMPLE).read_text("utf-8").splitlines()
    place = next(number for number, line in enumerate(lines, 1) if "InitialInstanceCount: 1" in line)
    assert linted.startswith(f"{EXAMPLE} (Config): ")
    assert f"RW302 warning {EXAMPLE}:{place} " in linted
    assert "InstanceType: is !Ref InstanceType, which the file does not give a value" in linted
    assert f"✓ {EXAMPLE} (Config): AllTraffic: Model on 1 × !Ref InstanceType" in checked
    assert (
        "not checked: Resources.Config.Properties.ProductionVariants[0].InstanceType: is !Ref InstanceType" in checked
    )


def test_each_configuration_of_a_file_is_reported(capsys, tmp_path):
    """Of two resources the broken one is refused by its name, with path and line, by both verbs."""
    whole = template()
    broken = {"ProductionVariants": [VARIANT | {"InstanceType": "m5.large"}]}
    whole["Resources"]["Broken"] = {"Type": "AWS::SageMaker::EndpointConfig", "Properties": CONFIG | broken}
    file = write(tmp_path, "template.json", text(whole))

    assert main(["config", "check", file, "--output", "json"]) == 2
    checked = json.loads(capsys.readouterr().out)["blueprints"]
    assert main(["lint", file, "--output", "json"]) == 3
    linted = json.loads(capsys.readouterr().out)["targets"]
    assert main(["lint", file, "--output", "sarif"]) == 3
    (run,) = json.loads(capsys.readouterr().out)["runs"]

    assert [(each["resource"], each["valid"]) for each in checked] == [("Config", True), ("Broken", False)]
    (problem,) = checked[1]["problems"]
    assert problem["where"] == "Resources.Broken.Properties.ProductionVariants[0].InstanceType"
    assert [each["resource"] for each in linted] == ["Config", "Broken"]
    (error,) = (each for each in linted[1]["findings"] if each["severity"] == "error")
    assert (error["rule"], error["line"]) == ("RW104", problem["line"])
    assert len({result["partialFingerprints"]["memberOfConfiguration/v1"] for result in run["results"]}) == len(
        run["results"]
    )


def test_shadows_are_shown(capsys, tmp_path):
    """The line of a valid file names its shadow variants."""
    shadow = VARIANT | {"VariantName": "Shadow", "ModelName": "fraud-v8"}
    document = {"endpoint": "e", "config": {"ProductionVariants": [VARIANT], "ShadowProductionVariants": [shadow]}}

    assert main(["config", "check", write(tmp_path, "b.yaml", text(document))]) == 0

    assert "; shadow Shadow: fraud-v8 on 2 × ml.m6i.xlarge; configuration e-" in capsys.readouterr().out


@pytest.mark.parametrize(
    "verb", [("config", "create"), ("diff", ENDPOINT), ("plan", ENDPOINT, "--policy", "canary", "--config")]
)
def test_verbs_that_take_a_blueprint_name_any_other_form(player, tmp_path, verb):
    """A template is called one, with what to do, and nothing is changed."""
    before = player.changes()
    for name, raw, called in (
        ("template.yaml", text(template(), as_yaml=True), "is a CloudFormation template, not a blueprint"),
        ("config.json", text(CONFIG, encoding="utf-16"), "is a CreateEndpointConfig request, not a blueprint"),
        ("main.tf", b'resource "aws_sagemaker_model" "m" {\n}\n', "is Terraform's HCL, which is not read"),
    ):
        refused = player.play(*verb, write(tmp_path, name, raw))

        assert refused.code == 2
        assert called in refused.err
        assert "ProductionVariants: is" not in refused.err
    assert player.changes() == before


def test_a_blueprint_leaves_nothing_open(capsys, tmp_path):
    """A rollout takes each value as it stands, so a value for others to fill in is a mistake, for both verbs."""
    document = {"endpoint": "e", "config": {"ProductionVariants": [VARIANT]}}
    file = write(tmp_path, "b.yaml", yaml.safe_dump(document).replace("fraud-v7", "!vault model").encode())

    assert main(["config", "check", file]) == 2
    assert "ModelName: is !vault, which nothing fills in here" in capsys.readouterr().out
    assert main(["lint", file]) == 3
