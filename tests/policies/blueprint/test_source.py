"""Reading files: YAML and JSON, the line of a finding, and everything that keeps a file from being one, at once."""

import json

import pytest

from policies.blueprint.document import Named, format_path
from policies.blueprint.loading import find_declared_problems
from policies.blueprint.parsing import parse
from policies.blueprint.source import UnreadableDocument
from policies.lint.linting import lint
from policies.lint.source import make_subject
from tests.policies.lint.cases import SHAPES, read_text

TEXT = """\
EndpointConfigName: fraud
ProductionVariants:
  - VariantName: a
    ModelName: fraud-v6
    InitialInstanceCount: 1
  - {VariantName: b, InitialInstanceCount: 2}
Models:
  - ModelName: other
  - PrimaryContainer:
      Image: fraud:1
      Environment:
        KEY: value
    ModelName: fraud-v6
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (("ProductionVariants", 0, "InitialInstanceCount"), (5, 5)),
        (("ProductionVariants", 1, "InitialInstanceCount"), (6, 22)),
        (("ProductionVariants", 1), (6, 5)),
        (("Models", Named("fraud-v6"), "PrimaryContainer", "Environment", "KEY"), (12, 9)),
        (("Models", Named("fraud-v6"), "VpcConfig"), (9, 5)),
        (("DataCaptureConfig", "KmsKeyId"), (1, 1)),
        (("Scaling", Named("a")), (1, 1)),
    ],
    ids=lambda case: format_path(case) if isinstance(case, tuple) and isinstance(case[0], str) else "",
)
def test_a_finding_leads_back_to_its_line(path, place):
    """A member is found where its key is; an absent one where it would have to be added."""
    assert read_text(TEXT, "fraud.yaml").find(path) == place


def test_json_is_read_with_its_tabs_and_lines():
    """JSON that is indented by tabs is read like any other, with the same lines."""
    document = {"ProductionVariants": [{"VariantName": "a", "InitialInstanceCount": 1}], "KmsKeyId": "alias\\/x"}
    text = json.dumps(document, indent="\t")

    source = read_text(text, "fraud.json")

    assert make_subject(source.declared).config == document
    assert source.find(("ProductionVariants", 0, "InitialInstanceCount")).line == 5


def test_models_are_taken_out_of_the_configuration():
    """Models belong to the subject, not to the request that creates the configuration."""
    subject = make_subject(read_text(TEXT, "fraud.yaml").declared)

    assert set(subject.models) == {"other", "fraud-v6"}
    assert "Models" not in subject.config


@pytest.mark.parametrize(
    ("text", "wheres"),
    [
        ("", ["(file)"]),
        ("- a", ["[0]"]),
        ("{", ["line 2, column 1"]),
        ("a: 1\n---\nb: 2", ["[0]", "[1]"]),
        ("a: !!timestamp 2026-99-99", ["line 1, column 4"]),
        ("ProductionVariants: []\nModels: [{}]", ["Models[0]"]),
        ("ProductionVariants: []\nModels: [{ModelName: m}, {ModelName: m}]", ["Models[1]"]),
        ("ProductionVariants: []\nModels: {ModelName: m}", ["Models"]),
        ("ProductionVariants: [{VariantName: a, ModelName: b, ModelName: c}]", ["line 1, column 53"]),
        ("KmsKeyId: a\nKmsKeyId: b", ["line 2, column 1"]),
    ],
)
def test_what_is_no_configuration_is_told_whole(text, wheres):
    """Each reason is told, all at once, with its place."""
    with pytest.raises(UnreadableDocument) as caught:
        read_text(text, "bad.yaml")

    assert [problem.where for problem in caught.value.problems] == wheres


def test_an_alias_that_leads_back_to_itself():
    """A document that holds itself is refused, and does not keep the reader busy for ever."""
    with pytest.raises(UnreadableDocument, match="an alias within what it stands for"):
        read_text("ProductionVariants: &v [{VariantName: a, InstancePools: *v}]", "loop.yaml")


def test_what_other_programs_read_is_read():
    """Keys that are numbers, YAML 1.1's words for truth values and short forms are CloudFormation's and Kubernetes' own."""
    text = "Mappings: {Accounts: {123456789012: {Capture: yes}}}\nKmsKeyId: !Sub '${Key}'\nProductionVariants: [{VariantName: a}]\n"

    content = parse(text, is_json=False).content

    assert content["Mappings"]["Accounts"] == {123456789012: {"Capture": True}}
    assert content["KmsKeyId"] == {"Fn::Sub": "${Key}"}


def test_merge_keys_are_no_repeated_keys():
    """A member that a merge key brings and the part itself overrides is given once, and found where it overrides."""
    text = (
        "Models:\n  - &m {ModelName: a, X: 1}\n  - <<: *m\n    ModelName: b\nProductionVariants: [{VariantName: v}]\n"
    )

    source = read_text(text, "merged.yaml")

    assert set(make_subject(source.declared).models) == {"a", "b"}
    assert source.find(("Models", Named("b"), "ModelName")).line == 4
    assert source.find(("Models", Named("b"), "X")).line == 2


BLUEPRINT = """\
endpoint: fraud-prod
models:
  fraud-v7:
    PrimaryContainer: {Image: "registry/fraud:latest"}
config:
  ProductionVariants:
    - VariantName: AllTraffic
      ModelName: fraud-v7
"""


def test_a_blueprint_is_read_as_what_it_declares():
    """A blueprint holds the same under other keys, and a finding leads back to its line there."""
    source = read_text(BLUEPRINT, "blueprint.yaml")

    assert make_subject(source.declared).config == {
        "ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "fraud-v7"}]
    }
    assert make_subject(source.declared).models["fraud-v7"] == {
        "PrimaryContainer": {"Image": "registry/fraud:latest"},
    }
    assert source.find(("ProductionVariants", 0, "ModelName")).line == 8
    assert source.find(("Models", Named("fraud-v7"), "PrimaryContainer")).line == 4


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("config: []", "config"),
        ("{endpoint: e, config: {}, models: [a]}", "models"),
        ("{endpoint: e, config: {ProductionVariants: 1}}", "config.ProductionVariants"),
        ("KmsKeyId: x", "ProductionVariants"),
        ("ProductionVariants: []", "ProductionVariants"),
        ("ProductionVariants: {VariantName: a}", "ProductionVariants"),
        ("ProductionVariants: [{}, 1]", "ProductionVariants[1]"),
        ("{ProductionVariants: [{VariantName: a}], ShadowProductionVariants: 1}", "ShadowProductionVariants"),
    ],
)
def test_what_is_malformed_is_a_fault_at_its_place(text, where):
    """A file whose form is known is read however malformed it is, and each mistake in it is told where it is."""
    source = read_text(text)

    assert where in [problem.where for problem in find_declared_problems(source.declared, SHAPES)]
    assert "error" in {finding.severity for finding in lint(make_subject(source.declared), SHAPES).findings}
