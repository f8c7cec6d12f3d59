"""Live against wanted: what counts as a difference, how it is told, and what is never told."""

from typing import Any

import pytest

from policies.blueprint.difference import HIDDEN, Difference, find_differences
from policies.blueprint.model import Blueprint

IMAGE = "registry/image"
VARIANT = {"VariantName": "a", "ModelName": "old", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
TRACKING = {"TargetValue": 70, "PredefinedMetricSpecification": {"PredefinedMetricType": "m"}}


def blueprint(config: dict[str, Any] | None = None, **more: Any) -> Blueprint:
    return Blueprint.model_validate(
        {"endpoint": "e", "config": {"ProductionVariants": [VARIANT]} | (config or {}), **more}
    )


def with_variant(**changes: Any) -> Blueprint:
    return blueprint({"ProductionVariants": [VARIANT | changes]})


def test_a_changed_member() -> None:
    """A difference names the variant, the live value and the wanted one."""
    (difference,) = find_differences(with_variant(), with_variant(InstanceType="ml.m5.xlarge"))

    path = "config.ProductionVariants[a].InstanceType"
    assert difference == Difference(path, "ml.m5.large", "ml.m5.xlarge")


def test_variants_that_come_and_go() -> None:
    """A variant that only one side has is told as a whole, under its name."""
    live, wanted = with_variant(VariantName="gone"), with_variant(VariantName="new")

    told = {each.path: (each.live is None, each.wanted is None) for each in find_differences(live, wanted)}

    assert told == {
        "config.ProductionVariants[new]": (True, False),
        "config.ProductionVariants[gone]": (False, True),
    }


def test_lists_of_members_go_by_position() -> None:
    """A list whose items have no names is compared item by item."""
    live = blueprint({"VpcConfig": {"Subnets": ["one", "two"], "SecurityGroupIds": ["sg"]}})
    wanted = blueprint({"VpcConfig": {"Subnets": ["one", "three", "four"], "SecurityGroupIds": ["sg"]}})

    assert find_differences(live, wanted) == [
        Difference("config.VpcConfig.Subnets[1]", "two", "three"),
        Difference("config.VpcConfig.Subnets[2]", None, "four"),
    ]


@pytest.mark.parametrize(
    "config",
    [
        {"EnableNetworkIsolation": False},
        {"KmsKeyId": ""},
        {"MetricsConfig": {"EnableDetailedObservability": True, "MetricPublishFrequencyInSeconds": 60}},
        {"ProductionVariants": [VARIANT | {"InitialVariantWeight": 1.0}]},
        {"ProductionVariants": [VARIANT | {"RoutingConfig": {"RoutingStrategy": "RANDOM"}}]},
        {"ProductionVariants": [VARIANT | {"EnableSSMAccess": False}]},
    ],
)
def test_defaults_are_no_difference(config: dict[str, Any]) -> None:
    """What AWS fills in when nothing is said is the same as nothing said, on either side."""
    assert find_differences(blueprint(config), blueprint()) == []
    assert find_differences(blueprint(), blueprint(config)) == []


def test_a_default_against_something_else() -> None:
    """Where only one side speaks, the other one's default is what it stands against."""
    differences = find_differences(blueprint({"EnableNetworkIsolation": True}), blueprint())

    assert differences == [Difference("config.EnableNetworkIsolation", live=True, wanted=False)]


def test_a_flag_is_no_number() -> None:
    """``True`` and 1 are equal in Python and not in a request."""
    differences = find_differences(with_variant(EnableSSMAccess=True), with_variant(EnableSSMAccess=1))

    assert len(differences) == 1


def test_an_empty_part_that_means_something() -> None:
    """An asynchronous endpoint is one also when everything about it is left to AWS."""
    differences = find_differences(blueprint({"AsyncInferenceConfig": {"OutputConfig": {}}}), blueprint())

    assert [difference.path for difference in differences] == ["config.AsyncInferenceConfig"]


def test_single_precision_is_no_difference() -> None:
    """Weights come back from AWS as 32-bit floats."""
    two = [VARIANT | {"InitialVariantWeight": 0.8}, VARIANT | {"VariantName": "b", "InitialVariantWeight": 0.2}]
    back = [two[0] | {"InitialVariantWeight": 0.800000011920929}, two[1] | {"InitialVariantWeight": 0.20000000298}]

    assert find_differences(blueprint({"ProductionVariants": back}), blueprint({"ProductionVariants": two})) == []


def test_other_shares_are_told_by_weight() -> None:
    """When the traffic is split otherwise, each variant's weight is told, the default one as well."""
    live = blueprint({"ProductionVariants": [VARIANT, VARIANT | {"VariantName": "b"}]})
    wanted = blueprint({"ProductionVariants": [VARIANT | {"InitialVariantWeight": 9}, VARIANT | {"VariantName": "b"}]})

    (difference,) = find_differences(live, wanted)

    assert difference == Difference("config.ProductionVariants[a].InitialVariantWeight", 1.0, 9)


def test_the_share_of_a_shadow_counts() -> None:
    """A shadow's weight says how much of the production traffic it sees."""
    shadow = VARIANT | {"VariantName": "b", "InitialVariantWeight": 0.5}
    live = blueprint({"ShadowProductionVariants": [shadow]})
    wanted = blueprint({"ShadowProductionVariants": [shadow | {"InitialVariantWeight": 1.0}]})

    assert [each.path for each in find_differences(live, wanted)] == [
        "config.ShadowProductionVariants[b].InitialVariantWeight"
    ]


def test_autoscaled_counts_are_no_difference() -> None:
    """Where scaling is declared, the count is autoscaling's; where it is not, the count is the blueprint's."""
    scaling = {"a": {"min": 1, "max": 9}}
    live = blueprint({"ProductionVariants": [VARIANT | {"InitialInstanceCount": 7}]}, scaling=scaling)

    assert find_differences(live, blueprint(scaling=scaling)) == []
    assert [each.path for each in find_differences(live, blueprint())] == [
        "config.ProductionVariants[a].InitialInstanceCount",
        "scaling.a",
    ]


def test_provisioned_concurrency_that_is_scaled_is_no_difference() -> None:
    """The same goes for what scales of a serverless variant."""
    serverless = {"MemorySizeInMB": 1024, "MaxConcurrency": 9, "ProvisionedConcurrency": 1}
    variant = {"VariantName": "a", "ModelName": "m", "ServerlessConfig": serverless}
    scaled = variant | {"ServerlessConfig": serverless | {"ProvisionedConcurrency": 5}}
    more = {"scaling": {"a": {"min": 1, "max": 9}}}

    live = blueprint({"ProductionVariants": [scaled]}, **more)
    assert find_differences(live, blueprint({"ProductionVariants": [variant]}, **more)) == []


def test_tags_go_by_key() -> None:
    """Tags are told one by one, absent ones too."""
    differences = find_differences(blueprint(tags={"team": "a", "old": "x"}), blueprint(tags={"team": "b", "new": "y"}))

    assert differences == [
        Difference("tags.team", "a", "b"),
        Difference("tags.new", None, "y"),
        Difference("tags.old", "x", None),
    ]


def model(**container: Any) -> dict[str, Any]:
    return {"PrimaryContainer": {"Image": IMAGE, **container}}


def test_the_content_of_a_model() -> None:
    """A declared model that exists under its name with other content is told member by member."""
    live = blueprint(models={"old": model(Mode="SingleModel", ModelDataUrl="s3://m/1", Environment={})})
    wanted = blueprint(models={"old": model(ModelDataUrl="s3://m/2")})

    path = "models.old.PrimaryContainer.ModelDataUrl"
    assert find_differences(live, wanted) == [Difference(path, "s3://m/1", "s3://m/2")]


def test_a_data_source_that_repeats_the_url_is_no_difference() -> None:
    """SageMaker answers with a data source made from the URL that the model was created with."""
    source = {"S3DataSource": {"S3Uri": "s3://m/1", "S3DataType": "S3Object", "CompressionType": "Gzip"}}
    live = blueprint(models={"old": model(ModelDataUrl="s3://m/1", ModelDataSource=source)})

    assert find_differences(live, blueprint(models={"old": model(ModelDataUrl="s3://m/1")})) == []


def test_what_a_variant_would_serve_instead() -> None:
    """When a variant changes its model, what is different in the model is told as well."""
    live = blueprint(models={"old": model(ModelDataUrl="s3://m/1")})
    wanted = with_variant(ModelName="new")
    existing = {"new": model(ModelDataUrl="s3://m/2")}

    assert find_differences(live, wanted, existing) == [
        Difference("config.ProductionVariants[a].ModelName", "old", "new"),
        Difference("models[a].PrimaryContainer.ModelDataUrl", "s3://m/1", "s3://m/2"),
    ]


@pytest.mark.parametrize(
    ("live", "wanted", "told"),
    [
        ({"KEY": "hush"}, {"KEY": "hush-hush"}, [Difference(".KEY", HIDDEN, HIDDEN)]),
        ({}, {"KEY": "hush"}, [Difference("", None, {"KEY": HIDDEN})]),
        ({"A": "1"}, {"A": "1", "KEY": "hush"}, [Difference(".KEY", None, HIDDEN)]),
    ],
)
def test_environments_are_not_shown(live: dict[str, str], wanted: dict[str, str], told: list[Difference]) -> None:
    """Of environment variables it is told that they differ and never what they are."""
    differences = find_differences(
        blueprint(models={"old": model(Environment=live)}), blueprint(models={"old": model(Environment=wanted)})
    )

    path = "models.old.PrimaryContainer.Environment"
    assert differences == [Difference(path + each.path, each.live, each.wanted) for each in told]


def test_environments_of_models_that_do_not_exist_are_not_shown() -> None:
    """A model told as a whole is told without the values of its environment."""
    wanted = blueprint(models={"new": {"Containers": [{"Image": IMAGE, "Environment": {"KEY": "hush"}}]}})

    (difference,) = find_differences(blueprint(), wanted)

    assert difference.wanted == {"Containers": [{"Image": IMAGE, "Environment": {"KEY": HIDDEN}}]}


def test_a_tag_called_environment_is_shown() -> None:
    """It is a tag like any other."""
    assert find_differences(blueprint(tags={"Environment": "a"}), blueprint(tags={"Environment": "b"})) == [
        Difference("tags.Environment", "a", "b")
    ]


def test_scaling() -> None:
    """Bounds, policies and scheduled actions are compared by their names, however much of the defaults is written out."""
    full = {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": TRACKING | {"ScaleInCooldown": 300, "DisableScaleIn": False},
    }
    night = {"Schedule": "rate(1 day)", "Timezone": "UTC", "EndTime": "2027-01-01T00:00:00+00:00"}
    live = blueprint(scaling={"a": {"min": 1, "max": 5, "policies": {"load": full}, "scheduled": {"night": night}}})
    short = {"TargetTrackingScalingPolicyConfiguration": TRACKING}
    again = {"Schedule": "rate(1 day)", "EndTime": "2027-01-01T01:00:00+01:00"}
    same = {"min": 1, "max": 5, "policies": {"load": short}, "scheduled": {"night": again}}

    assert find_differences(live, blueprint(scaling={"a": same})) == []
    other = find_differences(live, blueprint(scaling={"a": same | {"max": 6, "policies": {}}}))
    assert [each.path for each in other] == ["scaling.a.max", "scaling.a.policies"]


def test_another_endpoint() -> None:
    """A blueprint of another endpoint can be compared with, and is not mistaken for this one's."""
    other = blueprint().model_copy(update={"endpoint": "f"})

    assert find_differences(blueprint(), other) == [Difference("endpoint", "e", "f")]
