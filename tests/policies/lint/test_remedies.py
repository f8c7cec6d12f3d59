"""A remedy that was followed ends its finding: for each rule whose remedy can be written into a blueprint, the file before and after."""

import copy
from typing import Any

import pytest
import yaml

from policies.lint.catalogue import RULES
from policies.lint.linting import lint
from policies.lint.source import make_subject
from tests.policies.lint.cases import SHAPES, read_text

VARIANT = {
    "VariantName": "a",
    "ModelName": "m",
    "InstanceType": "ml.m6i.xlarge",
    "InitialInstanceCount": 2,
    "InitialVariantWeight": 1,
}
LOAD = {
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    "TargetValue": 70,
}
POLICIES = {"load": {"TargetTrackingScalingPolicyConfiguration": LOAD}}
SCALING = {"min": 2, "max": 9, "policies": POLICIES}
CAPTURE = {
    "InitialSamplingPercentage": 10,
    "DestinationS3Uri": "s3://captured/a",
    "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    "KmsKeyId": "alias/captured",
    "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
}
NETWORK = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-a", "subnet-b"]}
MODEL = {
    "ExecutionRoleArn": "arn:aws:iam::123456789012:role/serving",
    "EnableNetworkIsolation": True,
    "VpcConfig": NETWORK,
    "PrimaryContainer": {"Image": "registry/fraud@sha256:1"},
}
SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 1}
BASE: dict[str, Any] = {
    "endpoint": "e",
    "models": {"m": MODEL},
    "config": {
        "ProductionVariants": [VARIANT],
        "DataCaptureConfig": CAPTURE,
        "KmsKeyId": "alias/volumes",
        "MetricsConfig": {"EnableDetailedObservability": True},
    },
    "tags": {"team": "fraud"},
    "scaling": {"a": SCALING},
}
GONE = object()
V = "config.ProductionVariants.0"
OTHER = VARIANT | {"VariantName": "b"}
SHADOW = VARIANT | {"VariantName": "s"}
ASYNC = {"OutputConfig": {"S3OutputPath": "s3://answers/a", "KmsKeyId": "alias/answers"}}
CROSSING = {"MaxInvocationsPerSecondPerInstance": 5, "MaxCrossRegionPercentPerEndpoint": 5}
Change = dict[str, Any]

BARE: Change = {
    f"{V}.InstanceType": GONE,
    f"{V}.InitialInstanceCount": GONE,
    "config.DataCaptureConfig": GONE,
    "scaling": GONE,
}
BARE |= {"models.m.VpcConfig": GONE, "models.m.EnableNetworkIsolation": GONE, "config.KmsKeyId": GONE}

REMEDIES: dict[str, list[tuple[Change, Change]]] = {
    "RW101": [({f"{V}.ModelName": "m_1", "models": {"m_1": MODEL}}, {f"{V}.ModelName": "m", "models": {"m": MODEL}})],
    "RW102": [
        (
            {"config.ProductionVariants": [VARIANT, dict(VARIANT)], "scaling.b": SCALING},
            {"config.ProductionVariants.1.VariantName": "b"},
        )
    ],
    "RW104": [
        ({f"{V}.InstanceType": "m6i.xlarge"}, {f"{V}.InstanceType": "ml.m6i.xlarge"}),
        ({f"{V}.VolumeSizeInGB": 600}, {f"{V}.VolumeSizeInGB": 512}),
    ],
    "RW105": [
        (
            {"config.ProductionVariants": [VARIANT | {"VariantName": f"v{n}"} for n in range(11)], "scaling": GONE},
            {"config.ProductionVariants.10": GONE},
        )
    ],
    "RW106": [({"tags": {"aws:team": "x"}}, {"tags": {"team": "x"}})],
    "RW107": [
        ({f"{V}.InstancePools": [{"InstanceType": "ml.m6i.xlarge", "Priority": 1}]}, {f"{V}.InstancePools": GONE})
    ],
    "RW108": [({f"{V}.AcceleratorType": "ml.eia2.medium"}, {f"{V}.AcceleratorType": GONE})],
    "RW109": [
        ({f"{V}.VolumeSizeGB": 5}, {f"{V}.VolumeSizeGB": GONE, f"{V}.VolumeSizeInGB": 5}),
        ({"tagz": {}}, {"tagz": GONE}),
    ],
    "RW110": [({"config.DataCaptureConfig.CaptureOptions": GONE}, {"config.DataCaptureConfig": CAPTURE})],
    "RW201": [({"config.ShadowProductionVariants": [SHADOW, OTHER]}, {"config.ShadowProductionVariants": [SHADOW]})],
    "RW202": [({f"{V}.ServerlessConfig": SERVERLESS}, {f"{V}.ServerlessConfig": GONE})],
    "RW203": [
        (BARE | {f"{V}.ServerlessConfig": SERVERLESS | {"MemorySizeInMB": 1500}}, {f"{V}.ServerlessConfig": SERVERLESS})
    ],
    "RW204": [
        ({f"{V}.ManagedInstanceScaling": {"Status": "ENABLED"}}, {f"{V}.ManagedInstanceScaling": GONE}),
        ({f"{V}.ManagedInstanceScaling": {"Status": "ENABLED"}}, {f"{V}.ManagedInstanceScaling.Status": "DISABLED"}),
    ],
    "RW205": [({f"{V}.ModelName": GONE}, {f"{V}.ModelName": "m"})],
    "RW206": [
        (
            {"config.ShadowProductionVariants": [SHADOW], "config.AsyncInferenceConfig": ASYNC},
            {"config.ShadowProductionVariants": GONE},
        )
    ],
    "RW207": [
        (
            {"config.CrossRegionTrafficConfig": CROSSING, "config.AsyncInferenceConfig": ASYNC},
            {"config.CrossRegionTrafficConfig": GONE},
        )
    ],
    "RW208": [
        (
            {"config.MetricsConfig.MetricPublishFrequencyInSeconds": 30},
            {"config.MetricsConfig.EnableEnhancedMetrics": True},
        )
    ],
    "RW209": [
        (
            BARE | {f"{V}.ServerlessConfig": SERVERLESS, "config.DataCaptureConfig": CAPTURE},
            {"config.DataCaptureConfig": GONE},
        )
    ],
    "RW210": [
        ({f"{V}.RoutingConfig": {"RoutingStrategy": "PREFIX_AWARE"}}, {f"{V}.RoutingConfig.RoutingStrategy": "RANDOM"})
    ],
    "RW301": [
        (
            {"config.ProductionVariants": [VARIANT, OTHER | {"InstanceType": "ml.c6i.xlarge"}], "scaling.b": SCALING},
            {"config.ProductionVariants.1.InstanceType": "ml.m6i.xlarge"},
        )
    ],
    "RW302": [
        ({f"{V}.InitialInstanceCount": 1, "scaling": GONE}, {f"{V}.InitialInstanceCount": 2}),
        ({f"{V}.InitialInstanceCount": 1, "scaling.a.min": 1}, {"scaling.a.min": 2, f"{V}.InitialInstanceCount": 2}),
    ],
    "RW304": [({"scaling.a.max": 2}, {"scaling.a.max": 9}), ({"scaling.a.max": 2}, {"scaling": GONE})],
    "RW305": [({"scaling.a.min": 1}, {"scaling.a.min": 2})],
    "RW306": [({"scaling.a.policies": GONE}, {"scaling.a.policies": POLICIES})],
    "RW307": [({f"{V}.InitialInstanceCount": 12}, {f"{V}.InitialInstanceCount": 9})],
    "RW309": [({f"{V}.InitialInstanceCount": 30, "scaling.a.max": 40}, {f"{V}.InitialInstanceCount": 5})],
    "RW310": [({f"{V}.InstanceType": "ml.t2.medium"}, {f"{V}.InstanceType": "ml.m6i.large"})],
    "RW311": [
        (
            BARE | {f"{V}.ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}},
            {f"{V}.ServerlessConfig.ProvisionedConcurrency": 1},
        )
    ],
    "RW312": [({"scaling.a.min": 12}, {"scaling.a.min": 2}), ({"scaling.b": SCALING}, {"scaling.b": GONE})],
    "RW401": [({f"{V}.InitialVariantWeight": 0}, {f"{V}.InitialVariantWeight": 1})],
    "RW402": [
        (
            {"config.ProductionVariants": [VARIANT, OTHER | {"InitialVariantWeight": 0}], "scaling.b": SCALING},
            {"config.ProductionVariants.1": GONE, "scaling.b": GONE},
        )
    ],
    "RW403": [
        (
            {"config.ProductionVariants": [VARIANT, OTHER | {"InitialVariantWeight": 3}], "scaling.b": SCALING},
            {f"{V}.InitialVariantWeight": 25, "config.ProductionVariants.1.InitialVariantWeight": 75},
        )
    ],
    "RW404": [
        (
            {
                "config.ProductionVariants": [VARIANT, OTHER],
                "config.ProductionVariants.1.InitialVariantWeight": GONE,
                "scaling.b": SCALING,
            },
            {"config.ProductionVariants.1.InitialVariantWeight": 1},
        )
    ],
    "RW405": [
        (
            {"config.ShadowProductionVariants": [SHADOW | {"InitialInstanceCount": 1}]},
            {"config.ShadowProductionVariants.0.InitialInstanceCount": 2},
        )
    ],
    "RW406": [
        (
            {"config.ShadowProductionVariants": [SHADOW | {"InitialVariantWeight": 0}]},
            {"config.ShadowProductionVariants.0.InitialVariantWeight": 1},
        )
    ],
    "RW501": [({"config.DataCaptureConfig": GONE}, {"config.DataCaptureConfig": CAPTURE})],
    "RW502": [({"config.DataCaptureConfig.KmsKeyId": GONE}, {"config.DataCaptureConfig.KmsKeyId": "alias/captured"})],
    "RW503": [
        (
            {"config.DataCaptureConfig.InitialSamplingPercentage": 0},
            {"config.DataCaptureConfig.InitialSamplingPercentage": 5},
        )
    ],
    "RW507": [
        (
            {"config.DataCaptureConfig.CaptureOptions": [{"CaptureMode": "Input"}]},
            {"config.DataCaptureConfig.CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]},
        )
    ],
    "RW508": [
        (
            {"config.DataCaptureConfig.CaptureContentTypeHeader": GONE},
            {"config.DataCaptureConfig.CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]}},
        )
    ],
    "RW601": [({"models.m.VpcConfig": GONE}, {"models.m.VpcConfig": NETWORK})],
    "RW602": [({"models.m.EnableNetworkIsolation": GONE}, {"models.m.EnableNetworkIsolation": True})],
    "RW603": [({"models.m.VpcConfig.Subnets": ["subnet-a"]}, {"models.m.VpcConfig.Subnets": ["subnet-a", "subnet-b"]})],
    "RW604": [
        (
            {
                "config.ProductionVariants": [VARIANT, OTHER | {"ModelName": "n"}],
                "models.n": MODEL | {"VpcConfig": NETWORK | {"SecurityGroupIds": ["sg-2"]}},
                "scaling.b": SCALING,
            },
            {"models.n.VpcConfig": NETWORK},
        )
    ],
    "RW605": [({"config.VpcConfig": NETWORK}, {"config.VpcConfig": GONE})],
    "RW606": [({f"{V}.EnableSSMAccess": True}, {f"{V}.EnableSSMAccess": GONE})],
    "RW607": [({f"{V}.InstanceType": "ml.m5d.xlarge"}, {"config.KmsKeyId": GONE})],
    "RW608": [({"config.KmsKeyId": GONE}, {"config.KmsKeyId": "alias/volumes"})],
    "RW609": [
        (
            {"config.AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://answers/a"}}},
            {"config.AsyncInferenceConfig.OutputConfig.KmsKeyId": "alias/answers"},
        )
    ],
    "RW707": [
        (
            {"models.m.PrimaryContainer.Environment": {"DB_PASSWORD": "correct horse"}},
            {"models.m.PrimaryContainer.Environment": {"DB_PASSWORD_ARN": "arn:aws:secretsmanager:x"}},
        )
    ],
    "RW801": [
        (
            {"models.m.PrimaryContainer.Image": "registry/fraud:1"},
            {"models.m.PrimaryContainer.Image": "registry/fraud@sha256:1"},
        )
    ],
    "RW802": [({"models.m.Containers": [{"Image": "registry/fraud@sha256:1"}]}, {"models.m.Containers": GONE})],
    "RW803": [({"models.m.PrimaryContainer": {}}, {"models.m.PrimaryContainer.Image": "registry/fraud@sha256:1"})],
    "RW804": [
        (
            {
                "models.m.PrimaryContainer.ModelDataUrl": "s3://models/m",
                "models.m.PrimaryContainer.ModelDataSource": {
                    "S3DataSource": {"S3Uri": "s3://models/m", "S3DataType": "S3Prefix", "CompressionType": "None"}
                },
            },
            {"models.m.PrimaryContainer.ModelDataUrl": GONE},
        )
    ],
    "RW805": [
        (
            {"models.m.PrimaryContainer.ImageConfig": {"RepositoryAccessMode": "Vpc"}, "models.m.VpcConfig": GONE},
            {"models.m.PrimaryContainer.ImageConfig.RepositoryAccessMode": "Platform"},
        )
    ],
    "RW906": [({"config.MetricsConfig": GONE}, {"config.MetricsConfig": {"EnableDetailedObservability": False}})],
}
IN_AWS = {
    "RW103",
    "RW308",
    "RW504",
    "RW505",
    "RW506",
    "RW806",
    "RW807",
    "RW808",
    "RW901",
    "RW902",
    "RW903",
    "RW904",
    "RW905",
}
IN_AWS |= {"RW701", "RW702", "RW703", "RW704", "RW705", "RW706"}


def change(document: dict[str, Any], changes: Change) -> dict[str, Any]:
    """Return a copy of a document with members set, or taken away, by their paths."""
    whole = copy.deepcopy(document)
    for path, value in changes.items():
        *above, last = (int(part) if part.isdigit() else part for part in path.split("."))
        holder: Any = whole
        for part in above:
            holder = holder[part]
        if value is GONE:
            del holder[last]
        else:
            holder[last] = copy.deepcopy(value)
    return whole


def found(document: dict[str, Any]) -> set[str]:
    """The rules that find something in a blueprint."""
    declared = read_text(yaml.safe_dump(document)).declared
    return {finding.rule.id for finding in lint(make_subject(declared), SHAPES).findings}


def test_nothing_is_found_before():
    """The blueprint that the faults are planted in has none."""
    assert found(BASE) == set()


@pytest.mark.parametrize("rule", REMEDIES)
def test_a_remedy_that_was_followed_ends_its_finding(rule):
    """What the rule advises, written into the file, ends what it found there, and brings up nothing else."""
    for fault, remedy in REMEDIES[rule]:
        before = change(BASE, fault)
        after = change(before, remedy)

        assert rule in found(before)
        assert found(after) <= found(before) - {rule}


def test_a_variant_that_is_not_scaled_is_told_until_it_is():
    """A blueprint that says nothing of scaling leaves it unknown; one that declares it ends that."""
    for document, told in ((change(BASE, {"scaling": GONE}), True), (BASE, False)):
        report = lint(make_subject(read_text(yaml.safe_dump(document)).declared), SHAPES)

        assert ("RW303" in {gap.rule.id for gap in report.gaps}) is told


def test_each_rule_has_a_remedy_here_or_is_about_what_only_aws_knows():
    """No rule is added whose remedy does not end its finding."""
    assert set(RULES) - set(REMEDIES) == IN_AWS | {"RW303"}
