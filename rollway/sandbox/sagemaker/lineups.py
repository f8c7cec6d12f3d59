"""Builds the line-up that a request asks for: from a configuration, or by adjusting the one that serves.

Pure composition: nothing is deployed here.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from rollway.sandbox.errors import invalid
from rollway.sandbox.fleets import FleetSpec
from rollway.sandbox.sagemaker.configs import check_serverless
from rollway.sandbox.sagemaker.constraints import Request, items, section
from rollway.sandbox.sagemaker.deployment import Lineup, Variant
from rollway.sandbox.sagemaker.models import Models
from rollway.sandbox.sagemaker.resources import Resource

_OPTIONS = (
    "DataCaptureConfig",
    "AsyncInferenceConfig",
    "ExplainerConfig",
    "MetricsConfig",
    "CrossRegionTrafficConfig",
)
_RETAINABLE = frozenset({"DesiredInstanceCount", "DesiredWeight"})


def as_float32(weight: float) -> float:
    """Round to what SageMaker keeps of a weight: its API has 32-bit floats here, so 0.1 comes back changed."""
    return struct.unpack("f", struct.pack("f", weight))[0]


def retained_properties(request: Request) -> frozenset[str]:
    """Return which live properties UpdateEndpoint keeps: by default none, so the config's values come back."""
    if not request.get("RetainAllVariantProperties"):
        return frozenset()
    excluded = {item["VariantPropertyType"] for item in items(request, "ExcludeRetainedVariantProperties")}
    return _RETAINABLE - excluded


@dataclass(frozen=True)
class Composer:
    """Turns a configuration into a line-up for one endpoint.

    Attributes:
        models: where the variants' containers are looked up.
        next_fleet_id: gives each variant of each deployment a fleet of its own.
        endpoint: the endpoint's name.
        now: the moment of the deployment.
    """

    models: Models
    next_fleet_id: Callable[[str], str]
    endpoint: str
    now: datetime

    def compose(self, config: Resource, live: Lineup | None, retained: frozenset[str]) -> Lineup:
        """Return the configuration as a line-up; variants of the same name keep their ``retained`` live properties.

        Raises:
            Refusal: ``ValidationException`` when a variant's model is gone or missing.
        """
        before = {variant.name: variant for variant in live.everyone} if live and retained else {}

        def build(member: str) -> tuple[Variant, ...]:
            specs = items(config.content, member)
            return tuple(_retain(self._variant(s, config), before.get(s["VariantName"]), retained) for s in specs)

        options = {name: config.content[name] for name in _OPTIONS if name in config.content}
        return Lineup(config.name, build("ProductionVariants"), build("ShadowProductionVariants"), options)

    def _variant(self, spec: Mapping[str, Any], config: Resource) -> Variant:
        name = spec["VariantName"]
        container = self.models.container(spec["ModelName"])
        fleet = FleetSpec(
            fleet_id=self.next_fleet_id(name),
            endpoint=self.endpoint,
            variant=name,
            model_name=spec["ModelName"],
            image=container.image,
            environment=container.environment,
            model_data_url=container.model_data_url,
            instances=spec.get("InitialInstanceCount") or 1,
        )
        pools = (pool.get("ModelNameOverride") for pool in items(spec, "InstancePools"))
        models = dict.fromkeys(each for each in (spec["ModelName"], *pools) if each)
        images = tuple(dict.fromkeys(image for model in models for image in self.models.images(model)))
        return Variant(fleet, as_float32(spec["InitialVariantWeight"]), config.name, spec, self.now, images)


def _retain(new: Variant, live: Variant | None, retained: frozenset[str]) -> Variant:
    if live is None:
        return new
    instances = live.fleet.instances if "DesiredInstanceCount" in retained else new.fleet.instances
    weight = live.weight if "DesiredWeight" in retained else new.weight
    return replace(new, weight=weight, fleet=replace(new.fleet, instances=instances))


def adjust(lineup: Lineup, changes: Sequence[Request]) -> Lineup:
    """Return the line-up with the wanted weights and counts; what a change does not name stays as it is.

    AWS documents "the weight of one or more variants, or the capacity of one": whether it refuses a call that changes
    several capacities is not known, so such a call is accepted. That shadow variants can be adjusted is an assumption.

    Raises:
        Refusal: ``ValidationException`` for a variant that is not there, or named twice.
    """
    wanted: dict[str, Request] = {}
    for change in changes:
        name = change["VariantName"]
        if name in wanted:
            raise invalid(f'The variant name "{name}" was non-unique within the request.')
        wanted[name] = change
    unknown = sorted(wanted.keys() - {variant.name for variant in lineup.everyone})
    if unknown:
        listed = ", ".join(f'"{name}"' for name in unknown)
        raise invalid(
            f'The variant name(s) {listed} is/are not present within endpoint configuration "{lineup.config_name}".'
        )
    return replace(
        lineup,
        variants=tuple(_adjusted(variant, wanted.get(variant.name)) for variant in lineup.variants),
        shadows=tuple(_adjusted(variant, wanted.get(variant.name)) for variant in lineup.shadows),
    )


def _adjusted(variant: Variant, change: Request | None) -> Variant:
    if change is None:
        return variant
    weight, count = change.get("DesiredWeight"), change.get("DesiredInstanceCount")
    _check_kind(variant, change)
    return replace(
        variant,
        weight=variant.weight if weight is None else as_float32(weight),
        fleet=variant.fleet if count is None else replace(variant.fleet, instances=count),
        spec=_with_serverless(variant.spec, section(change, "ServerlessUpdateConfig")),
    )


def _check_kind(variant: Variant, change: Request) -> None:
    """Refuse the capacity of a kind that the variant does not have. AWS documents the rule, not the wording."""
    serverless = "ServerlessConfig" in variant.spec
    foreign = "DesiredInstanceCount" if serverless else "ServerlessUpdateConfig"
    if change.get(foreign) is not None:
        raise invalid(f'Variant "{variant.name}" is {"" if serverless else "not "}serverless: {foreign} is not for it.')


def _with_serverless(spec: Mapping[str, Any], update: Request) -> Mapping[str, Any]:
    if not update:
        return spec
    serverless = {**section(spec, "ServerlessConfig"), **update}
    check_serverless(spec["VariantName"], serverless)
    return {**spec, "ServerlessConfig": serverless}
