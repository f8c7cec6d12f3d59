"""Live endpoints read as blueprints, and blueprints made true, against the simulated AWS."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from policies.blueprint.difference import find_differences
from policies.blueprint.loading import find_problems, parse_blueprint
from policies.blueprint.model import Blueprint
from policies.endpoint_config import MADE_BY_TAG
from policies.errors import NotFound, PermanentAwsError
from rollway.aws import creating
from rollway.aws.blueprints import read_existing_models, read_live, read_model
from rollway.aws.sagemaker import describe_config
from rollway.aws.session import Aws
from rollway.aws.shapes import blueprint_shapes
from rollway.aws.variant_scaling import ScaledVariant, add_scaling, read_variant_scaling
from rollway.aws.waiting import Timing
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter import in_process
from tests.generated_configs import configs

ROLE = "arn:aws:iam::123456789012:role/serving"
VARIANT = {"VariantName": "AllTraffic", "ModelName": "new", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
TRACKING = {
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 70,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
}
NIGHT = {
    "Schedule": "rate(1 day)",
    "EndTime": "2027-01-01T00:00:00+01:00",
    "ScalableTargetAction": {"MinCapacity": 1},
}
DOCUMENT: dict[str, Any] = {
    "endpoint": "shop",
    "models": {
        "new": {
            "PrimaryContainer": {"Image": "registry/image:1", "Environment": {"A": "1"}},
            "ExecutionRoleArn": ROLE,
            "Tags": [{"Key": "team", "Value": "shop"}],
        }
    },
    "config": {"ProductionVariants": [VARIANT]},
    "tags": {"team": "shop"},
    "scaling": {"AllTraffic": {"min": 2, "max": 9, "policies": {"load": TRACKING}, "scheduled": {"night": NIGHT}}},
}


def blueprint(**changes: Any) -> Blueprint:
    return parse_blueprint(DOCUMENT | changes, blueprint_shapes())


def make(aws: Aws, wanted: Blueprint, timing: Timing) -> list[creating.Step]:
    """Create all of a blueprint, as the command line does."""
    steps = [
        *creating.create_models(aws, wanted),
        creating.create_declared_config(aws, wanted, timing),
        creating.create_endpoint(aws, wanted, timing),
    ]
    creating.await_service(aws, wanted.endpoint, timedelta(minutes=30), timing)
    return [*steps, *scale(aws, wanted)]


def scale(aws: Aws, wanted: Blueprint) -> list[creating.Step]:
    return [creating.Step(what, created=True) for what in add_scaling(aws, wanted, "AllTraffic")]


def test_what_is_created_is_what_is_declared(aws: Aws, cloud: Cloud, timing: Timing) -> None:
    """Models, configuration, endpoint, tags and scaling: all of it reads back without a difference."""
    del cloud

    steps = make(aws, blueprint(), timing)

    live = read_live(aws, "shop")
    assert all(step.created for step in steps)
    assert (live.unread, find_differences(live.blueprint, blueprint())) == ((), [])
    assert live.config == creating.wanted_config(blueprint()).name
    assert describe_config(aws, live.config).tags == {"team": "shop", MADE_BY_TAG: "rollway"}


def test_twice_is_once(aws: Aws, cloud: Cloud, timing: Timing) -> None:
    """Doing it again finds everything there and sends nothing that changes anything."""
    make(aws, blueprint(), timing)
    before = changes(cloud)

    steps = make(aws, blueprint(), timing)

    assert not any(step.created for step in steps)
    assert changes(cloud) == before
    assert creating.find_conflicts(aws, blueprint(), "change it") == []


def test_what_was_left_undone_is_done(aws: Aws, cloud: Cloud, timing: Timing) -> None:
    """After a crash in the middle, the same blueprint is carried on with."""
    del cloud
    creating.create_models(aws, blueprint())
    creating.create_declared_config(aws, blueprint(), timing)

    steps = make(aws, blueprint(), timing)

    assert [step.created for step in steps] == [False, False, True, True, True, True]
    assert find_differences(read_live(aws, "shop").blueprint, blueprint()) == []


def test_scaling_that_is_there_stays(aws: Aws, cloud: Cloud, timing: Timing) -> None:
    """A registration with other bounds is somebody's decision: it is not overwritten, and told as a difference."""
    del cloud
    make(aws, blueprint(), timing)
    of = ScaledVariant("shop", "AllTraffic", "instances")
    aws.application_autoscaling.register_scalable_target(**of.members, MinCapacity=3, MaxCapacity=4)
    aws.application_autoscaling.delete_scaling_policy(**of.members, PolicyName="load")

    steps = scale(aws, blueprint())

    assert [step.what for step in steps] == ["scaling policy load of AllTraffic"]
    found = find_differences(read_live(aws, "shop").blueprint, blueprint())
    assert [each.path for each in found] == ["scaling.AllTraffic.min", "scaling.AllTraffic.max"]


def changes(cloud: Cloud) -> list[str]:
    reading = ("Describe", "List")
    return [entry.operation for entry in cloud.request_log.entries() if not entry.operation.startswith(reading)]


def test_conflicts_are_told_at_once_and_beforehand(aws: Aws, cloud: Cloud, live: str) -> None:
    """An endpoint on something else, a model of other content and one that there is not: three problems, nothing touched."""
    before = changes(cloud)
    variants = [VARIANT, VARIANT | {"VariantName": "b", "ModelName": "nobody"}]
    models = {"fraud-v6": {"PrimaryContainer": {"Image": "registry/other:1"}}, **DOCUMENT["models"]}
    wanted = blueprint(endpoint=live, models=models, config={"ProductionVariants": variants})

    problems = creating.find_conflicts(aws, wanted, "rollway run x --config y")

    assert [problem.where for problem in problems] == ["endpoint", "models.fraud-v6", "models.nobody"]
    assert "fraud-v6-config" in problems[0].what
    assert "rollway run x --config y" in problems[0].remedy
    assert "PrimaryContainer.Image, ExecutionRoleArn" in problems[1].what
    assert changes(cloud) == before


def test_a_name_that_stands_for_something_else(aws: Aws, cloud: Cloud, live: str, timing: Timing) -> None:
    """A configuration of the wanted name with other content is never taken for the wanted one."""
    del live
    name = creating.wanted_config(blueprint()).name
    other = {"ProductionVariants": [VARIANT | {"ModelName": "fraud-v6"}]}
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": name, **other})

    with pytest.raises(PermanentAwsError, match="taken by an endpoint configuration of other content"):
        creating.create_declared_config(aws, blueprint(), timing)


def test_waiting_ends(aws: Aws, cloud: Cloud, timing: Timing) -> None:
    """Waiting for service ends with its time, and says how the endpoint is then."""
    del cloud
    creating.create_models(aws, blueprint())
    creating.create_declared_config(aws, blueprint(), timing)
    creating.create_endpoint(aws, blueprint(), timing)

    assert creating.await_service(aws, "shop", timedelta(0), timing).status == "Creating"


def test_a_live_endpoint_is_a_valid_blueprint(aws: Aws, live: str) -> None:
    """What is read is what could be written: it passes the check and differs in nothing from itself."""
    read = read_live(aws, live).blueprint

    assert list(find_problems(read.model_dump(), blueprint_shapes())) == []
    assert find_differences(read_live(aws, live).blueprint, read) == []
    assert read.models["fraud-v6"]["ExecutionRoleArn"] == ROLE
    assert "fraud-v7" not in read.models


def test_live_counts_and_weights(aws: Aws, cloud: Cloud, live: str, settle: Callable[[], None]) -> None:
    """What serves counts, not what the configuration once began with."""
    second = VARIANT | {"VariantName": "b", "ModelName": "fraud-v7"}
    variants = [VARIANT | {"ModelName": "fraud-v6"}, second]
    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "two", "ProductionVariants": variants})
    cloud.call("UpdateEndpoint", {"EndpointName": live, "EndpointConfigName": "two"})
    settle()
    desired = [
        {"VariantName": "AllTraffic", "DesiredWeight": 3.0},
        {"VariantName": "b", "DesiredWeight": 1.0, "DesiredInstanceCount": 4},
    ]
    cloud.call("UpdateEndpointWeightsAndCapacities", {"EndpointName": live, "DesiredWeightsAndCapacities": desired})
    settle()

    first, other = read_live(aws, live).blueprint.variants

    assert (first["InitialVariantWeight"], first["InitialInstanceCount"]) == (75, 2)
    assert (other["InitialVariantWeight"], other["InitialInstanceCount"]) == (25, 4)


def test_what_cannot_be_read_is_named(aws: Aws, cloud: Cloud, live: str) -> None:
    """A model that was deleted under a live endpoint is missing from the blueprint, and said to be."""
    cloud.call("DeleteModel", {"ModelName": "fraud-v6"})

    read = read_live(aws, live)

    assert read.blueprint.models == {}
    (reason,) = read.unread
    assert reason.startswith("model fraud-v6: AWS turned down DescribeModel")


def test_models_that_there_are(aws: Aws, cloud: Cloud) -> None:
    """Of several names those are read that stand for a model; one alone that does not is an error."""
    del cloud

    assert list(read_existing_models(aws, ["fraud-v6", "nobody"])) == ["fraud-v6"]
    with pytest.raises(NotFound):
        read_model(aws, "nobody")


def test_scaling_of_a_variant_without(aws: Aws, live: str) -> None:
    """A variant that nobody registered has no scaling, which is not the same as scaling of nothing."""
    assert read_variant_scaling(aws, ScaledVariant(live, "AllTraffic", "instances")) is None


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(config=configs())
def test_any_configuration_reads_back_as_it_was_declared(
    aws: Aws, clock: VirtualClock, timing: Timing, config: dict[str, Any]
) -> None:
    """Configurations of every kind: created, described, and no difference found."""
    wanted = Blueprint(endpoint="shop", config=config)
    with in_process(Cloud(clock)) as cloud:
        for name in wanted.used_models:
            cloud.call("CreateModel", {"ModelName": name, "PrimaryContainer": {"Image": "registry/image:1"}})

        creating.create_declared_config(aws, wanted, timing)

        described = describe_config(aws, creating.wanted_config(wanted).name)
    assert find_differences(Blueprint(endpoint="shop", config=described.fields), wanted) == []
