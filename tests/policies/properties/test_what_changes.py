"""A rollout changes exactly what was asked, whatever a configuration says: on configurations made from botocore's own shapes."""

import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.endpoint_config import EndpointConfig, replace_model
from policies.facts import Facts
from policies.plan import Plan, make_plan
from tests.generated_configs import configs
from tests.policies.building import START, make_endpoint, make_policy
from tests.policies.properties.plans import TIMES

MODEL = "the-new-model"
COUNTED = {"InitialInstanceCount", "InitialVariantWeight"}
"""What a variant has its own values of while others serve beside it."""

FULL = os.environ.get("ROLLWAY_CHAOS") == "full"
many = settings(
    max_examples=200 if FULL else 50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A rollout of another model on an endpoint with any configuration of one variant."""
    fields = draw(configs(kinds=("plain",)).filter(lambda made: len(made["ProductionVariants"]) == 1))
    (variant,) = fields["ProductionVariants"]
    for pool in variant.get("InstancePools", ()):
        if "ModelNameOverride" in pool:  # one of another model is refused, which is tested beside
            pool["ModelNameOverride"] = variant["ModelName"]
    live = EndpointConfig(name="live", fields=fields, tags={"team": "fraud"})
    count = draw(st.integers(1, 9))
    endpoint = make_endpoint("live", {variant["VariantName"]: 100.0}, {variant["VariantName"]: count})
    facts = Facts(endpoint=endpoint, config=live, wanted=replace_model(live, MODEL))
    strategy = draw(st.sampled_from(["canary", "blue_green", "control_twin"]))
    return make_plan(make_policy(strategy=strategy, **TIMES), facts, "r-1", START)


def without(document: dict[str, Any], members: set[str]) -> dict[str, Any]:
    """A document less some members."""
    return {name: value for name, value in document.items() if name not in members}


def with_model(variant: dict[str, Any], model: str) -> dict[str, Any]:
    """A variant with its model replaced wherever it names it."""
    pools = [
        {name: model if name == "ModelNameOverride" else value for name, value in pool.items()}
        for pool in variant.get("InstancePools", ())
    ]
    return variant | {"ModelName": model} | ({"InstancePools": pools} if "InstancePools" in variant else {})


@many
@given(plans())
def test_the_promoted_configuration_differs_in_the_model_alone(plan: Plan) -> None:
    """Every other member, of the configuration and of its variant, is equal before and after a promotion."""
    ours = {"ProductionVariants"}
    (before,), (after,) = plan.original.variants, plan.promoted.variants
    assert without(plan.promoted.fields, ours) == without(plan.original.fields, ours)
    assert after == with_model(before, MODEL)
    assert plan.promoted.tags.items() >= plan.original.tags.items()


@many
@given(plans())
def test_beside_one_another_variants_differ_in_name_model_and_numbers_alone(plan: Plan) -> None:
    """While the rollout lasts the baseline is as it was, and whoever comes beside it is its copy but for name and model."""
    (before,) = plan.original.variants
    baseline, *newcomers = plan.side_by_side.variants
    assert without(plan.side_by_side.fields, {"ProductionVariants"}) == without(
        plan.original.fields, {"ProductionVariants"}
    )
    assert without(baseline, COUNTED) == without(before, COUNTED)
    for newcomer in newcomers:
        fields = COUNTED | {"VariantName"}
        assert without(newcomer, fields) == without(with_model(before, newcomer["ModelName"]), fields)
        assert newcomer["InitialVariantWeight"] == 0
    assert sum(variant["InitialVariantWeight"] for variant in plan.side_by_side.variants) == 100
