"""The laws of checking and comparing, on configurations made from AWS's own shapes."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.blueprint.checking import Checker
from policies.blueprint.difference import find_differences
from policies.blueprint.layout import BLUEPRINT
from policies.blueprint.loading import find_problems, parse_blueprint
from policies.blueprint.model import Blueprint
from rollway.aws.shapes import blueprint_shapes
from tests.generated_configs import breaches, broken, configs, models, request_shape, write_path

THOROUGH = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
SHAPES = blueprint_shapes()


def blueprint(config: dict[str, Any], **more: Any) -> Blueprint:
    return parse_blueprint({"endpoint": "e", "config": config, **more}, SHAPES)


@THOROUGH
@given(config=configs(), model=models())
def test_what_aws_allows_has_no_problems(config: dict[str, Any], model: dict[str, Any]) -> None:
    """Whatever AWS's shapes and documented rules allow is a valid blueprint: nobody is kept from what SageMaker can do."""
    document = {"endpoint": "e", "config": config, "models": {"not-served": model}}

    assert list(find_problems(document, SHAPES)) == []


@THOROUGH
@given(data=st.data())
@pytest.mark.parametrize("operation", ["CreateEndpointConfig", "CreateModel"])
def test_each_broken_limit_is_found_where_it_is(data: st.DataObject, operation: str) -> None:
    """One limit broken in a valid document is one problem, and it names the very place."""
    of_config = operation == "CreateEndpointConfig"
    document = data.draw(configs() if of_config else models())
    breach = data.draw(st.sampled_from([each for each in breaches(request_shape(operation), document) if each[0]]))
    shape = f"{BLUEPRINT}.config" if of_config else f"{BLUEPRINT}.model"

    problems = Checker(SHAPES).find_problems(shape, broken(document, breach))

    assert [problem.where for problem in problems] == [write_path(breach[0])]


@THOROUGH
@given(config=configs(), data=st.data())
def test_a_whole_file_names_it_too(config: dict[str, Any], data: st.DataObject) -> None:
    """The same in a file, where further rules look at the broken document: they may add to it, and never fail over it."""
    found = [each for each in breaches(request_shape("CreateEndpointConfig"), config) if each[0]]
    breach = data.draw(st.sampled_from(found))

    problems = find_problems({"endpoint": "e", "config": broken(config, breach)}, SHAPES)

    assert write_path(breach[0], "config") in {problem.where for problem in problems}


@THOROUGH
@given(config=configs(), model=models())
def test_nothing_differs_from_itself(config: dict[str, Any], model: dict[str, Any]) -> None:
    """A blueprint compared with its own copy has no differences."""
    one = blueprint(config, models={"not-served": model})

    assert find_differences(one, one.model_copy(deep=True)) == []


@THOROUGH
@given(config=configs(kinds=("plain", "async", "shadow")), data=st.data())
def test_one_change_is_one_difference(config: dict[str, Any], data: st.DataObject) -> None:
    """A member changed in one variant is told alone, under the variant's name, whatever its position."""
    changed = copy.deepcopy(config)
    variant = data.draw(st.sampled_from(changed["ProductionVariants"]))
    variant["VolumeSizeInGB"] = variant.get("VolumeSizeInGB", 0) % 512 + 1
    changed["ProductionVariants"].reverse()

    (difference,) = find_differences(blueprint(config), blueprint(changed))

    assert difference.path == f"config.ProductionVariants[{variant['VariantName']}].VolumeSizeInGB"
    assert difference.wanted == variant["VolumeSizeInGB"]


@THOROUGH
@given(config=configs(kinds=("plain",)), factor=st.sampled_from([0.01, 0.5, 100.0]))
def test_the_scale_of_weights_is_no_difference(config: dict[str, Any], factor: float) -> None:
    """All weights times one number lead to the same traffic."""
    scaled = copy.deepcopy(config)
    for each in scaled["ProductionVariants"]:
        each["InitialVariantWeight"] = each.get("InitialVariantWeight", 1.0) * factor

    assert find_differences(blueprint(config), blueprint(scaled)) == []
