"""RW2: members that do not go together. What SageMaker would turn down, or leave without effect."""

from collections.abc import Iterator
from typing import Final

from policies.lint.document import Section
from policies.lint.rules import Family, Found, Hit, Unchecked, containers, each_variant
from policies.lint.subject import Subject, Unknown, instance_types, model_path, name_variant

COMBINATIONS: Final = Family("Members that do not go together")

MEMORY_STEP_MB: Final = 1024
_OF_INSTANCES: Final = (
    "InstanceType",
    "InstancePools",
    "InitialInstanceCount",
    "AcceleratorType",
    "ManagedInstanceScaling",
)


@COMBINATIONS.rule(
    "RW201",
    "error",
    "A shadow beside several variants",
    why="With a shadow, SageMaker takes exactly one production variant and one shadow, and turns anything else down.",
    remedy="Test the shadow beside one variant, and split traffic among several before or after.",
)
def crowded_shadow(subject: Subject) -> Found:
    """Count the variants on either side."""
    counts = len(subject.production), len(subject.shadows)
    if counts[1] and counts != (1, 1):
        yield Hit(("ShadowProductionVariants",), f"{counts[0]} production variants and {counts[1]} shadows")


@COMBINATIONS.rule(
    "RW202",
    "error",
    "Serverless and instances in one variant",
    why="A serverless variant has no instances; SageMaker turns a variant with both down.",
    remedy="Keep ServerlessConfig or the members of instances.",
)
@each_variant
def serverless_instances(variant: Section) -> Iterator[Hit]:
    """Look for members of instances beside ServerlessConfig."""
    if variant.has("ServerlessConfig"):
        for member in filter(variant.has, _OF_INSTANCES):
            yield Hit(variant.at(member), f"{member} beside ServerlessConfig")


@COMBINATIONS.rule(
    "RW203",
    "error",
    "Serverless sizes that SageMaker does not accept",
    why="Memory comes in steps of 1,024 MB, and provisioned concurrency is a part of the greatest one.",
    remedy="Choose 1024, 2048, 3072, 4096, 5120 or 6144 MB, and a ProvisionedConcurrency of at most MaxConcurrency.",
)
@each_variant
def serverless_sizes(variant: Section) -> Iterator[Hit]:
    """Look at memory and concurrency."""
    serverless = variant.section("ServerlessConfig")
    memory = serverless.number("MemorySizeInMB")
    if memory is not None and memory % MEMORY_STEP_MB:
        yield Hit(serverless.at("MemorySizeInMB"), f"{memory:g} is no multiple of {MEMORY_STEP_MB}")
    provisioned, most = serverless.number("ProvisionedConcurrency"), serverless.number("MaxConcurrency")
    if provisioned is not None and most is not None and provisioned > most:
        yield Hit(serverless.at("ProvisionedConcurrency"), f"{provisioned:g} is more than MaxConcurrency, {most:g}")


@COMBINATIONS.rule(
    "RW204",
    "error",
    "Managed instance scaling on a variant with a model",
    why="SageMaker manages instances only for inference components. A variant that names a model is scaled by Application Auto Scaling.",
    remedy="Remove ManagedInstanceScaling, and register the variant with Application Auto Scaling.",
)
@each_variant
def managed_scaling(variant: Section) -> Iterator[Hit]:
    """Look for ManagedInstanceScaling beside ModelName."""
    if variant.has("ManagedInstanceScaling") and variant.has("ModelName"):
        yield Hit(variant.at("ManagedInstanceScaling"), f"variant {name_variant(variant)} names a model")


@COMBINATIONS.rule(
    "RW205",
    "error",
    "Inference components without an execution role",
    why="A variant without ModelName hosts inference components, and takes its role from the configuration.",
    remedy="Give ExecutionRoleArn on the configuration, or a ModelName.",
)
def components_without_role(subject: Subject) -> Found:
    """Look for variants without a model in configurations without a role."""
    if not subject.whole.has("ExecutionRoleArn"):
        for variant in subject.variants:
            if not variant.has("ModelName"):
                yield Hit(
                    variant.path, f"variant {name_variant(variant)} names no model, and there is no ExecutionRoleArn"
                )


@COMBINATIONS.rule(
    "RW206",
    "error",
    "A shadow of a kind that cannot have one",
    why="Shadows are not offered for serverless and asynchronous endpoints, for models of several containers or with several models in "
    "one, nor on Inferentia 1 and Elastic Inference.",
    remedy="Remove the shadow, or bring the variant to plain instances and one container with one model.",
)
def shadow_of_exotic(subject: Subject) -> Found:
    """Look at every variant of a configuration with shadows."""
    if not subject.shadows:
        return
    if subject.is_async:
        yield Hit(("AsyncInferenceConfig",), "the endpoint is asynchronous and has a shadow")
    for variant in subject.variants:
        for member in filter(variant.has, ("ServerlessConfig", "AcceleratorType")):
            yield Hit(variant.at(member), f"{member} in a configuration with a shadow")
        if any(each.startswith("ml.inf1.") for each in instance_types(variant)):
            yield Hit(variant.at("InstanceType"), "Inferentia 1 in a configuration with a shadow")
    yield from _exotic_models(subject)


def _exotic_models(subject: Subject) -> Found:
    for name in subject.model_names:
        model = subject.model(name)
        if isinstance(model, Unknown):
            yield Unchecked(model_path(name), model)
        elif isinstance(model, Section):
            own = containers(model)
            if len(own) > 1 or any(each.text("Mode") == "MultiModel" for each in own):
                yield Hit(model.path, f"model {name} has several containers or several models, and there is a shadow")


@COMBINATIONS.rule(
    "RW207",
    "error",
    "Traffic from other Regions for an endpoint that takes none",
    why="CrossRegionTrafficConfig is not offered for serverless and asynchronous endpoints.",
    remedy="Remove CrossRegionTrafficConfig.",
)
def cross_region(subject: Subject) -> Found:
    """Look at CrossRegionTrafficConfig beside serverless variants or AsyncInferenceConfig."""
    serverless = any(variant.has("ServerlessConfig") for variant in subject.variants)
    if subject.whole.has("CrossRegionTrafficConfig") and (serverless or subject.is_async):
        yield Hit(("CrossRegionTrafficConfig",), f"the endpoint is {'serverless' if serverless else 'asynchronous'}")


@COMBINATIONS.rule(
    "RW208",
    "warning",
    "A metric frequency without effect",
    why="MetricPublishFrequencyInSeconds concerns request metrics only where EnableEnhancedMetrics is true; without it they come every "
    "minute.",
    remedy="Set EnableEnhancedMetrics: true, or leave the frequency out.",
)
def idle_frequency(subject: Subject) -> Found:
    """Look for a frequency of other than a minute without enhanced metrics."""
    metrics = subject.whole.section("MetricsConfig")
    frequency = metrics.number("MetricPublishFrequencyInSeconds")
    if frequency not in (None, 60) and metrics.members.get("EnableEnhancedMetrics") is not True:
        yield Hit(
            metrics.at("MetricPublishFrequencyInSeconds"), f"{frequency:g} s, and EnableEnhancedMetrics is not true"
        )
