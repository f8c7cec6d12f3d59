"""Endpoint configurations as documents, and the two that a rollout derives from the live one.

An endpoint configuration is immutable in SageMaker, so a rollout writes new ones: the live document with the candidate beside the
baseline, and the live document with the model replaced. Every other field is carried over untouched, also those that Rollway has never
heard of. This is the one place in the core that speaks SageMaker's own member names, because the document is SageMaker's own.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from policies.identity import ModelIdentity
from policies.values import Frozen

NAME_LIMIT: Final = 63
CANDIDATE_NAMES: Final = ("candidate", "challenger")
CONTROL_NAMES: Final = ("control", "twin")
MADE_BY_TAG: Final = "rollway:made-by"
ROLLOUT_TAG: Final = "rollway:rollout"
VARIANT_LISTS: Final = ("ProductionVariants", "ShadowProductionVariants")
"""The members that hold variants."""

_DIGEST_LENGTH: Final = 10
_RESERVED_TAG_PREFIX: Final = "aws:"

Document = dict[str, Any]
"""Members of a request, in SageMaker's own names."""


class EndpointConfig(Frozen):
    """One endpoint configuration.

    Attributes:
        name: at most 63 characters, unique in the account and Region.
        fields: the members of a ``CreateEndpointConfig`` request except its name and tags.
        tags: tag keys and values.
        models: what the names of its models stood for when it was planned; a name that is not here is not checked.
    """

    name: str
    fields: dict[str, Any]
    tags: dict[str, str] = {}
    models: dict[str, ModelIdentity] = {}

    @property
    def variants(self) -> list[dict[str, Any]]:
        """The production variants, in SageMaker's own member names."""
        return self.fields["ProductionVariants"]

    def variant(self, name: str) -> dict[str, Any]:
        """Return one production variant.

        Raises:
            KeyError: when there is none of that name.
        """
        for variant in self.variants:
            if variant["VariantName"] == name:
                return variant
        raise KeyError(name)


def name_config(endpoint: str, fields: Mapping[str, Any]) -> str:
    """Name a configuration by its content, so that the same content always gets the same name.

    The endpoint's name leads, cut where both would not fit into 63 characters; ten hexadecimal digits of the content's SHA-256 follow.
    """
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), default=str)
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{endpoint[: NAME_LIMIT - _DIGEST_LENGTH - 1].rstrip('-')}-{digest}"


def choose_name(live: EndpointConfig, names: Sequence[str]) -> str:
    """Return the first of these names that no live variant has."""
    taken = {variant["VariantName"] for variant in live.variants}
    return next(name for name in names if name not in taken)


def put_beside(
    wanted: EndpointConfig, baseline: Document, newcomers: Mapping[str, Document], instances: Mapping[str, int]
) -> EndpointConfig:
    """Return the wanted configuration with the baseline's variant kept, and the newcomers beside it.

    What a configuration says of all variants is already as wanted, so both arms differ in nothing but their variants.

    Args:
        wanted: what shall serve in the end.
        baseline: the variant that serves now; it keeps all traffic.
        newcomers: the variants that come beside it, by their names there; each gets share 0.
        instances: the instance count of each variant by name: the baseline's live one, since the configuration's own may be long outdated
            by autoscaling.
    """
    beside = [document | {"VariantName": name} for name, document in newcomers.items()]
    variants = [
        variant | {"InitialInstanceCount": instances[variant["VariantName"]], "InitialVariantWeight": weight}
        for variant, weight in ((baseline, 100.0), *((newcomer, 0.0) for newcomer in beside))
    ]
    return wanted.model_copy(update={"fields": wanted.fields | {"ProductionVariants": variants}})


def put_in_shadow(wanted: EndpointConfig, baseline: Document, shadow: Document, instances: int) -> EndpointConfig:
    """Return the wanted configuration with the baseline's variant kept, and another that gets copies of its requests.

    Args:
        wanted: what shall serve in the end.
        baseline: the variant that serves now, with its live instance count.
        shadow: the variant that gets the copies; its weight over the baseline's is the part of the requests that are copied.
        instances: the shadow's instance count.
    """
    serving = baseline | {"InitialVariantWeight": 100.0}
    copied = shadow | {"InitialInstanceCount": instances}
    fields = wanted.fields | {"ProductionVariants": [serving], "ShadowProductionVariants": [copied]}
    return wanted.model_copy(update={"fields": fields})


def replace_model(live: EndpointConfig, model: str) -> EndpointConfig:
    """Return the live configuration with its model replaced and every other field equal.

    An instance pool that names the variant's own model gets the new one too. One that names another model is left as it is: a single
    model does not say what is to take its place, so ``preflight`` refuses such a rollout.
    """
    fields = live.fields | {"ProductionVariants": [_with_model(variant, model) for variant in live.variants]}
    return live.model_copy(update={"fields": fields})


def _with_model(variant: Document, model: str) -> Document:
    replaced = variant | {"ModelName": model}
    if "InstancePools" not in variant:
        return replaced
    own = {"ModelNameOverride": variant.get("ModelName", "")}
    pools = [
        pool | {"ModelNameOverride": model} if own.items() <= pool.items() else pool
        for pool in variant["InstancePools"]
    ]
    return replaced | {"InstancePools": pools}


def models_of_variant(variant: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the models that a variant names, each once, its own first: instance pools may name others."""
    pools = (pool.get("ModelNameOverride") for pool in variant.get("InstancePools") or ())
    return tuple(dict.fromkeys(str(name) for name in (variant.get("ModelName"), *pools) if name))


def models_named(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every model that a configuration names, each once: by its variants, its shadows, and their instance pools."""
    variants = (variant for member in VARIANT_LISTS for variant in fields.get(member) or ())
    return tuple(dict.fromkeys(name for variant in variants for name in models_of_variant(variant)))


def make(
    config: EndpointConfig, endpoint: str, rollout_id: str, models: Mapping[str, ModelIdentity] | None = None
) -> EndpointConfig:
    """Return the configuration, creatable: named by its content, with the tags that say who made it.

    Args:
        config: what it says.
        endpoint: the endpoint's name.
        rollout_id: the rollout's name.
        models: what models are known to be; of those, the ones that it names are kept with it.
    """
    own = {MADE_BY_TAG: "rollway", ROLLOUT_TAG: rollout_id}
    tags = creatable(config).tags | own
    known = {name: models[name] for name in models_named(config.fields) if name in models} if models else {}
    return EndpointConfig(name=name_config(endpoint, config.fields), fields=config.fields, tags=tags, models=known)


def copy_config(config: EndpointConfig, endpoint: str, rollout_id: str) -> EndpointConfig:
    """Return the same configuration under a name that only this rollout uses."""
    named = name_config(endpoint, {"copy made by": rollout_id, "fields": config.fields})
    return make(config, endpoint, rollout_id).model_copy(update={"name": named})


def creatable(config: EndpointConfig) -> EndpointConfig:
    """Return the configuration without the tags that only AWS may set, so that it can be created anew."""
    kept = {key: value for key, value in config.tags.items() if not key.startswith(_RESERVED_TAG_PREFIX)}
    return config.model_copy(update={"tags": kept})
