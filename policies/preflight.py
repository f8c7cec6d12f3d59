"""What must be true of an endpoint before a rollout may touch it."""

from collections.abc import Iterator
from typing import Final

from policies.answers.capture import find_capture_obstacles
from policies.baseline import find_baseline_obstacles
from policies.endpoint_config import EndpointConfig
from policies.errors import Problem
from policies.facts import Facts
from policies.spec import Policy

MOST_VARIANTS: Final = 10
"""Production variants that SageMaker allows on an endpoint."""
_BASELINE_KEEPS: Final = 5.0
_WANTED: Final = "the wanted configuration"
_ASYNC_REMEDY: Final = (
    "bring up a second asynchronous endpoint, send it part of the requests, and compare what it writes"
)
_SERVERLESS_REMEDY: Final = "give the variant instances, or bring up a second endpoint and move its callers"
_UNGUARDED: Final = "ml.inf1."
_COMPONENTS_REMEDY: Final = (
    "use SageMaker's own rolling update of the component (UpdateInferenceComponent), with an alarm"
)


def find_obstacles(facts: Facts, policy: Policy) -> list[Problem]:
    """Return every reason why the endpoint cannot take a rollout as things stand; an empty list means it can."""
    live = list(_config_obstacles(facts.config, f"configuration {facts.config.name}"))
    known = {problem.what for problem in live}
    wanted = (problem for problem in _config_obstacles(facts.wanted, _WANTED) if problem.what not in known)
    guarded = _guard_obstacles(facts, policy) if policy.strategy == "guardrail" else ()
    return [
        *_endpoint_obstacles(facts),
        *live,
        *wanted,
        *_wanted_obstacles(facts),
        *find_baseline_obstacles(facts, policy),
        *_hosting_obstacles(facts, policy),
        *guarded,
        *find_capture_obstacles(policy, facts),
    ]


def _endpoint_obstacles(facts: Facts) -> Iterator[Problem]:
    endpoint = facts.endpoint
    where = f"endpoint {endpoint.name}"
    if endpoint.status != "InService":
        yield Problem(
            where,
            f"is {endpoint.status}; a rollout starts from InService",
            "wait until it is InService, then run again",
        )
    elif not endpoint.settled:
        yield Problem(where, "is in the middle of another change", "wait until that is done, then run again")
    if len(endpoint.variants) != 1:
        names = ", ".join(variant.name for variant in endpoint.variants)
        yield Problem(
            where,
            f"has {len(endpoint.variants)} production variants ({names}); a rollout starts from exactly one",
            "bring the endpoint to one variant first, or end the rollout that is under way",
        )
    if endpoint.shadows:
        yield Problem(
            where,
            f"has a shadow variant ({', '.join(endpoint.shadows)}); SageMaker cannot hold a candidate beside it",
            "remove the shadow variant first",
        )


def _config_obstacles(config: EndpointConfig, where: str) -> Iterator[Problem]:
    if "AsyncInferenceConfig" in config.fields:
        what = "is asynchronous; those endpoints publish no request metrics to judge by"
        yield Problem(where, what, _ASYNC_REMEDY)
    for variant in config.variants:
        name = variant["VariantName"]
        if "ServerlessConfig" in variant:
            what = f"variant {name} is serverless; a rollout needs instances that can be counted and kept warm"
            yield Problem(where, what, _SERVERLESS_REMEDY)
        elif "ModelName" not in variant:
            what = f"variant {name} hosts inference components, between which SageMaker knows no weights"
            yield Problem(where, what, _COMPONENTS_REMEDY)


def _wanted_obstacles(facts: Facts) -> Iterator[Problem]:
    """Say what a rollout cannot lead to: it changes what serves under one variant's name, not how many variants there are."""
    where, variants = _WANTED, facts.wanted.variants
    if len(facts.config.variants) == 1 and (len(variants) != 1 or facts.wanted.fields.get("ShadowProductionVariants")):
        names = ", ".join(variant["VariantName"] for variant in variants)
        yield Problem(where, f"has the variants {names}, or shadows; a rollout leads to exactly one variant", "")
        return
    live = [variant["VariantName"] for variant in facts.config.variants]
    if variants[0]["VariantName"] not in live:
        what = f"calls its variant {variants[0]['VariantName']}; autoscaling and alarms know it as {', '.join(live)}"
        yield Problem(where, what, "keep the variant's name")
    if facts.wanted.fields == facts.config.fields:
        yield Problem(where, f"is what endpoint {facts.endpoint.name} runs on already", "name what shall take over")


def _hosting_obstacles(facts: Facts, policy: Policy) -> Iterator[Problem]:
    """Say what cannot be done with models that hold several; by weights they are rolled out like any other."""
    for model, hosting in facts.hosting.items():
        if hosting != "one model" and policy.strategy == "shadow":
            what = f"is {hosting}, and SageMaker gives no shadow to such a variant"
            yield Problem(f"model {model}", what, "use canary or control_twin")
        if hosting == "multi-model" and policy.probes is not None:
            what = "is multi-model: a probe would have to name one of its models, and warms up that one alone"
            yield Problem(f"model {model}", what, "leave out probes, and give warm_up instead")


def _guard_obstacles(facts: Facts, policy: Policy) -> Iterator[Problem]:
    """Say what SageMaker's guardrails would not look at, or would look at before anything went wrong."""
    for name in policy.deployment_guardrails.alarms:
        state = facts.alarms.get(name)
        if state is None:
            yield Problem(f"alarm {name}", "does not exist in this account and Region", "create it, or check its name")
        elif state == "ALARM":
            yield Problem(f"alarm {name}", "is in ALARM; it would take any update back", "wait until it is OK again")
    for config in (facts.config, facts.wanted):
        for variant in config.variants:
            kind = str(variant.get("InstanceType", ""))
            if kind.startswith(_UNGUARDED):
                what = f"variant {variant['VariantName']} runs on {kind}, for which SageMaker leaves out its guardrails and says nothing"
                yield Problem("strategy guardrail", what, "use blue_green or canary")
                return


def find_rival_obstacles(policy: Policy, facts: Facts) -> Iterator[Problem]:
    """Yield every reason why these challengers cannot compete; a rollout of a single candidate has none."""
    where, count = f"endpoint {facts.endpoint.name}", 1 + len(facts.rivals)
    if count == 1:
        return
    if policy.strategy != "ab_test":
        what = f"{count} models are given, and strategy {policy.strategy} is for one"
        yield Problem("what shall take over", what, "name one model, or use a policy with strategy: ab_test")
        return
    if count >= MOST_VARIANTS:
        what = f"{count} challengers and the baseline are {count + 1} variants; SageMaker allows {MOST_VARIANTS}"
        yield Problem(where, what, f"name at most {MOST_VARIANTS - 1} challengers")
    share = policy.stages[0].share
    if count * share > 100 - _BASELINE_KEEPS:
        what = (
            f"{count} challengers at {share:g} % each leave the baseline less than {_BASELINE_KEEPS:g} % of the traffic"
        )
        yield Problem("stages[0].share", what, f"give each at most {(100 - _BASELINE_KEEPS) / count:.4g}")
    every = [facts.wanted, *facts.rivals]
    for number, rival in enumerate(every):
        model = rival.variants[0].get("ModelName", "")
        if any(rival.fields == other.fields for other in every[:number]):
            yield Problem(f"model {model}", "is named more than once", "name each challenger once")
        elif number and rival.fields == facts.config.fields:
            yield Problem(f"model {model}", "is the baseline's own", "name what shall compete with it")
