"""What ``rollway config check`` refuses and what ``rollway lint`` calls an error are the same.

Held on configurations made from AWS's own shapes, with mistakes planted in them, and on mistakes that people make. Both are asked as users
ask them: a file of bytes in, problems and findings out.
"""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.blueprint.loading import find_declared_problems
from policies.blueprint.source import read_sources
from policies.lint.catalogue import RULES
from policies.lint.linting import lint
from policies.lint.source import make_subject
from rollway.aws.shapes import blueprint_shapes
from tests.generated_configs import breaches, broken, configs, models, request_shape

THOROUGH = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
SHAPES = blueprint_shapes()
ACCEPTED_BY_AWS = {"RW707"}
"""An error of practice: SageMaker takes a secret in the environment of a container, and ``config check`` says only what SageMaker takes."""

SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
VARIANT = {"VariantName": "a", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
SHADOW = VARIANT | {"VariantName": "s"}
CAPTURE = {
    "InitialSamplingPercentage": 1,
    "DestinationS3Uri": "s3://captures/a",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
IMAGE = {"Image": "registry/image@sha256:1"}


def judge(document: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Return where ``config check`` refuses a document, and where ``lint`` finds errors, both at their place in the file."""
    (source,) = read_sources(json.dumps(document, default=str).encode(), "file.json", SHAPES)
    report = lint(make_subject(source.declared), SHAPES)
    errors = [finding for finding in report.findings if finding.severity == "error"]
    lines = {problem.where for problem in find_declared_problems(source.declared, SHAPES)}
    found = {finding.path for finding in errors if finding.rule.id not in ACCEPTED_BY_AWS}
    return lines, {written(source.declared.locate(path)) for path in found}


def written(path: tuple[str | int, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "(top level)"


def as_blueprint(config: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"endpoint": "e", "config": config, **more}


def planted(config: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    """Return a valid configuration with one to three of its limits broken."""
    for _ in range(data.draw(st.integers(1, 3))):
        found = [each for each in breaches(request_shape("CreateEndpointConfig"), config) if len(each[0]) > 1]
        if not found:
            break
        config = broken(config, data.draw(st.sampled_from(found)))
    return config


@THOROUGH
@given(config=configs(), model=models(), data=st.data(), form=st.sampled_from(["blueprint", "request"]))
def test_a_planted_mistake_is_refused_by_both_or_by_neither(config, model, data, form):
    """Whatever is broken in a configuration, the two verbs name the same places."""
    try:
        config = planted(config, data)
    except (KeyError, IndexError, TypeError, AttributeError):
        return  # a second mistake in what the first one has taken away
    document = as_blueprint(config, models={"m": model})
    if form == "request":
        document = config | {"Models": [{"ModelName": "m"} | model]}

    refused, errors = judge(document)

    assert refused == errors


@THOROUGH
@given(config=configs(), model=models(), form=st.sampled_from(["blueprint", "request"]))
def test_what_aws_allows_is_an_error_of_neither(config, model, form):
    """A configuration that SageMaker takes has warnings and notes at most."""
    document = as_blueprint(config, models={"m": model})
    if form == "request":
        document = config | {"Models": [{"ModelName": "m"} | model]}

    assert judge(document) == (set(), set())


def changed(**members: Any) -> dict[str, Any]:
    """A valid configuration with members replaced."""
    return {"ProductionVariants": [VARIANT]} | members


def variant(**members: Any) -> dict[str, Any]:
    """A configuration of one variant with members replaced; None takes one away."""
    return {"ProductionVariants": [{name: value for name, value in (VARIANT | members).items() if value is not None}]}


REFUSED = {
    "a misspelt member": variant(InitialInstanceCont=2),
    "a misspelt member of a part": changed(DataCaptureConfig=CAPTURE | {"KmsKey": "alias/a"}),
    "an instance type without ml.": variant(InstanceType="m5.large"),
    "two serverless variants": changed(
        ProductionVariants=[
            {"VariantName": name, "ModelName": "m", "ServerlessConfig": SERVERLESS} for name in ("a", "b")
        ]
    ),
    "capture on serverless": changed(
        ProductionVariants=[{"VariantName": "a", "ModelName": "m", "ServerlessConfig": SERVERLESS}],
        DataCaptureConfig=CAPTURE,
    ),
    "asynchronous and serverless": changed(
        ProductionVariants=[{"VariantName": "a", "ModelName": "m", "ServerlessConfig": SERVERLESS}],
        AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://answers/a"}},
    ),
    "serverless beside instances": variant(ServerlessConfig=SERVERLESS),
    "managed scaling of a model": variant(ManagedInstanceScaling={"Status": "ENABLED"}),
    "managed bounds that cross": variant(ManagedInstanceScaling={"MinInstanceCount": 3, "MaxInstanceCount": 2}),
    "components without a role": variant(ModelName=None),
    "no capacity": variant(InstanceType=None),
    "no count": variant(InitialInstanceCount=None),
    "a count in quotes": variant(InitialInstanceCount="2"),
    "no weight above zero": variant(InitialVariantWeight=0),
    "eleven variants": changed(ProductionVariants=[VARIANT | {"VariantName": f"v{n}"} for n in range(11)]),
    "no variants": changed(ProductionVariants=[]),
    "variants that are no list": changed(ProductionVariants={"VariantName": "a"}),
    "a variant that is no structure": changed(ProductionVariants=["a"]),
    "two of one name": changed(ProductionVariants=[VARIANT, VARIANT]),
    "two shadows": changed(ShadowProductionVariants=[SHADOW, SHADOW | {"VariantName": "t"}]),
    "a shadow on Inferentia 1": changed(ShadowProductionVariants=[SHADOW | {"InstanceType": "ml.inf1.xlarge"}]),
    "a shadow of async": changed(
        ShadowProductionVariants=[SHADOW], AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://answers/a"}}
    ),
    "routing by prefix without numbers": variant(RoutingConfig={"RoutingStrategy": "PREFIX_AWARE"}),
    "a frequency of 15": changed(MetricsConfig={"MetricPublishFrequencyInSeconds": 15}),
    "a capture without a bucket": changed(DataCaptureConfig=CAPTURE | {"DestinationS3Uri": "captures/a"}),
    "an empty member": changed(KmsKeyId=None),
}
ACCEPTED = {
    "managed scaling that is disabled": variant(ManagedInstanceScaling={"Status": "DISABLED"}),
    "capture to an address": changed(DataCaptureConfig=CAPTURE | {"DestinationS3Uri": "https://s3.amazonaws.com/b/a"}),
    "one instance": variant(InitialInstanceCount=1),
    "a shadow": changed(ShadowProductionVariants=[SHADOW]),
    "a weight of zero beside others": changed(
        ProductionVariants=[VARIANT, VARIANT | {"VariantName": "b", "InitialVariantWeight": 0}]
    ),
}
REFUSED_BLUEPRINTS = {
    "a tag of AWS": {"tags": {"aws:team": "fraud"}},
    "a tag of AWS in capitals": {"tags": {"AWS:team": "fraud"}},
    "a tag that is a number": {"tags": {"team": 5}},
    "49 tags": {"tags": {f"key-{number}": "" for number in range(49)}},
    "scaling of another variant": {"scaling": {"b": {"min": 1, "max": 2}}},
    "bounds that cross": {"scaling": {"a": {"min": 3, "max": 2}}},
    "a minimum of none": {"scaling": {"a": {"min": 0, "max": 2}}},
    "scaling without a maximum": {"scaling": {"a": {"min": 1}}},
    "scaling policies that are none": {"scaling": {"a": {"min": 1, "max": 2, "policies": {"p": {}}}}},
    "an unknown part": {"tagz": {}},
    "a name that is none": {"endpoint": "e_e"},
    "a model without containers": {"models": {"m": {}}},
    "a model with a misspelt member": {"models": {"m": {"PrimaryContainer": IMAGE, "VpcConfg": {}}}},
    "a tag of AWS on a model": {"models": {"m": {"PrimaryContainer": IMAGE, "Tags": [{"Key": "aws:a", "Value": "b"}]}}},
    "a private registry without a network": {
        "models": {"m": {"PrimaryContainer": IMAGE | {"ImageConfig": {"RepositoryAccessMode": "Vpc"}}}}
    },
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_sagemaker_refuses_is_an_error_of_both(name):
    """Mistakes that people make, in a blueprint and in a request, are named by both verbs at the same places."""
    for document in (as_blueprint(REFUSED[name]), copy.deepcopy(REFUSED[name])):
        refused, errors = judge(document)

        assert refused
        assert refused == errors


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_sagemaker_takes_is_an_error_of_neither(name):
    """What is at most unwise is refused by neither verb."""
    for document in (as_blueprint(ACCEPTED[name]), ACCEPTED[name]):
        assert judge(document) == (set(), set())


@pytest.mark.parametrize("name", REFUSED_BLUEPRINTS)
def test_what_stands_beside_the_configuration_is_judged_alike(name):
    """Tags, scaling and models of a blueprint are seen by both verbs."""
    refused, errors = judge(as_blueprint({"ProductionVariants": [VARIANT]}) | REFUSED_BLUEPRINTS[name])

    assert refused
    assert refused == errors


def test_tags_of_a_request_are_judged_alike():
    """A request's tags may not take AWS's prefix either, and no key twice."""
    for tags in ([{"Key": "aws:team", "Value": "x"}], [{"Key": "a", "Value": "x"}, {"Key": "a", "Value": "y"}]):
        refused, errors = judge({"ProductionVariants": [VARIANT], "Tags": tags})

        assert refused
        assert refused == errors


def test_no_other_rule_finds_errors_in_a_file():
    """Each rule that is an error by default either finds what SageMaker refuses, or needs AWS, or is listed as what SageMaker takes."""
    of_aws = {"RW103", "RW505", "RW506", "RW701", "RW703", "RW705", "RW706", "RW806", "RW807", "RW808"}

    errors = {rule.id for rule in RULES.values() if rule.severity == "error"}
    assert errors - of_aws - ACCEPTED_BY_AWS == {
        *("RW101", "RW102", "RW104", "RW105", "RW106", "RW107", "RW109", "RW110", "RW201", "RW202", "RW203", "RW204"),
        *("RW205", "RW206", "RW207", "RW209", "RW210", "RW312", "RW401", "RW802", "RW803", "RW804", "RW805"),
    }
