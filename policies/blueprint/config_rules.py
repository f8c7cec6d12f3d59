"""What SageMaker asks of several members of an endpoint configuration together, which no shape says."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from policies.blueprint.document import Section
from policies.blueprint.faults import Fault, Found, Wrong, apply

PUBLISH_FREQUENCIES: Final = (10, 30, 60, 120, 180, 240, 300)
VARIANT_LISTS: Final = ("ProductionVariants", "ShadowProductionVariants")
_MEMORY_STEP_MB: Final = 1024
_CAPACITIES: Final = ("InstanceType", "InstancePools", "ServerlessConfig")
_OF_INSTANCES: Final = (
    "InstanceType",
    "InstancePools",
    "InitialInstanceCount",
    "AcceleratorType",
    "ManagedInstanceScaling",
)
_NOT_SERVERLESS: Final = ("DataCaptureConfig", "VpcConfig", "AsyncInferenceConfig")
_CHOOSE: Final = "give InstanceType with InitialInstanceCount, or InstancePools, or ServerlessConfig"
_REMOVE: Final = "remove it"


def find_config_faults(config: Section) -> Iterator[Found]:
    """Yield what is wrong with a configuration as a whole."""
    for member in VARIANT_LISTS:
        yield from _each_variant(config, member)
    for fault, rule in _CONFIG_RULES:
        yield from apply(fault, partial(rule, config))


def is_serverless(config: Section) -> bool:
    """Whether a production variant runs serverless."""
    return any(variant.has("ServerlessConfig") for variant in config.items("ProductionVariants"))


def publish_frequency(metrics: Section) -> Iterator[Wrong]:
    """Yield whether metrics are to be published at a frequency that there is none of."""
    frequency = metrics.number("MetricPublishFrequencyInSeconds")
    if frequency is not None and frequency not in PUBLISH_FREQUENCIES:
        allowed = ", ".join(map(str, PUBLISH_FREQUENCIES))
        yield metrics.at("MetricPublishFrequencyInSeconds"), f"is {frequency:g}", f"write one of {allowed}"


def _each_variant(config: Section, member: str) -> Iterator[Found]:
    variants: list[Section] = []
    yield from apply(Fault.VALUE, lambda: variants.extend(config.items(member)) or ())
    for variant in variants:
        for fault, rule in _VARIANT_RULES:
            yield from apply(fault, partial(rule, variant, config))


def _capacity(variant: Section, _config: Section) -> Iterator[Wrong]:
    """A variant has instances of one type, or of several, or none at all."""
    given = [member for member in _CAPACITIES if variant.has(member)]
    instances = [member for member in given if member != "ServerlessConfig"]
    if not given:
        yield variant.path, "says nothing about what it runs on", _CHOOSE
    elif len(instances) > 1:
        yield variant.path, f"has {' and '.join(instances)}; exactly one is possible", _CHOOSE
    if given == instances and variant.has("ModelName") and not variant.has("InitialInstanceCount"):
        yield variant.at("InitialInstanceCount"), "is required", ""


def _serverless_instances(variant: Section, _config: Section) -> Iterator[Wrong]:
    if variant.has("ServerlessConfig"):
        for member in filter(variant.has, _OF_INSTANCES):
            what = "stands beside ServerlessConfig; a serverless variant has no instances"
            yield variant.at(member), what, "remove it, or ServerlessConfig"


def _serverless_sizes(variant: Section, _config: Section) -> Iterator[Wrong]:
    serverless = variant.section("ServerlessConfig")
    memory = serverless.number("MemorySizeInMB")
    if memory is not None and memory % _MEMORY_STEP_MB:
        what = f"is {memory:g}; memory comes in steps of {_MEMORY_STEP_MB}"
        yield serverless.at("MemorySizeInMB"), what, "write 1024, 2048, 3072, 4096, 5120 or 6144"
    provisioned, most = (serverless.number(name) for name in ("ProvisionedConcurrency", "MaxConcurrency"))
    if provisioned is not None and most is not None and provisioned > most:
        what = f"is {provisioned:g}, more than MaxConcurrency, {most:g}"
        yield serverless.at("ProvisionedConcurrency"), what, f"write at most {most:g}"


def _managed_scaling(variant: Section, _config: Section) -> Iterator[Wrong]:
    managed = variant.section("ManagedInstanceScaling")
    if managed.text("Status") == "ENABLED" and variant.has("ModelName"):
        what = "is for variants that host inference components; this one has a ModelName"
        yield managed.at("Status"), what, "remove it, and declare scaling instead"


def _managed_bounds(variant: Section, _config: Section) -> Iterator[Wrong]:
    managed = variant.section("ManagedInstanceScaling")
    least, most = (managed.number(name) for name in ("MinInstanceCount", "MaxInstanceCount"))
    if least is not None and most is not None and least > most:
        yield managed.at("MinInstanceCount"), f"is {least:g}, more than MaxInstanceCount, {most:g}", ""


def _component_role(variant: Section, config: Section) -> Iterator[Wrong]:
    if not variant.has("ModelName") and not config.has("ExecutionRoleArn"):
        what = "is required, unless the variant hosts inference components; then ExecutionRoleArn is"
        yield variant.at("ModelName"), what, ""


def _contradictions(variant: Section, _config: Section) -> Iterator[Wrong]:
    layouts = variant.values("AcceleratorPartitionLayouts")
    if len(layouts) > 1:
        what = f"has {len(layouts)} entries; SageMaker applies one layout to every accelerator"
        yield variant.at("AcceleratorPartitionLayouts"), what, "keep one"
    routing = variant.section("RoutingConfig")
    below = routing.at("PrefixAwareRoutingConfig")
    if routing.text("RoutingStrategy") != "PREFIX_AWARE":
        if routing.has("PrefixAwareRoutingConfig"):
            yield below, "is for the RoutingStrategy PREFIX_AWARE", "remove it, or change the strategy"
        return
    prefix = routing.section("PrefixAwareRoutingConfig")
    for member in ("PrefixLength", "ConcurrencyThreshold"):
        if not prefix.has(member):
            yield (*below, member), "is required with the RoutingStrategy PREFIX_AWARE", ""


def _same_names(config: Section) -> Iterator[Wrong]:
    seen: dict[str, int] = {}
    for variant in (variant for member in VARIANT_LISTS for variant in config.items(member)):
        name = variant.text("VariantName")
        seen[name] = seen.get(name, 0) + 1
        if name and seen[name] > 1:
            yield variant.at("VariantName"), f"{name!r} is another variant's name already", "give each its own name"


def _weights(config: Section) -> Iterator[Wrong]:
    variants = config.items("ProductionVariants")
    if variants and all(variant.number("InitialVariantWeight") == 0 for variant in variants):
        what = "every variant has InitialVariantWeight 0, so none would get traffic"
        yield config.at("ProductionVariants"), what, "give one of them more"


def _shadow_count(config: Section) -> Iterator[Wrong]:
    production, shadows = (config.items(member) for member in VARIANT_LISTS)
    if shadows and (len(production), len(shadows)) != (1, 1):
        what = f"one variant can shadow one production variant; here are {len(shadows)} and {len(production)}"
        yield config.at("ShadowProductionVariants"), what, ""


def _shadow_kind(config: Section) -> Iterator[Wrong]:
    production, shadows = (config.items(member) for member in VARIANT_LISTS)
    if not shadows:
        return
    if config.has("AsyncInferenceConfig"):
        what = "is not possible with AsyncInferenceConfig"
        yield config.at("ShadowProductionVariants"), what, "remove one"
    for variant in (*production, *shadows):
        for member in filter(variant.has, ("ServerlessConfig", "AcceleratorType")):
            yield variant.at(member), "can neither shadow nor be shadowed", "remove it, or the shadow"
        if any(each.startswith("ml.inf1.") for each in _instance_types(variant)):
            yield variant.at("InstanceType"), "Inferentia 1 can neither shadow nor be shadowed", "choose another type"


def _instance_types(variant: Section) -> tuple[str, ...]:
    pools = (pool.text("InstanceType") for pool in variant.items("InstancePools"))
    return (variant.text("InstanceType"), *pools)


def _serverless_kind(config: Section) -> Iterator[Wrong]:
    if not is_serverless(config):
        return
    if len(config.items("ProductionVariants")) > 1:
        yield config.at("ProductionVariants"), "a serverless variant has to be the only one", "keep one variant"
    for member in filter(config.has, _NOT_SERVERLESS):
        yield config.at(member), "is not possible with serverless variants", _REMOVE
    if config.get("EnableNetworkIsolation") is True:
        yield config.at("EnableNetworkIsolation"), "is not possible with serverless variants", _REMOVE


def _cross_region(config: Section) -> Iterator[Wrong]:
    if config.has("CrossRegionTrafficConfig"):
        path = config.at("CrossRegionTrafficConfig")
        if config.has("AsyncInferenceConfig"):
            yield path, "is not possible with AsyncInferenceConfig", "remove one"
        if is_serverless(config):
            yield path, "is not possible with serverless variants", _REMOVE


def _frequency(config: Section) -> Iterator[Wrong]:
    yield from publish_frequency(config.section("MetricsConfig"))


_ConfigRule = Callable[[Section], Iterator[Wrong]]
_VariantRule = Callable[[Section, Section], Iterator[Wrong]]
_VARIANT_RULES: Final[tuple[tuple[Fault, _VariantRule], ...]] = (
    (Fault.CAPACITY, _capacity),
    (Fault.SERVERLESS_INSTANCES, _serverless_instances),
    (Fault.SERVERLESS_SIZES, _serverless_sizes),
    (Fault.CONTRADICTION, _contradictions),
    (Fault.COMPONENT_ROLE, _component_role),
    (Fault.MANAGED_SCALING, _managed_scaling),
    (Fault.VALUE, _managed_bounds),
)
_CONFIG_RULES: Final[tuple[tuple[Fault, _ConfigRule], ...]] = (
    (Fault.SAME_NAME, _same_names),
    (Fault.WEIGHTS, _weights),
    (Fault.SHADOW_COUNT, _shadow_count),
    (Fault.SHADOW_KIND, _shadow_kind),
    (Fault.SERVERLESS_KIND, _serverless_kind),
    (Fault.CROSS_REGION, _cross_region),
    (Fault.VALUE, _frequency),
)
