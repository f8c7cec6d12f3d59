"""What SageMaker asks of several members of an endpoint configuration together, which no shape says."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from policies.blueprint.reading import Members, items, members, number
from policies.errors import Problem

PUBLISH_FREQUENCIES: Final = (10, 30, 60, 120, 180, 240, 300)
_MEMORY_STEP_MB: Final = 1024
_CAPACITIES: Final = ("InstanceType", "InstancePools", "ServerlessConfig")
_NOT_SERVERLESS: Final = ("DataCaptureConfig", "VpcConfig", "CrossRegionTrafficConfig")
_CHOOSE: Final = "give InstanceType with InitialInstanceCount, or InstancePools, or ServerlessConfig"


def config_problems(config: Members, path: str = "config") -> Iterator[Problem]:
    """Yield what is wrong with a configuration as a whole."""
    production, shadows = items(config.get("ProductionVariants")), items(config.get("ShadowProductionVariants"))
    for name, variants in (("ProductionVariants", production), ("ShadowProductionVariants", shadows)):
        for position, variant in enumerate(variants):
            yield from _in_variant(variant, config, f"{path}.{name}[{position}]")
    yield from _names(production, shadows, path)
    yield from _weights(production, path)
    if shadows:
        yield from _shadowing(production, shadows, config, path)
    if any("ServerlessConfig" in variant for variant in production):
        yield from _serverless(production, config, path)
    if "CrossRegionTrafficConfig" in config and "AsyncInferenceConfig" in config:
        yield Problem(f"{path}.CrossRegionTrafficConfig", "is not possible with AsyncInferenceConfig", "remove one")
    yield from publish_frequency(members(config.get("MetricsConfig")), f"{path}.MetricsConfig")


def publish_frequency(metrics: Members, path: str) -> Iterator[Problem]:
    """Yield whether metrics are to be published at a frequency that there is none of."""
    frequency = number(metrics.get("MetricPublishFrequencyInSeconds"))
    if frequency is not None and frequency not in PUBLISH_FREQUENCIES:
        allowed = ", ".join(map(str, PUBLISH_FREQUENCIES))
        yield Problem(f"{path}.MetricPublishFrequencyInSeconds", f"is {frequency:g}", f"write one of {allowed}")


def _in_variant(variant: Members, config: Members, path: str) -> Iterator[Problem]:
    yield from _capacity(variant, path)
    yield from _sizes(variant, path)
    yield from _routing(members(variant.get("RoutingConfig")), f"{path}.RoutingConfig")
    if not variant.get("ModelName") and not config.get("ExecutionRoleArn"):
        what = "is required, unless the variant hosts inference components; then ExecutionRoleArn is"
        yield Problem(f"{path}.ModelName", what)
    managed = members(variant.get("ManagedInstanceScaling"))
    if variant.get("ModelName") and managed.get("Status") == "ENABLED":
        what = "is for variants that host inference components; this one has a ModelName"
        yield Problem(f"{path}.ManagedInstanceScaling.Status", what, "remove it, and declare scaling instead")
    layouts = items(variant.get("AcceleratorPartitionLayouts"))
    if len(layouts) > 1:
        what = f"has {len(layouts)} entries; SageMaker applies one layout to every accelerator"
        yield Problem(f"{path}.AcceleratorPartitionLayouts", what, "keep one")


def _capacity(variant: Members, path: str) -> Iterator[Problem]:
    """A variant has instances of one type, or of several, or none at all."""
    given = [member for member in _CAPACITIES if member in variant]
    if not given:
        yield Problem(path, "says nothing about what it runs on", _CHOOSE)
    elif len(given) > 1:
        yield Problem(path, f"has {' and '.join(given)}; exactly one is possible", _CHOOSE)
    if given == ["ServerlessConfig"]:
        if "InitialInstanceCount" in variant:
            yield Problem(f"{path}.InitialInstanceCount", "a serverless variant has no instances", "remove it")
    elif "ModelName" in variant and "InitialInstanceCount" not in variant:
        yield Problem(f"{path}.InitialInstanceCount", "is required")


def _sizes(variant: Members, path: str) -> Iterator[Problem]:
    serverless = members(variant.get("ServerlessConfig"))
    memory = number(serverless.get("MemorySizeInMB"))
    if memory is not None and memory % _MEMORY_STEP_MB:
        what = f"is {memory:g}; memory comes in steps of {_MEMORY_STEP_MB}"
        yield Problem(f"{path}.ServerlessConfig.MemorySizeInMB", what)
    provisioned, most = (number(serverless.get(name)) for name in ("ProvisionedConcurrency", "MaxConcurrency"))
    if provisioned is not None and most is not None and provisioned > most:
        what = f"is {provisioned:g}, more than MaxConcurrency, {most:g}"
        yield Problem(f"{path}.ServerlessConfig.ProvisionedConcurrency", what)
    managed = members(variant.get("ManagedInstanceScaling"))
    least, most = (number(managed.get(name)) for name in ("MinInstanceCount", "MaxInstanceCount"))
    if least is not None and most is not None and least > most:
        what = f"is {least:g}, more than MaxInstanceCount, {most:g}"
        yield Problem(f"{path}.ManagedInstanceScaling.MinInstanceCount", what)


def _routing(routing: Members, path: str) -> Iterator[Problem]:
    prefix, below = routing.get("PrefixAwareRoutingConfig"), f"{path}.PrefixAwareRoutingConfig"
    if routing.get("RoutingStrategy") != "PREFIX_AWARE":
        if prefix is not None:
            yield Problem(below, "is for the RoutingStrategy PREFIX_AWARE", "remove it, or change the strategy")
        return
    for member in ("PrefixLength", "ConcurrencyThreshold"):
        if member not in members(prefix):
            yield Problem(f"{below}.{member}", "is required with the RoutingStrategy PREFIX_AWARE")


def _names(production: list[Members], shadows: list[Members], path: str) -> Iterator[Problem]:
    everyone = [variant.get("VariantName") for variant in [*production, *shadows]]
    for name, count in Counter(name for name in everyone if isinstance(name, str)).items():
        if count > 1:
            where = [
                f"{path}.{member}[{position}].VariantName"
                for member, variants in (("ProductionVariants", production), ("ShadowProductionVariants", shadows))
                for position, variant in enumerate(variants)
                if variant.get("VariantName") == name
            ]
            yield Problem(where[-1], f"{name!r} is the name of {count} variants", "give each a name of its own")


def _weights(production: list[Members], path: str) -> Iterator[Problem]:
    weights = [number(variant.get("InitialVariantWeight", 1.0)) for variant in production]
    if weights and all(weight == 0 for weight in weights):
        what = "every variant has InitialVariantWeight 0, so none would get traffic"
        yield Problem(f"{path}.ProductionVariants", what, "give one of them more")


def _shadowing(production: list[Members], shadows: list[Members], config: Members, path: str) -> Iterator[Problem]:
    where = f"{path}.ShadowProductionVariants"
    if (len(production), len(shadows)) != (1, 1):
        what = f"one variant can shadow one production variant; here are {len(shadows)} and {len(production)}"
        yield Problem(where, what)
    if any("ServerlessConfig" in variant for variant in (*production, *shadows)):
        yield Problem(where, "serverless variants can neither shadow nor be shadowed")
    if "AsyncInferenceConfig" in config:
        yield Problem(where, "is not possible with AsyncInferenceConfig", "remove one")


def _serverless(production: list[Members], config: Members, path: str) -> Iterator[Problem]:
    if len(production) > 1:
        yield Problem(f"{path}.ProductionVariants", "a serverless variant has to be the only one")
    for member in _NOT_SERVERLESS:
        if member in config:
            yield Problem(f"{path}.{member}", "is not possible with serverless variants", "remove it")
    if config.get("EnableNetworkIsolation") is True:
        where = f"{path}.EnableNetworkIsolation"
        yield Problem(where, "is not possible with serverless variants", "remove it")
