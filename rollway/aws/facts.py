"""Gathering what planning needs to know, in one call. Reads only."""

from collections.abc import Sequence

from policies.blueprint.difference import same_model
from policies.blueprint.model import Blueprint, VariantScaling
from policies.deployed import images_of
from policies.endpoint_config import EndpointConfig, models_named, replace_model
from policies.facts import Facts
from policies.registration import changes_type
from rollway.aws.autoscaling import read_surroundings
from rollway.aws.blueprints import read_existing_models
from rollway.aws.guarding import read_alarm_states
from rollway.aws.image_tags import read_digests
from rollway.aws.sagemaker import describe_endpoint, find_model, hosting_of, read_config
from rollway.aws.session import Aws
from rollway.aws.variant_scaling import ScaledVariant, read_variant_scaling


def read_facts(
    aws: Aws, endpoint: str, wanted: EndpointConfig | str, rivals: Sequence[str] = (), alarms: Sequence[str] = ()
) -> Facts:
    """Read an endpoint, its configuration, its tags and its scaling, and every model that it names now or shall name.

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
    config, created = read_config(aws, live.config)
    final = replace_model(config, wanted) if isinstance(wanted, str) else wanted
    others = tuple(replace_model(config, rival) for rival in rivals)
    named = dict.fromkeys(name for each in (config, final, *others) for name in models_named(each.fields))
    found = {name: find_model(aws, name) for name in named}
    known = {name: each for name, each in found.items() if each is not None}
    return Facts(
        endpoint=live,
        config=config,
        wanted=final,
        rivals=others,
        missing_models=tuple(name for name in named if name not in known),
        hosting={name: each.hosting for name, each in known.items()},
        models={name: each.identity for name, each in known.items()},
        config_created=created,
        digests=read_digests(aws, images_of(live.variants)),
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
    serving = models_named(
        facts.config.fields
    )  # one of these that is gone cannot be declared back into being what serves
    used = {name: hosting_of(new[name]) for name in blueprint.used_models if name in new}
    return facts.model_copy(
        update={
            "missing_models": tuple(name for name in facts.missing_models if name not in new or name in serving),
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
