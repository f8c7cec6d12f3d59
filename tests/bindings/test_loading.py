"""The bindings file: what is accepted, and every problem of it at once with its path."""

from pathlib import Path

import pytest
import yaml

from policies.bindings.loading import BindingsError, load_bindings, parse_bindings
from tests.bindings.documents import GENERIC, HUB, MAKE, MLFLOW, SAGEMAKER, WANDB, bind, bindings_of

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("document", [MLFLOW, SAGEMAKER, HUB, WANDB, GENERIC], ids=lambda each: each["registry"])
def test_every_registry_can_be_bound(document):
    """A binding that says no more than it has to is one, for every registry."""
    assert bind(document).registry == document["registry"]


@pytest.mark.parametrize(
    ("document", "where", "what"),
    [
        (MLFLOW | {"when": {}}, "when", "says nothing"),
        (MLFLOW | {"when": {"alias": "a", "version_created": True}}, "when", "alias and version_created"),
        (MLFLOW | {"when": {"approved": True}}, "when.approved", "mlflow"),
        (MLFLOW | {"when": {"tag": "prod"}}, "when.tag", "pattern"),
        (SAGEMAKER | {"when": {"alias": "champion"}}, "when.alias", "sagemaker"),
        (HUB | {"when": {"tag": "a=b"}}, "when.tag", "hugging_face"),
        (MLFLOW | {"registry": "vertex"}, "registry", "vertex"),
        (MLFLOW | {"endpoints": []}, "endpoints", "neither"),
        (MLFLOW | {"fleet": "fleets/none.yaml"}, "endpoints", "both"),
        (MLFLOW | {"endpoints": [], "fleet": "fleets/none.yaml"}, "fleet", "fleets/none.yaml"),
        (MLFLOW | {"policy": "no-such-policy"}, "policy", "no-such-policy"),
        (MLFLOW | {"every": "1m"}, "every", "1m"),
        (MLFLOW | {"trusted": True}, "trusted", "read back"),
        (WANDB | {"trusted": False}, "trusted", "cannot be checked"),
        (WANDB | {"write_back": True}, "write_back", "cannot be told"),
        (MLFLOW | {"alias_when_promoted": "live"}, "alias_when_promoted", "write_back"),
        (MLFLOW | {"write_back": True, "alias_when_promoted": "champion"}, "alias_when_promoted", "follows"),
        (MLFLOW | {"write_back": True, "reject_on_rollback": True}, "reject_on_rollback", "sagemaker"),
        (MLFLOW | {"make": MAKE | {"image_from_tag": "image"}}, "make.image", "beside"),
        (MLFLOW | {"make": {"role": MAKE["role"]}}, "make.image", "not given"),
        (MLFLOW | {"make": MAKE | {"role": "serving"}}, "make.role", "serving"),
        (MLFLOW | {"make": MAKE | {"artifact": "/mnt/model"}}, "make.artifact", "/mnt/model"),
        (MLFLOW | {"make": MAKE | {"artifact": "s3://m/{tag}.tar.gz"}}, "make.artifact", "{tag}"),
        (MLFLOW | {"make": MAKE | {"artifact": "s3://m/{{version}}.tar.gz"}}, "make.artifact", "{{version}}"),
        (MLFLOW | {"make": MAKE | {"image": "registry/image:{version"}}, "make.image", "{version"),
        (HUB | {"make": MAKE}, "make.artifact", "no place in S3"),
        (HUB | {"make": {"role": MAKE["role"], "image_from_tag": "image"}}, "make.image_from_tag", "tags"),
        (SAGEMAKER | {"make": MAKE}, "make.image", "package itself"),
        (MLFLOW | {"wen": {}}, "wen", "no field"),
    ],
)
def test_what_does_not_hang_together_is_told_with_its_path(document, where, what):
    """Each mistake is found, under the path of the field that has to change."""
    with pytest.raises(BindingsError) as caught:
        parse_bindings(bindings_of(document))

    found = [problem for problem in caught.value.problems if problem.where == f"bindings[0].{where}"]
    assert any(what in f"{problem.what} {problem.remedy}" for problem in found), caught.value


def test_every_problem_is_told_at_once():
    """Mistakes of form, of meaning and in named files, in several bindings, are one answer."""
    bad = MLFLOW | {"when": {}, "policy": "none", "wen": 1}

    with pytest.raises(BindingsError) as caught:
        parse_bindings(bindings_of(bad, WANDB | {"trusted": False}), "bindings.yaml")

    told = str(caught.value)
    for where in ("[0].when:", "[0].policy:", "[0].wen:", "[1].trusted:", "[1].endpoints[0].endpoint:", "[0].name:"):
        assert f"bindings{where}" in told


def test_an_endpoint_follows_one_binding():
    """Two bindings of one endpoint would take turns for ever, so the second one is refused; so is one name in two Regions."""
    twice = MLFLOW | {"endpoints": [{"endpoint": "fraud-prod"}, {"endpoint": "fraud-prod", "region": "eu-west-1"}]}

    for document in (bindings_of(MLFLOW, SAGEMAKER | {"name": "other"}), bindings_of(twice)):
        with pytest.raises(BindingsError, match="fraud-prod follows fraud-champion already"):
            parse_bindings(document)


def test_a_fleet_need_not_name_a_model(tmp_path):
    """The registered model takes the place of the fleet's, so a fleet file without one is fine here."""
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text(yaml.safe_dump({"name": "f", "waves": [{"name": "w", "targets": [{"endpoint": "e"}]}]}), "utf-8")

    assert bind(MLFLOW | {"endpoints": [], "fleet": str(fleet)}).fleet == str(fleet)


@pytest.mark.parametrize(
    ("text", "what"), [("- a\n- b", "found a list"), ("a: [", "not valid YAML"), (None, "No such file")]
)
def test_what_is_no_bindings_file_is_told(tmp_path, text, what):
    """A list, broken YAML and a missing file are told as what they are."""
    path = tmp_path / "bindings.yaml"
    if text is not None:
        path.write_text(text, "utf-8")

    with pytest.raises(BindingsError, match=what):
        load_bindings(path)


def test_the_example_is_a_bindings_file(monkeypatch):
    """The file in examples is accepted, and shows every kind of registry that is read back."""
    monkeypatch.chdir(ROOT)

    registries = {each.registry.value for each in load_bindings("examples/bindings.yaml").bindings}

    assert registries >= {"mlflow", "sagemaker", "hugging_face"}
