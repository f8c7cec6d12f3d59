"""Files as people have them: read, or refused by name with a way on; never an exception of a parser, never advice that leads astray."""

import pytest

from policies.blueprint.document import Unresolved
from policies.blueprint.fault_finding import find_faults
from policies.blueprint.faults import Breach
from policies.blueprint.source import UnreadableDocument, read_sources
from policies.lint.linting import lint
from policies.lint.source import make_subject
from rollway.aws.shapes import blueprint_shapes
from tests.policies.blueprint.forms.named import NAMED
from tests.policies.blueprint.forms.read import CONFIG, OPEN, READ, template, text

SHAPES = blueprint_shapes()


def read(name: str, raw: bytes):
    return read_sources(raw, name, SHAPES)


def test_there_are_a_hundred_files():
    """The table holds what its page promises."""
    assert len(READ) + len(OPEN) + len(NAMED) >= 100


@pytest.mark.parametrize("case", READ)
def test_each_form_says_the_same(case):
    """Whatever the form, the same configuration is read, both verbs find no mistake in it, and a finding leads to a line of the file."""
    name, raw = READ[case]

    sources = read(name, raw)

    for source in sources:
        config = source.declared.config
        said = {member: config[member] for member in ("KmsKeyId", "DataCaptureConfig")}
        said["DataCaptureConfig"] = {
            key: value for key, value in said["DataCaptureConfig"].items() if key != "EnableCapture"
        }
        assert said == {member: CONFIG[member] for member in said}
        (variant,) = config["ProductionVariants"]
        wanted = CONFIG["ProductionVariants"][0]
        assert {key: variant[key] for key in wanted} == wanted
        assert list(find_faults(source.declared, SHAPES)) == []
        report = lint(make_subject(source.declared), SHAPES)
        assert {finding.severity for finding in report.findings} <= {"warning", "note"}
        lines = raw.count(b"\n") + 1
        assert all(1 <= source.find(finding.path).line <= lines for finding in report.findings)


@pytest.mark.parametrize("case", OPEN)
def test_what_a_file_leaves_open_is_neither_a_mistake_nor_fine(case):
    """A function, a path, a reference or what is known only later leads to no mistake, and is named as unchecked by both verbs."""
    name, raw = OPEN[case]

    (source,) = read(name, raw)

    found = list(find_faults(source.declared, SHAPES))
    assert [each for each in found if isinstance(each, Breach)] == []
    assert found != []
    report = lint(make_subject(source.declared), SHAPES)
    assert {finding.severity for finding in report.findings} <= {"warning", "note"}
    assert any("does not give a value" in gap.unknown.why for gap in report.gaps)


@pytest.mark.parametrize("case", NAMED)
def test_what_is_not_read_is_named(case):
    """Every other form is called by its name, with what to do; nothing advises to delete what is right."""
    name, raw, called, way = NAMED[case]

    with pytest.raises(UnreadableDocument) as caught:
        read(name, raw)

    said = str(caught.value)
    assert called in said
    assert way in said
    assert "remove it" not in said


@pytest.mark.parametrize(
    ("properties", "path", "line"),
    [
        ({"KmsKey": "a"}, "Resources.Config.Properties.KmsKey", '"KmsKey"'),
        (
            {"ProductionVariants": [{"VariantName": "a b"}]},
            "Resources.Config.Properties.ProductionVariants[0].VariantName",
            '"VariantName": "a b"',
        ),
    ],
)
def test_a_mistake_is_told_at_its_place_in_the_file(properties, path, line):
    """A mistake in a template has the template's path and the line of the member."""
    raw = text(template(properties))

    (source,) = read("template.json", raw)

    places = {
        ".".join(map(str, source.declared.locate(each.path))).replace(".0.", "[0]."): source.find(each.path).line
        for each in find_faults(source.declared, SHAPES)
        if isinstance(each, Breach)
    }
    assert line in raw.decode().splitlines()[places[path] - 1]


def test_several_configurations_are_read_by_name():
    """Each resource of a template is a configuration of its own."""
    whole = template()
    whole["Resources"]["Other"] = whole["Resources"]["Config"]

    sources = read("template.json", text(whole))

    assert [source.declared.resource for source in sources] == ["Config", "Other"]
    assert [source.label for source in sources] == ["template.json (Config)", "template.json (Other)"]


def test_models_of_a_template_are_known_by_their_variants():
    """A model that CloudFormation names itself is called by its logical id, and its rules apply."""
    (source,) = read(*OPEN["template in short forms"])

    assert source.declared.config["ProductionVariants"][0]["ModelName"] == "Model"
    assert isinstance(source.declared.models["Model"]["ExecutionRoleArn"], Unresolved)
    assert "RW601" in {finding.rule.id for finding in lint(make_subject(source.declared), SHAPES).findings}
