"""Gathering what planning needs to know, in one call. Reads only."""

from collections.abc import Iterable, Sequence

from policies.blueprint.difference import same_model
from policies.blueprint.model import Blueprint, VariantScaling
from policies.endpoint_config import EndpointConfig, replace_model
from policies.facts import Facts, Hosting
from policies.registration import changes_type
from rollway.aws.autoscaling import read_surroundings
from rollway.aws.blueprints import read_existing_models
from rollway.aws.guarding import read_alarm_states
from rollway.aws.sagemaker import describe_config, describe_endpoint, hosting_of, read_hosting
from rollway.aws.session import Aws
from rollway.aws.variant_scaling import ScaledVariant, read_variant_scaling


def read_facts(
    aws: Aws, endpoint: str, wanted: EndpointConfig | str, rivals: Sequence[str] = (), alarms: Sequence[str] = ()
) -> Facts:
    """Read an endpoint, its configuration, its tags and its scaling, and whether the new model exists.

    Args:
        aws: the account.
        endpoint: the endpoint's name.
        wanted: the model that shall take over, with everything else as it is; or a whole configuration.
        rivals: further models that compete for it.
        alarms: names of alarms whose states are wanted.

    Raises:
        NotFound: there is no such endpoint, or its configuration was deleted.
        AwsError: AWS turned a request down.
    """
    live = describe_endpoint(aws, endpoint)
    config = describe_config(aws, live.config)
    final = replace_model(config, wanted) if isinstance(wanted, str) else wanted
    others = tuple(replace_model(config, rival) for rival in rivals)
    models = _models_of((final, *others))
    found: dict[str, Hosting | None] = {name: read_hosting(aws, name) for name in _models_of((config, final, *others))}
    hosting: dict[str, Hosting] = {name: each for name, each in found.items() if each is not None}
    return Facts(
        endpoint=live,
        config=config,
        wanted=final,
        rivals=others,
        missing_models=tuple(name for name in models if found[name] is None),
        hosting=hosting,
        surroundings=read_surroundings(aws, live),
        alarms=read_alarm_states(aws, alarms),
    )


def read_declared(aws: Aws, facts: Facts, blueprint: Blueprint) -> Facts:
    """Return the facts with what a blueprint declares besides its configuration: its models and its scaling.

    Raises:
        AwsError: AWS turned a request down.
    """
    existing = read_existing_models(aws, blueprint.models)
    differing = {name: same_model(existing[name], blueprint.models[name]) for name in existing}
    new = {name: members for name, members in blueprint.models.items() if name not in existing}
    used = {name: hosting_of(new[name]) for name in blueprint.used_models if name in new}
    return facts.model_copy(
        update={
            "missing_models": tuple(name for name in facts.missing_models if name not in new),
            "new_models": new,
            "differing_models": {name: tuple(each.path for each in told) for name, told in differing.items() if told},
            "hosting": facts.hosting | used,
            **_scaling(aws, facts, blueprint),
        }
    )


def _scaling(aws: Aws, facts: Facts, blueprint: Blueprint) -> dict[str, VariantScaling | None]:
    """Return the declared scaling and, where a rollout replaces it or has to take it away for a while, the endpoint's own."""
    if len(facts.endpoint.variants) != 1:
        return {}
    (live,) = facts.endpoint.variants
    declared = blueprint.scaling.get(live.name)
    scaled = facts.surroundings.target(live.name) is not None
    if not scaled or (declared is None and not changes_type(facts)):
        return {"declared_scaling": declared}
    own = read_variant_scaling(aws, ScaledVariant(facts.endpoint.name, live.name, "instances"))
    return {"declared_scaling": declared, "own_scaling": own}


def _models_of(configs: Iterable[EndpointConfig]) -> tuple[str, ...]:
    """Return the names of the models in some configurations, each once."""
    variants = (variant for config in configs for variant in config.variants)
    return tuple(dict.fromkeys(str(variant["ModelName"]) for variant in variants if variant.get("ModelName")))
