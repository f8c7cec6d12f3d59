"""AWS's documented limits as plain data, and whether the simulated SageMaker, which reads them for itself, sees them the same way."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.blueprint.checking import Checker
from policies.blueprint.difference import same_model
from policies.blueprint.layout import BLUEPRINT
from policies.blueprint.shapes import operation_shape
from policies.endpoint_config import models_named
from rollway.aws.session import Aws
from rollway.aws.shapes import blueprint_shapes, find_operation, operation_shapes
from rollway.sandbox.clock import VirtualClock
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.errors import Refusal
from tests.generated_configs import breaches, broken, configs, models, request_shape

NEWCOMERS = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
CONTAINER = {"Image": "registry/image:1"}


def account(config: dict[str, Any], clock: VirtualClock) -> Cloud:
    """A simulated account with the models that a configuration names."""
    cloud = Cloud(clock)
    for name in models_named(config):
        cloud.call("CreateModel", {"ModelName": name, "PrimaryContainer": CONTAINER})
    return cloud


_VARIANTS = ("ProductionVariants", "ShadowProductionVariants")


@NEWCOMERS
@given(config=configs())
def test_generated_configurations_are_accepted(config: dict[str, Any], clock: VirtualClock) -> None:
    """What is generated as valid is taken by SageMaker's rules as the simulator knows them, and comes back as it was."""
    cloud = account(config, clock)

    cloud.call("CreateEndpointConfig", {"EndpointConfigName": "c", **config})

    described = cloud.call("DescribeEndpointConfig", {"EndpointConfigName": "c"})
    assert {name: described[name] for name in config if name not in _VARIANTS} == {
        name: value for name, value in config.items() if name not in _VARIANTS
    }


@NEWCOMERS
@given(model=models())
def test_generated_models_are_accepted(model: dict[str, Any], clock: VirtualClock) -> None:
    """The same of models; and a model described is no different from the one that was created."""
    cloud = Cloud(clock)

    cloud.call("CreateModel", {"ModelName": "m", **model})

    described = cloud.call("DescribeModel", {"ModelName": "m"})
    answer_only = {"ModelName", "ModelArn", "CreationTime"}
    assert same_model({name: value for name, value in described.items() if name not in answer_only}, model) == []


@NEWCOMERS
@given(data=st.data())
def test_broken_configurations_are_refused_by_both(data: st.DataObject, clock: VirtualClock) -> None:
    """Where the checker finds a limit broken, the simulated SageMaker refuses, although it reads the limits by itself."""
    config = data.draw(configs())
    found = [each for each in breaches(request_shape("CreateEndpointConfig"), config) if each[0] and _is_a_limit(each)]
    wrong = broken(config, data.draw(st.sampled_from(found)))

    assert list(Checker(blueprint_shapes()).find_problems(f"{BLUEPRINT}.config", wrong)) != []
    with pytest.raises(Refusal, match="validation error"):
        account(config, clock).call("CreateEndpointConfig", {"EndpointConfigName": "c", **wrong})


def _is_a_limit(breach: tuple[Any, ...]) -> bool:
    """Whether a breach is of a limit: a client never sends unknown members and wrong types, so no service is asked about them."""
    location, what, value = breach
    return what == "remove" or not (location[-1] == "Nonsense" or value in (5, "no such type"))


@pytest.mark.parametrize("service", ["sagemaker", "application-autoscaling", "scheduler", "cloudwatch"])
def test_every_request_that_rollway_may_send_can_be_described(aws: Aws, service: str) -> None:
    """Reading the limits of any operation ends, and each pattern that is kept is one of Python's."""
    client = getattr(aws, service.replace("-", "_"))
    for operation in client.meta.service_model.operation_names:
        shapes = operation_shapes(find_operation(service, operation))
        assert operation_shape(service, operation) in shapes
        for shape in shapes.values():
            re.compile(shape.pattern)
            assert {*shape.members.values(), *filter(None, (shape.key, shape.item))} <= shapes.keys()


@pytest.mark.parametrize(
    ("text", "fits"),
    [("team", True), ("équipe 1", True), ("a_b.c:d/e=f+g-h@i", True), ("日本", True), ("a*b", False), ("a\nb", False)],
)
def test_java_patterns_mean_the_same(text: str, fits: bool) -> None:  # noqa: FBT001 - a parameter of a table
    """Classes of characters that only Java's dialect has are said in Python's: letters of any script, and no line breaks."""
    checker = Checker(operation_shapes(find_operation("sagemaker", "AddTags")))
    problems = checker.find_problems("sagemaker.Tag", {"Key": text, "Value": ""})

    assert (list(problems) == []) is fits


def test_digits_are_ascii_digits() -> None:
    """A digit in one of AWS's patterns is one of the ten, and no other script's."""
    shapes = blueprint_shapes()
    role = shapes[f"{BLUEPRINT}.model"].members["ExecutionRoleArn"]

    assert list(Checker(shapes).find_problems(role, "arn:aws:iam::123456789012:role/a")) == []
    assert list(Checker(shapes).find_problems(role, "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/a")) != []
