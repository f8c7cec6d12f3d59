"""Simulated endpoint configurations: immutable, checked against everything that AWS documents about them."""

from collections.abc import Sequence
from typing import Any

from rollway.sandbox.errors import invalid
from rollway.sandbox.sagemaker.constraints import Request, items, section
from rollway.sandbox.sagemaker.models import Models
from rollway.sandbox.sagemaker.paging import cut_page
from rollway.sandbox.sagemaker.resources import Account, Resource, Shelf

_PUBLISH_FREQUENCIES = (10, 30, 60, 120, 180, 240, 300)
_SERVERLESS_MEMORY_STEP_MB = 1024


class Configs:
    """The account's endpoint configurations."""

    def __init__(self, account: Account, models: Models) -> None:
        self.shelf = Shelf("endpoint configuration", account.arns.config, account)
        self._models = models

    def create(self, request: Request) -> dict[str, Any]:
        """Answer CreateEndpointConfig."""
        production, shadow = items(request, "ProductionVariants"), items(request, "ShadowProductionVariants")
        _check_shadow_rule(production, shadow)
        _check_unique_names([*production, *shadow])
        for variant in [*production, *shadow]:
            self._check_variant(variant)
        _check_metrics_config(request)
        config = self.shelf.add(request["EndpointConfigName"], _with_default_weights(request))
        return {"EndpointConfigArn": config.arn}

    def describe(self, request: Request) -> dict[str, Any]:
        """Answer DescribeEndpointConfig with every field that was given."""
        config = self.shelf.get(request["EndpointConfigName"])
        fixed = {"EndpointConfigArn": config.arn, "CreationTime": config.created}
        return {"EnableNetworkIsolation": False, **config.content, **fixed}

    def key_of(self, name: str) -> str:
        """Return the KMS key that a configuration names; empty where it names none, or does not exist."""
        return next((str(each.content.get("KmsKeyId") or "") for each in self.shelf.all() if each.name == name), "")

    def list(self, request: Request) -> dict[str, Any]:
        """Answer ListEndpointConfigs."""
        page = cut_page(self.shelf.all(), request)
        return page.answer("EndpointConfigs", [_summary(config) for config in page.items])

    def delete(self, request: Request) -> dict[str, Any]:
        """Answer DeleteEndpointConfig. A configuration in use is deleted too; its endpoint then cannot be updated."""
        self.shelf.remove(request["EndpointConfigName"])
        return {}

    def _check_variant(self, variant: Request) -> None:
        for pool in items(variant, "InstancePools"):
            if pool.get("ModelNameOverride"):
                self._models.shelf.get(pool["ModelNameOverride"])
        if not variant.get("ModelName"):
            raise invalid(
                f'Variant "{variant["VariantName"]}" has no ModelName: inference components are not simulated.'
            )
        self._models.shelf.get(variant["ModelName"])
        _check_capacity(variant)


def _check_shadow_rule(production: Sequence[Request], shadow: Sequence[Request]) -> None:
    # The rule is documented with ShadowProductionVariants; the wording is the simulator's own.
    if shadow and (len(production), len(shadow)) != (1, 1):
        raise invalid(
            "With ShadowProductionVariants, exactly one ProductionVariant and one ShadowProductionVariant are allowed: "
            f"got {len(production)} and {len(shadow)}."
        )


def _check_unique_names(variants: Sequence[Request]) -> None:
    names = [variant["VariantName"] for variant in variants]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise invalid(f'Variant names must be unique within an endpoint configuration: "{repeated[0]}" is repeated.')


def _check_capacity(variant: Request) -> None:
    name = variant["VariantName"]
    serverless = section(variant, "ServerlessConfig")
    if serverless:
        check_serverless(name, serverless)
        return
    if not (variant.get("InstanceType") or variant.get("InstancePools")):
        raise invalid(f'Variant "{name}" must specify InstanceType, InstancePools or ServerlessConfig.')
    if not variant.get("InitialInstanceCount"):
        raise invalid(f'Variant "{name}" must specify InitialInstanceCount of at least 1.')


def check_serverless(name: str, serverless: Request) -> None:
    """Refuse serverless capacity that breaks a rule that the published shapes do not carry.

    Raises:
        Refusal: ``ValidationException``.
    """
    if serverless["MemorySizeInMB"] % _SERVERLESS_MEMORY_STEP_MB:
        raise invalid(f'Variant "{name}": MemorySizeInMB must be a multiple of {_SERVERLESS_MEMORY_STEP_MB}.')
    if serverless.get("ProvisionedConcurrency", 0) > serverless["MaxConcurrency"]:
        raise invalid(f'Variant "{name}": ProvisionedConcurrency must not exceed MaxConcurrency.')


def _check_metrics_config(request: Request) -> None:
    frequency = section(request, "MetricsConfig").get("MetricPublishFrequencyInSeconds")
    if frequency is not None and frequency not in _PUBLISH_FREQUENCIES:
        raise invalid(f"MetricPublishFrequencyInSeconds must be one of {list(_PUBLISH_FREQUENCIES)}: got {frequency}.")


def _with_default_weights(request: Request) -> Request:
    """Write out the weight that a variant gets when none is given: 1.0."""
    lists = ("ProductionVariants", "ShadowProductionVariants")
    filled = {
        member: [{"InitialVariantWeight": 1.0, **variant} for variant in items(request, member)]
        for member in lists
        if items(request, member)
    }
    return {**request, **filled}


def _summary(config: Resource) -> dict[str, Any]:
    return {"EndpointConfigName": config.name, "EndpointConfigArn": config.arn, "CreationTime": config.created}
