"""Reading live endpoints as blueprints: the configuration that is served, its models, its tags, its scaling. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from policies.blueprint.defaults import leave_out_echoes
from policies.blueprint.model import Blueprint, Document, VariantScaling
from policies.endpoint_config import EndpointConfig
from policies.errors import AwsError, NotFound
from policies.facts import Endpoint, EndpointStatus, same_share
from rollway.aws.errors import translating
from rollway.aws.sagemaker import describe_config, describe_endpoint, normalise, read_tags
from rollway.aws.session import Aws
from rollway.aws.variant_scaling import ScaledVariant, read_variant_scaling

_RESERVED_TAG_PREFIX: Final = "aws:"


@dataclass(frozen=True)
class Live:
    """A live endpoint as a blueprint.

    Attributes:
        blueprint: what serves, or will once the change in flight is done, as far as it can be read.
        status: the endpoint's status.
        config: name of the configuration that it runs on.
        unread: what could not be read, each with the reason.
    """

    blueprint: Blueprint
    status: EndpointStatus
    config: str
    unread: tuple[str, ...] = ()


def read_live(aws: Aws, name: str) -> Live:
    """Read a live endpoint as a blueprint. Weights and counts are those of the endpoint, not those that it once began with.

    Raises:
        NotFound: there is no such endpoint, or its configuration was deleted.
        AwsError: AWS turned a request down for what nothing can be said without.
    """
    endpoint = describe_endpoint(aws, name)
    config = describe_config(aws, endpoint.config)
    fields = leave_out_echoes(config.fields | {"ProductionVariants": _live_variants(config, endpoint)})
    bare = Blueprint(endpoint=endpoint.name, config=fields, tags=_own_tags(aws, endpoint.arn))
    models, unread_models = _read_models(aws, bare.used_models)
    scaling, unread_scaling = _read_scaling(aws, bare)
    return Live(
        blueprint=bare.model_copy(update={"models": models, "scaling": scaling}),
        status=endpoint.status,
        config=endpoint.config,
        unread=(*unread_models, *unread_scaling),
    )


def read_model(aws: Aws, name: str) -> Document:
    """Read a model: the members of the request that would create it again, except its name.

    Raises:
        NotFound: there is none of that name.
    """
    with translating("DescribeModel", f"model {name}"):
        answer = aws.sagemaker.describe_model(ModelName=name)
    described = cast("Mapping[str, Any]", answer)
    shape = cast("Any", aws.sagemaker.meta.service_model.operation_model("CreateModel").input_shape)
    content = {member: described[member] for member in shape.members if member in described and member != "ModelName"}
    tags = [{"Key": key, "Value": value} for key, value in _own_tags(aws, answer["ModelArn"]).items()]
    return leave_out_echoes(content | {"Tags": tags})


def read_existing_models(aws: Aws, names: Iterable[str]) -> dict[str, Document]:
    """Read those models of the given names that there are.

    Raises:
        AwsError: AWS turned a request down.
    """
    found: dict[str, Document] = {}
    for name in names:
        try:
            found[name] = read_model(aws, name)
        except NotFound:
            continue
    return found


def _live_variants(config: EndpointConfig, endpoint: Endpoint) -> list[Document]:
    """Return the variants with the weights and counts that they have by now."""
    begun = normalise({each["VariantName"]: each.get("InitialVariantWeight", 1.0) for each in config.variants})
    shares = {variant.name: variant.wanted_share for variant in endpoint.variants}
    moved = shares.keys() == begun.keys() and not all(same_share(shares[name], begun[name]) for name in begun)
    variants: list[Document] = []
    for variant in config.variants:
        name, changes = variant["VariantName"], dict[str, Any]()
        seen = endpoint.variant(name)
        if moved:
            changes["InitialVariantWeight"] = shares[name]
        if seen is not None and seen.wanted_instances and "InitialInstanceCount" in variant:
            changes["InitialInstanceCount"] = seen.wanted_instances
        variants.append(variant | changes)
    return variants


def _read_models(aws: Aws, names: Iterable[str]) -> tuple[dict[str, Document], list[str]]:
    found: dict[str, Document] = {}
    unread: list[str] = []
    for name in names:
        try:
            found[name] = read_model(aws, name)
        except AwsError as error:
            unread.append(f"model {name}: {error}")
    return found, unread


def _read_scaling(aws: Aws, blueprint: Blueprint) -> tuple[dict[str, VariantScaling], list[str]]:
    found: dict[str, VariantScaling] = {}
    unread: list[str] = []
    for variant in blueprint.variants:
        name = variant["VariantName"]
        try:
            scaling = read_variant_scaling(aws, ScaledVariant(blueprint.endpoint, name, blueprint.dimension(name)))
        except AwsError as error:
            unread.append(f"scaling of variant {name}: {error}")
            continue
        if scaling is not None:
            found[name] = scaling
    return found, unread


def _own_tags(aws: Aws, arn: str) -> dict[str, str]:
    """Return a resource's tags without those that AWS sets."""
    tags = read_tags(aws, arn)
    return {key: value for key, value in tags.items() if not key.startswith(_RESERVED_TAG_PREFIX)}
