"""RW2: members that do not go together. What SageMaker would turn down, or leave without effect."""

from typing import Final

from policies.blueprint.faults import Fault
from policies.lint.rules import Family, Found, Hit, all_models, refused, serverless_models, shadowed_models
from policies.lint.subject import Subject

COMBINATIONS: Final = Family("Members that do not go together")

COMBINATIONS.rule(
    "RW201",
    "error",
    "A shadow beside several variants",
    why="With a shadow, SageMaker takes exactly one production variant and one shadow, and turns anything else down.",
    remedy="Test the shadow beside one variant, and split traffic among several before or after.",
)(refused(Fault.SHADOW_COUNT))
COMBINATIONS.rule(
    "RW202",
    "error",
    "Serverless and instances in one variant",
    why="A serverless variant has no instances; SageMaker turns a variant with both down.",
    remedy="Keep ServerlessConfig or the members of instances.",
)(refused(Fault.SERVERLESS_INSTANCES))
COMBINATIONS.rule(
    "RW203",
    "error",
    "Serverless sizes that SageMaker does not accept",
    why="Memory comes in steps of 1,024 MB, and provisioned concurrency is a part of the greatest one.",
    remedy="Choose 1024, 2048, 3072, 4096, 5120 or 6144 MB, and a ProvisionedConcurrency of at most MaxConcurrency.",
)(refused(Fault.SERVERLESS_SIZES))
COMBINATIONS.rule(
    "RW204",
    "error",
    "Managed instance scaling on a variant with a model",
    why="SageMaker manages instances only for inference components. A variant that names a model is scaled by Application Auto Scaling.",
    remedy="Remove ManagedInstanceScaling, or set its Status to DISABLED, and register the variant with Application Auto Scaling.",
)(refused(Fault.MANAGED_SCALING))
COMBINATIONS.rule(
    "RW205",
    "error",
    "Inference components without an execution role",
    why="A variant without ModelName hosts inference components, and takes its role from the configuration.",
    remedy="Give ExecutionRoleArn on the configuration, or a ModelName.",
)(refused(Fault.COMPONENT_ROLE))
COMBINATIONS.rule(
    "RW206",
    "error",
    "A shadow of a kind that cannot have one",
    why="Shadows are not offered for serverless and asynchronous endpoints, for models of several containers or with several models in "
    "one, nor on Inferentia 1 and Elastic Inference.",
    remedy="Remove the shadow, or bring the variant to plain instances and one container with one model.",
)(refused(Fault.SHADOW_KIND, shadowed_models))
COMBINATIONS.rule(
    "RW207",
    "error",
    "Traffic from other Regions for an endpoint that takes none",
    why="CrossRegionTrafficConfig is not offered for serverless and asynchronous endpoints.",
    remedy="Remove CrossRegionTrafficConfig.",
)(refused(Fault.CROSS_REGION))


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
    if frequency not in (None, 60) and metrics.get("EnableEnhancedMetrics") is not True:
        yield Hit(
            metrics.at("MetricPublishFrequencyInSeconds"), f"{frequency:g} s, and EnableEnhancedMetrics is not true"
        )


COMBINATIONS.rule(
    "RW209",
    "error",
    "What serverless endpoints cannot have",
    why="A serverless endpoint has one variant, with one model in one container, and neither data capture, asynchronous inference, a VPC "
    "nor network isolation; SageMaker turns it down otherwise.",
    remedy="Remove the member that is named, or run the variant on instances.",
)(refused(Fault.SERVERLESS_KIND, serverless_models))
COMBINATIONS.rule(
    "RW210",
    "error",
    "Members that contradict each other",
    why="Routing by prefix takes its two numbers and its strategy together, accelerators take one layout, hostnames are for all "
    "containers or none, and how containers are called is for several; SageMaker turns anything else down.",
    remedy="Remove the member that is named, or add what it takes.",
)(refused(Fault.CONTRADICTION, all_models))
