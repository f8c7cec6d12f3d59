"""Blueprint files: what is read, and what is wrong with a file before anything in it is."""

from pathlib import Path

import pytest

from policies.blueprint.loading import BlueprintError, load_blueprint
from policies.blueprint.model import Blueprint, type_policy
from rollway.aws.shapes import blueprint_shapes

GOOD = """
endpoint: e
config:
  ProductionVariants:
    - {VariantName: a, ModelName: m, InstanceType: ml.m5.large, InitialInstanceCount: 1}
    - {VariantName: b, ModelName: n, ServerlessConfig: {MemorySizeInMB: 1024, MaxConcurrency: 1}}
"""


def load(tmp_path: Path, text: str) -> Blueprint:
    file = tmp_path / "blueprint.yaml"
    file.write_text(text, "utf-8")
    return load_blueprint(file, blueprint_shapes())


def problem(tmp_path: Path, text: str) -> str:
    with pytest.raises(BlueprintError) as caught:
        load(tmp_path, text)
    return str(caught.value)


def test_a_good_file(tmp_path: Path) -> None:
    """A file is read as it stands."""
    blueprint = load(tmp_path, GOOD.replace("    - {VariantName: b", "#"))

    assert blueprint.endpoint == "e"
    assert blueprint.used_models == ("m",)
    assert blueprint.dimension("a") == "instances"


def test_a_key_given_twice_is_a_mistake(tmp_path: Path) -> None:
    """YAML would silently keep the last one: half of what was written would be lost."""
    assert "gives one key more than once, in lines 1 and 2" in problem(tmp_path, "endpoint: e\nendpoint: f\n")


def test_what_is_no_yaml(tmp_path: Path) -> None:
    """A file that cannot be parsed is told where."""
    assert "line 2, column 1: is not valid YAML or JSON" in problem(tmp_path, "endpoint: [")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The path is named, with the system's reason."""
    with pytest.raises(BlueprintError, match=r"nowhere.yaml: 1 problem\n  \(file\): No such file"):
        load_blueprint(tmp_path / "nowhere.yaml", blueprint_shapes())


def test_every_problem_is_in_the_error(tmp_path: Path) -> None:
    """The error holds each problem by itself, for machines, and all of them as text."""
    with pytest.raises(BlueprintError) as caught:
        load(tmp_path, "endpoint: e_e\nconfig: {}\nscalings: {}\n")

    assert [each.where for each in caught.value.problems] == ["endpoint", "config.ProductionVariants", "scalings"]
    assert caught.value.code == "invalid_blueprint"
    assert "write scaling" in str(caught.value)


def test_dimension_of_a_serverless_variant() -> None:
    """What autoscaling changes of a serverless variant is its provisioned concurrency."""
    variants = [{"VariantName": "b", "ModelName": "n", "ServerlessConfig": {}}]

    assert Blueprint(endpoint="e", config={"ProductionVariants": variants}).dimension("b") == "provisioned concurrency"


def test_a_policy_tells_its_type() -> None:
    """The member that configures a scaling policy says what type it is; a type that is given stays."""
    assert type_policy({"StepScalingPolicyConfiguration": {}})["PolicyType"] == "StepScaling"
    assert type_policy({"PolicyType": "Other", "StepScalingPolicyConfiguration": {}})["PolicyType"] == "Other"
    assert type_policy({"PolicyType": "StepScaling"}) == {"PolicyType": "StepScaling"}
