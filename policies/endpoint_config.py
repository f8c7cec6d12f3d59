"""Endpoint configurations as documents, and the two that a rollout derives from the live one.

An endpoint configuration is immutable in SageMaker, so a rollout writes new ones: the live document with the candidate beside the
baseline, and the live document with the model replaced. Every other field is carried over untouched, also those that Rollway has never
heard of. This is the one place in the core that speaks SageMaker's own member names, because the document is SageMaker's own.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from policies.values import Frozen

NAME_LIMIT: Final = 63
CANDIDATE_NAMES: Final = ("candidate", "challenger")
CONTROL_NAMES: Final = ("control", "twin")
MADE_BY_TAG: Final = "rollway:made-by"
ROLLOUT_TAG: Final = "rollway:rollout"
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
    """

    name: str
    fields: dict[str, Any]
    tags: dict[str, str] = {}

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
    """Return the live configuration with its model replaced and every other field equal."""
    fields = live.fields | {"ProductionVariants": [variant | {"ModelName": model} for variant in live.variants]}
    return live.model_copy(update={"fields": fields})


def make(config: EndpointConfig, endpoint: str, rollout_id: str) -> EndpointConfig:
    """Return the configuration, creatable: named by its content, with the tags that say who made it."""
    own = {MADE_BY_TAG: "rollway", ROLLOUT_TAG: rollout_id}
    tags = creatable(config).tags | own
    return EndpointConfig(name=name_config(endpoint, config.fields), fields=config.fields, tags=tags)


def copy_config(config: EndpointConfig, endpoint: str, rollout_id: str) -> EndpointConfig:
    """Return the same configuration under a name that only this rollout uses."""
    named = name_config(endpoint, {"copy made by": rollout_id, "fields": config.fields})
    return make(config, endpoint, rollout_id).model_copy(update={"name": named})


def creatable(config: EndpointConfig) -> EndpointConfig:
    """Return the configuration without the tags that only AWS may set, so that it can be created anew."""
    kept = {key: value for key, value in config.tags.items() if not key.startswith(_RESERVED_TAG_PREFIX)}
    return config.model_copy(update={"tags": kept})
