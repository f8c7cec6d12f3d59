"""``rollway lint``: files and live endpoints, for people, machines and code hosts; settings; exit codes."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from botocore.exceptions import ClientError

from policies.lint.catalogue import RULES
from policies.lint.settings import parse_settings
from rollway.cli import main
from tests.loop.rehearsal import ENDPOINT

ROOT = Path(__file__).parents[2]
GOOD = """\
EndpointConfigName: fraud
ProductionVariants:
  - VariantName: AllTraffic
    ModelName: fraud-v6
    InstanceType: ml.m6i.xlarge
    InitialInstanceCount: 2
DataCaptureConfig:
  InitialSamplingPercentage: 10
  DestinationS3Uri: s3://captured/fraud
  KmsKeyId: alias/captured
  CaptureOptions: [{CaptureMode: InputAndOutput}]
  CaptureContentTypeHeader: {JsonContentTypes: [application/json]}
KmsKeyId: alias/volumes
MetricsConfig: {EnableDetailedObservability: true}
"""
BAD = GOOD.replace("Count: 2", "Count: 1") + (
    "Models:\n  - ModelName: fraud-v6\n    PrimaryContainer: {Image: fraud:1, Environment: {DB_PASSWORD: hunter2-hunter2}}\n"
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write(tmp_path):
    """Write a file into the present directory and return its name."""

    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text, "utf-8")
        return name

    return write


def found(capsys, *arguments: str) -> list[str]:
    """The rules that are broken, in the order that they are told."""
    main(["lint", *arguments, "--output", "json"])
    document = json.loads(capsys.readouterr().out)
    return [finding["rule"] for target in document["targets"] for finding in target["findings"]]


def test_a_file_for_people(capsys, write):
    """Findings are grouped by topic, each with its line, the member, the reason and the remedy; secrets are not repeated."""
    assert main(["lint", write("bad.yaml", BAD)]) == 3

    out = capsys.readouterr().out
    assert out.startswith("bad.yaml: 1 error, 4 warnings; ")
    for part in (
        "\n  Capacity\n",
        "bad.yaml:6 ProductionVariants[0].InitialInstanceCount: variant AllTraffic starts on 1 instance",
        "→ Set InitialInstanceCount to 2 or more",
        "✗ RW707 error bad.yaml:17 Models[fraud-v6].PrimaryContainer.Environment.DB_PASSWORD",
        "\n  Could not be checked\n",
        "? RW901, RW902, RW903, RW904, RW905 Alarms: a file does not say",
    ):
        assert part in out
    assert "hunter2" not in out


def test_a_file_for_machines(capsys, write):
    """The document has every finding with its place, and what could not be checked."""
    assert main(["lint", write("bad.yaml", BAD), "--output", "json"]) == 3

    document = json.loads(capsys.readouterr().out)
    assert document["failed"] is True
    assert document["counts"] == {"error": 1, "warning": 4, "note": 0}
    (target,) = document["targets"]
    assert (target["target"], target["kind"], target["configuration"]) == ("bad.yaml", "file", "fraud")
    first = target["findings"][0]
    assert first["rule"] == "RW302"
    assert (first["where"], first["line"], first["column"]) == ("ProductionVariants[0].InitialInstanceCount", 6, 5)
    assert {"rule": "RW901", "where": "Alarms"}.items() <= target["unchecked"][-5].items()


def test_a_good_file(capsys, write):
    """Nothing found exits 0, and still says what a file alone does not tell; --complete makes that count."""
    name = write("good.yaml", GOOD)

    assert main(["lint", name]) == 0
    out = capsys.readouterr().out
    assert out.startswith("good.yaml: nothing found; ")
    assert "could not be checked" in out

    assert main(["lint", name, "--complete"]) == 5


def test_several_targets(capsys, write):
    """Several files are told one after the other, each once, and one that fails is enough."""
    good, bad = write("good.yaml", GOOD), write("bad.yaml", BAD)

    assert main(["lint", good, bad, good]) == 3

    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("good.yaml:", "bad.yaml:"))]
    assert [head.partition(":")[0] for head in heads] == ["good.yaml", "bad.yaml"]


def test_json_is_read_too(capsys, write):
    """A document in JSON, as AWS's own tools write it, has the same findings."""
    text = json.dumps(yaml.safe_load(BAD), indent="\t")

    assert found(capsys, write("bad.json", text)) == found(capsys, write("bad.yaml", BAD))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 3),
        (("--disable", "RW707"), 0),
        (("--disable", "RW707", "--fail-on", "warning"), 3),
        (("--severity", "RW707=warning"), 0),
        (("--severity", "RW707=warning", "--fail-on", "warning"), 3),
        (("--severity", "RW302=error", "--disable", "RW707"), 3),
    ],
)
def test_what_makes_it_fail(write, arguments, code):
    """The exit code is 3 exactly when a rule that applies is broken at or above the level."""
    assert main(["lint", write("bad.yaml", BAD), *arguments]) == code


def test_settings_from_a_file(capsys, write):
    """lint.yaml in the present directory holds without being named; --config names another one; both add to the command line."""
    bad = write("bad.yaml", BAD)
    write("lint.yaml", "disable: [RW707]\nfail_on: note\n")
    other = write("other.yml", "disable: [RW302]\n")

    assert main(["lint", bad]) == 3
    capsys.readouterr()
    assert "RW707" not in found(capsys, bad)
    assert {"RW707", "RW302"} & set(found(capsys, bad, "--config", other)) == {"RW707"}
    assert {"RW707", "RW302"} & set(found(capsys, bad, "--disable", "RW302")) == set()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--disable", "RW9999"), "there is no rule RW9999"),
        (("--severity", "RW302=fatal"), "'fatal' is no severity"),
        (("--severity", "RW302"), "gives no severity"),
        (("--config", "nowhere.yaml"), "No such file"),
        (("nowhere.yaml", "./nor-here"), "./nor-here: (file)"),
    ],
)
def test_unusable_input(capsys, write, arguments, told):
    """What cannot be used is one error with everything that is wrong, exit code 2, and no findings beside it."""
    assert main(["lint", write("bad.yaml", BAD), *arguments]) == 2

    said = capsys.readouterr()
    assert told in said.err
    assert said.out == ""


def test_a_broken_file_is_told_in_json(capsys, write):
    """Every reason why files cannot be read is in the document, with its file."""
    assert main(["lint", write("a.yaml", "[]"), write("b.yaml", "a: 1"), "--output", "json"]) == 2

    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "unreadable_document"
    assert [problem["where"] for problem in error["problems"]] == ["a.yaml: (top level)", "b.yaml: (top level)"]


def test_a_live_endpoint(player):
    """An endpoint is named, and everything that belongs to it is read; findings carry no line. Nothing is changed."""
    before = player.changes()

    said = player.play("lint", ENDPOINT, "--output", "json")

    assert said.code == 3, "its role does not exist in the simulated account"
    (target,) = said.document["targets"]
    assert (target["target"], target["kind"]) == (ENDPOINT, "endpoint")
    assert {"RW303", "RW502", "RW506", "RW601", "RW706", "RW801", "RW901"} <= {
        each["rule"] for each in target["findings"]
    }
    assert "line" not in target["findings"][0]
    assert {each["rule"] for each in target["unchecked"]} == {"RW807"}, "its image is named by a tag"
    assert player.changes() == before
    assert player.play("lint", ENDPOINT).out.startswith(f"{ENDPOINT} · configuration ")


def test_what_aws_refuses_to_tell(player, monkeypatch):
    """A missing permission leaves a gap that is told and exits 5; who disables the rules that need it does without."""
    _refuse(monkeypatch, "DescribeAlarms", "GetRole")
    player.rehearsal.aws.s3.create_bucket(Bucket="captures")
    rules = [rule for rule in RULES if rule.startswith(("RW7", "RW9")) and rule not in {"RW707", "RW906"}]

    said = player.play("lint", ENDPOINT)

    assert said.code == 5
    assert "Could not be checked" in said.out
    assert "not authorized to perform" in said.out
    disabled = [argument for rule in rules for argument in ("--disable", rule)]
    assert player.play("lint", ENDPOINT, *disabled).code == 0


def _refuse(monkeypatch: pytest.MonkeyPatch, *operations: str) -> None:
    """Have AWS turn some operations down for want of permission."""
    from botocore.client import BaseClient  # noqa: PLC0415 - only here

    original = BaseClient._make_api_call

    def call(client, operation, parameters):
        if operation in operations:
            error = {"Code": "AccessDenied", "Message": f"not authorized to perform {operation}"}
            raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 403}}, operation)
        return original(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)


def test_an_endpoint_that_does_not_exist(player):
    """An unknown endpoint is an error that names it."""
    said = player.play("lint", "nowhere")

    assert said.code == 2
    assert "endpoint nowhere" in said.err


def test_the_documented_sarif(capsys, monkeypatch):
    """The documented command writes SARIF: every rule with help, every finding with its rule, level, text and line."""
    monkeypatch.chdir(ROOT)
    assert main(["lint", "examples/endpoints/fraud-v7.yaml", "--output", "sarif"]) == 0

    log = json.loads(capsys.readouterr().out)
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    results = {result["ruleId"]: result for result in run["results"]}
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    place = results["RW302"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "examples/endpoints/fraud-v7.yaml"
    lines = (ROOT / "examples/endpoints/fraud-v7.yaml").read_text("utf-8").splitlines()
    assert lines[place["region"]["startLine"] - 1].strip() == "InitialInstanceCount: 1"
    told = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]
    assert any(text.startswith("RW901 could not be checked") for text in told)


def test_sarif_of_an_endpoint(player, monkeypatch):
    """A live endpoint has no lines: its findings say where by name, and gaps are warnings of the run."""
    _refuse(monkeypatch, "DescribeAlarms")

    log = player.play("lint", ENDPOINT, "--output", "sarif").document

    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    (place,) = run["results"][0]["locations"]
    assert place["logicalLocations"][0]["fullyQualifiedName"].startswith(f"{ENDPOINT}/")
    assert "physicalLocation" not in place
    told = [
        each for each in run["invocations"][0]["toolExecutionNotifications"] if "tag" not in each["message"]["text"]
    ]
    assert {each["level"] for each in told} == {"warning"}


def test_sarif_knows_a_finding_again(capsys, write):
    """A finding keeps its fingerprint when lines above it move, so that a code host takes it for the same."""
    prints = []
    for text in (BAD, f"# a comment\n\n{BAD}"):
        main(["lint", write("bad.yaml", text), "--output", "sarif"])
        (run,) = json.loads(capsys.readouterr().out)["runs"]
        prints.append([result["partialFingerprints"] for result in run["results"]])

    assert prints[0] == prints[1]
    assert len({json.dumps(each) for each in prints[0]}) == len(prints[0])


def test_the_documented_settings():
    """The lint.yaml that the page shows is one."""
    (block,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/how-to/lint.md").read_text("utf-8"), re.DOTALL)

    assert parse_settings(yaml.safe_load(block), "lint.md").fail_on == "warning"


def _closed(required: list[str], **properties: object) -> dict[str, object]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


_TEXT = {"type": "string", "minLength": 1}
_MESSAGE = _closed(["text"], text=_TEXT, markdown=_TEXT)
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_COUNT = {"type": "integer", "minimum": 1}
_INDEX = {"type": "integer", "minimum": 0}
_LOCATION = _closed(
    [],
    physicalLocation=_closed(
        ["artifactLocation"],
        artifactLocation=_closed(["uri"], uri=_TEXT),
        region=_closed(["startLine"], startLine=_COUNT, startColumn=_COUNT),
    ),
    logicalLocations={
        "type": "array",
        "items": _closed(["fullyQualifiedName"], name=_TEXT, fullyQualifiedName=_TEXT, kind=_TEXT),
    },
)
_RULE = _closed(
    ["id", "shortDescription", "fullDescription", "help", "defaultConfiguration"],
    id=_TEXT,
    shortDescription=_MESSAGE,
    fullDescription=_MESSAGE,
    help=_MESSAGE,
    defaultConfiguration=_closed(["level", "enabled"], level=_LEVEL, enabled={"type": "boolean"}),
    properties=_closed(["tags"], tags={"type": "array", "items": _TEXT}),
)
_RESULT = _closed(
    ["ruleId", "ruleIndex", "level", "message", "locations"],
    ruleId=_TEXT,
    ruleIndex=_INDEX,
    level=_LEVEL,
    message=_MESSAGE,
    locations={"type": "array", "items": _LOCATION, "minItems": 1},
    partialFingerprints={"type": "object", "additionalProperties": _TEXT},
)
_NOTIFICATION = _closed(
    ["message", "level"],
    message=_MESSAGE,
    level=_LEVEL,
    associatedRule=_closed(["id", "index"], id=_TEXT, index=_INDEX),
    locations={"type": "array", "items": _LOCATION},
)
_INVOCATION = _closed(
    ["executionSuccessful"],
    executionSuccessful={"type": "boolean"},
    toolExecutionNotifications={"type": "array", "items": _NOTIFICATION},
)
_DRIVER = _closed(
    ["name", "rules"], name=_TEXT, version=_TEXT, semanticVersion=_TEXT, rules={"type": "array", "items": _RULE}
)
SARIF = _closed(
    ["$schema", "version", "runs"],
    **{"$schema": {"type": "string", "pattern": "sarif-schema-2.1.0.json$"}},
    version={"const": "2.1.0"},
    runs={
        "type": "array",
        "items": _closed(
            ["tool", "results"],
            tool=_closed(["driver"], driver=_DRIVER),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            invocations={"type": "array", "items": _INVOCATION},
            results={"type": "array", "items": _RESULT},
        ),
    },
)
"""What is used of SARIF 2.1.0, after the standard's text (OASIS, sections 3.13 to 3.58); nothing beyond it may appear."""
