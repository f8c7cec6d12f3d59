"""What must be true of an endpoint before a rollout may touch it."""

from collections.abc import Iterator

from policies.errors import Problem
from policies.facts import Facts


def find_obstacles(facts: Facts) -> list[Problem]:
    """Return every reason why the endpoint cannot take a rollout as things stand; an empty list means it can."""
    return [*_endpoint_obstacles(facts), *_config_obstacles(facts), *_model_obstacles(facts)]


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
            f"has {len(endpoint.variants)} production variants ({names}); a canary starts from exactly one",
            "bring the endpoint to one variant first, or end the rollout that is under way",
        )
    if endpoint.shadows:
        yield Problem(
            where,
            f"has a shadow variant ({', '.join(endpoint.shadows)}); SageMaker cannot hold a canary beside it",
            "remove the shadow variant first",
        )


def _config_obstacles(facts: Facts) -> Iterator[Problem]:
    where = f"configuration {facts.config.name}"
    if "AsyncInferenceConfig" in facts.config.fields:
        yield Problem(where, "is asynchronous; those endpoints publish no request metrics to judge by", "")
    for variant in facts.config.variants:
        if "ServerlessConfig" in variant:
            yield Problem(where, f"variant {variant['VariantName']} is serverless; a canary needs instances", "")
        elif "ModelName" not in variant:
            yield Problem(
                where, f"variant {variant['VariantName']} hosts inference components; a canary needs a model", ""
            )


def _model_obstacles(facts: Facts) -> Iterator[Problem]:
    where = f"model {facts.model}"
    if not facts.model_exists:
        yield Problem(
            where, "does not exist in this account and Region", "create it with CreateModel, or check its name"
        )
    if facts.model in {variant.get("ModelName") for variant in facts.config.variants}:
        yield Problem(where, f"serves endpoint {facts.endpoint.name} already", "name the model that shall take over")
