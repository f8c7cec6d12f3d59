"""What keeps a rollout from starting."""

from typing import Any

import pytest

from policies.endpoint_config import EndpointConfig, replace_model
from policies.errors import PreflightError
from policies.facts import Hosting, LiveVariant
from policies.plan import make_plan
from policies.preflight import find_obstacles, find_rival_obstacles
from tests.policies.building import BASELINE, START, make_config, make_endpoint, make_facts, make_policy

LIVE = {"config": "fraud-config", "shares": {BASELINE: 100.0}, "instances": {BASELINE: 4}}
GROWING = LiveVariant(name=BASELINE, share=100, wanted_share=100, instances=4, wanted_instances=6)


SHADOW: dict[str, Any] = {"strategy": "shadow", "stages": [{"shadow": True, "share": 100, "bake": "1h"}]}
GUARDRAIL: dict[str, Any] = {
    "strategy": "guardrail",
    "stages": [{"share": 100, "bake": "10m"}],
    "guardrails": {"slow": {"metric": "ModelLatency", "at_most": 1000000}},
    "gates": {},
    "deployment_guardrails": {"alarms": ["mine"]},
}


def without_model() -> EndpointConfig:
    config = make_config()
    del config.variants[0]["ModelName"]
    return config


def with_two_variants() -> EndpointConfig:
    """A configuration that no rollout leads to."""
    fields = make_config().fields
    (variant,) = fields["ProductionVariants"]
    return EndpointConfig(name="c", fields=fields | {"ProductionVariants": [variant, variant | {"VariantName": "b"}]})


OBSTACLES: list[tuple[dict[str, Any], str]] = [
    ({"endpoint": make_endpoint(**LIVE, status="Updating")}, "is Updating; a rollout starts from InService"),
    ({"endpoint": make_endpoint(**LIVE, status="Failed")}, "is Failed; a rollout starts from InService"),
    ({"endpoint": make_endpoint(**LIVE, pending_config="next")}, "is in the middle of another change"),
    (
        {"endpoint": make_endpoint(**LIVE).model_copy(update={"variants": (GROWING,)})},
        "is in the middle of another change",
    ),
    (
        {"endpoint": make_endpoint("fraud-config", {BASELINE: 95.0, "b": 5.0}, {})},
        "has 2 production variants (AllTraffic, b); a rollout starts from exactly one",
    ),
    ({"endpoint": make_endpoint(**LIVE, shadows=("shadow",))}, "has a shadow variant (shadow); SageMaker cannot"),
    ({"config": make_config(ServerlessConfig={})}, "variant AllTraffic is serverless; a rollout needs instances"),
    ({"config": without_model()}, "variant AllTraffic hosts inference components, between"),
    (
        {"config": EndpointConfig(name="c", fields=make_config().fields | {"AsyncInferenceConfig": {}})},
        "is asynchronous; those endpoints publish no request metrics to judge by",
    ),
    ({"missing_models": ("fraud-v7",)}, "does not exist in this account and Region"),
    ({"wanted": make_config()}, "is what endpoint fraud-prod runs on already"),
    (
        {"wanted": make_config(VariantName="Other")},
        "calls its variant Other; autoscaling and alarms know it as AllTraffic",
    ),
    ({"wanted": make_config(ServerlessConfig={})}, "variant AllTraffic is serverless; a rollout needs instances"),
    ({"wanted": with_two_variants()}, "has the variants AllTraffic, b, or shadows; a rollout leads to exactly one"),
]


def test_a_healthy_endpoint_has_no_obstacles() -> None:
    """An ordinary endpoint can take a rollout."""
    assert find_obstacles(make_facts(), make_policy()) == []


@pytest.mark.parametrize(("change", "what"), OBSTACLES, ids=[what[:30] for _, what in OBSTACLES])
def test_an_obstacle_is_named(change: dict[str, Any], what: str) -> None:
    """Each reason why a rollout cannot start is found on its own and said in a sentence."""
    (problem,) = find_obstacles(make_facts(**change), make_policy())
    assert problem.what.startswith(what)
    assert problem.remedy or "a rollout leads to exactly one" in what


@pytest.mark.parametrize(
    ("hosting", "policy", "what"),
    [
        ("multi-model", {}, []),
        ("multi-container", {"probes": {"body": "1"}}, []),
        ("one model", SHADOW, []),
        ("multi-model", SHADOW, ["is multi-model, and SageMaker gives no shadow to such a variant"]),
        ("multi-container", SHADOW, ["is multi-container, and SageMaker gives no shadow to such a variant"]),
        (
            "multi-model",
            {"probes": {"body": "1"}},
            ["is multi-model: a probe would have to name one of its models, and warms up that one alone"],
        ),
    ],
)
def test_models_that_hold_several(hosting: Hosting, policy: dict[str, Any], what: list[str]) -> None:
    """They are rolled out by weights like any other; what cannot be done with them is refused with the reason."""
    problems = find_obstacles(make_facts(hosting={"fraud-v7": hosting}), make_policy(**policy))
    assert [problem.what for problem in problems] == what


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"alarms": {}}, "does not exist in this account and Region"),
        ({"alarms": {"mine": "ALARM"}}, "is in ALARM; it would take any update back"),
        (
            {"alarms": {"mine": "OK"}, "config": make_config(InstanceType="ml.inf1.xlarge")},
            "variant AllTraffic runs on ml.inf1.xlarge",
        ),
    ],
)
def test_guardrails_that_would_not_guard(change: dict[str, Any], what: str) -> None:
    """An alarm that is not there or rings already, and an instance type without guardrails, are found before the update."""
    (problem, *_) = find_obstacles(make_facts(**change), make_policy(**GUARDRAIL))
    assert problem.what.startswith(what)


def test_all_obstacles_are_told_at_once() -> None:
    """Planning fails with every obstacle and every remedy, and plans nothing."""
    endpoint = make_endpoint(**LIVE, status="Updating", shadows=("s",))
    with pytest.raises(PreflightError) as caught:
        make_plan(make_policy(), make_facts(endpoint=endpoint, missing_models=("fraud-v7",)), "r", START)
    assert len(caught.value.problems) == 3
    assert "remove the shadow variant first" in caught.value.hint


@pytest.mark.parametrize(
    ("share", "rivals", "what"),
    [
        (10, ["fraud-v8"], []),
        (10, [f"fraud-v{number}" for number in range(8, 16)], []),
        (5, [f"fraud-v{number}" for number in range(8, 17)], ["10 challengers and the baseline are 11 variants"]),
        (50, ["fraud-v8"], ["2 challengers at 50 % each leave the baseline"]),
        (10, ["fraud-v8", "fraud-v8"], ["is named more than once"]),
        (10, ["fraud-v6"], ["is the baseline's own"]),
    ],
)
def test_challengers_have_to_fit_on_one_endpoint(share: int, rivals: list[str], what: list[str]) -> None:
    """Up to nine challengers, each once, none the baseline itself, and enough traffic left for the baseline."""
    metric = {"purchases": {"metric": "Purchase", "namespace": "Shop", "better_by": "0%"}}
    policy = make_policy(strategy="ab_test", stages=[{"share": share, "bake": "1h"}], gates=metric)
    facts = make_facts(rivals=tuple(replace_model(make_config(), rival) for rival in rivals))
    found = [problem.what for problem in find_rival_obstacles(policy, facts)]
    assert [told.startswith(wanted) for told, wanted in zip(found, what, strict=True)] == [True] * len(what)
