"""Every place in which an endpoint configuration can name something, and what a rollout does there.

``PLACES`` lists each value of SageMaker's ``CreateEndpointConfig``, by its path. A test compares the list with botocore's model of the
request, so a member that AWS adds is either in the list or fails the test. The configuration of a live endpoint may hold members that are
newer than the list: they are carried over as they are and named in the plan, or refused where they name what the rollout replaces.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

Treatment = Literal["replaced", "kept", "refused", "ours"]
"""What a rollout of a model does with a place.

``replaced``: the candidate's variant gets the candidate's name there, and the baseline's variant keeps its own. ``kept``: it is carried
over as it is. ``refused``: no rollout starts from a configuration that has it, or leads to one. ``ours``: Rollway writes it by itself.
"""

_VARIANT: Final[Mapping[str, Treatment]] = {
    "VariantName": "replaced",
    "ModelName": "replaced",
    "InstanceType": "kept",
    "InstancePools[].InstanceType": "kept",
    "InstancePools[].ModelNameOverride": "replaced",  # another model than the variant's own is refused by preflight
    "AcceleratorType": "kept",
    "CoreDumpConfig.DestinationS3Uri": "kept",
    "CoreDumpConfig.KmsKeyId": "kept",
    "ManagedInstanceScaling.Status": "kept",
    "ManagedInstanceScaling.ScaleInPolicy.Strategy": "kept",
    "RoutingConfig.RoutingStrategy": "kept",
    "InferenceAmiVersion": "kept",
    "CapacityReservationConfig.CapacityReservationPreference": "kept",
    "CapacityReservationConfig.MlReservationArn": "kept",
    "AcceleratorPartitionLayouts[].AcceleratorPartitionTypes[]": "kept",
    "InitialInstanceCount": "ours",
    "InitialVariantWeight": "ours",
    "InstancePools[].Priority": "kept",
    "VariantInstanceProvisionTimeoutInSeconds": "kept",
    "ServerlessConfig.MemorySizeInMB": "refused",
    "ServerlessConfig.MaxConcurrency": "refused",
    "ServerlessConfig.ProvisionedConcurrency": "refused",
    "VolumeSizeInGB": "kept",
    "ModelDataDownloadTimeoutInSeconds": "kept",
    "ContainerStartupHealthCheckTimeoutInSeconds": "kept",
    "EnableSSMAccess": "kept",
    "ManagedInstanceScaling.MinInstanceCount": "kept",
    "ManagedInstanceScaling.MaxInstanceCount": "kept",
    "ManagedInstanceScaling.ScaleInPolicy.MaximumStepSize": "kept",
    "ManagedInstanceScaling.ScaleInPolicy.CooldownInMinutes": "kept",
    "RoutingConfig.PrefixAwareRoutingConfig.PrefixLength": "kept",
    "RoutingConfig.PrefixAwareRoutingConfig.ConcurrencyThreshold": "kept",
}

_CLARIFY: Final = "ExplainerConfig.ClarifyExplainerConfig"
_OUTPUT: Final = "AsyncInferenceConfig.OutputConfig"
_CAPTURE: Final = "DataCaptureConfig"

PLACES: Final[Mapping[str, Treatment]] = {
    "EndpointConfigName": "ours",
    **{f"ProductionVariants[].{place}": treatment for place, treatment in _VARIANT.items()},
    **{f"ShadowProductionVariants[].{place}": "refused" for place in _VARIANT},
    f"{_CAPTURE}.EnableCapture": "kept",
    f"{_CAPTURE}.InitialSamplingPercentage": "kept",
    f"{_CAPTURE}.DestinationS3Uri": "kept",
    f"{_CAPTURE}.KmsKeyId": "kept",
    f"{_CAPTURE}.CaptureOptions[].CaptureMode": "kept",
    f"{_CAPTURE}.CaptureContentTypeHeader.CsvContentTypes[]": "kept",
    f"{_CAPTURE}.CaptureContentTypeHeader.JsonContentTypes[]": "kept",
    "Tags[].Key": "kept",
    "Tags[].Value": "kept",
    "KmsKeyId": "kept",
    "AsyncInferenceConfig.ClientConfig.MaxConcurrentInvocationsPerInstance": "refused",
    f"{_OUTPUT}.KmsKeyId": "refused",
    f"{_OUTPUT}.S3OutputPath": "refused",
    f"{_OUTPUT}.S3FailurePath": "refused",
    f"{_OUTPUT}.NotificationConfig.SuccessTopic": "refused",
    f"{_OUTPUT}.NotificationConfig.ErrorTopic": "refused",
    f"{_OUTPUT}.NotificationConfig.IncludeInferenceResponseIn[]": "refused",
    f"{_CLARIFY}.EnableExplanations": "kept",
    f"{_CLARIFY}.InferenceConfig.FeaturesAttribute": "kept",
    f"{_CLARIFY}.InferenceConfig.ContentTemplate": "kept",
    f"{_CLARIFY}.InferenceConfig.MaxRecordCount": "kept",
    f"{_CLARIFY}.InferenceConfig.MaxPayloadInMB": "kept",
    f"{_CLARIFY}.InferenceConfig.ProbabilityIndex": "kept",
    f"{_CLARIFY}.InferenceConfig.LabelIndex": "kept",
    f"{_CLARIFY}.InferenceConfig.ProbabilityAttribute": "kept",
    f"{_CLARIFY}.InferenceConfig.LabelAttribute": "kept",
    f"{_CLARIFY}.InferenceConfig.LabelHeaders[]": "kept",
    f"{_CLARIFY}.InferenceConfig.FeatureHeaders[]": "kept",
    f"{_CLARIFY}.InferenceConfig.FeatureTypes[]": "kept",
    f"{_CLARIFY}.ShapConfig.ShapBaselineConfig.MimeType": "kept",
    f"{_CLARIFY}.ShapConfig.ShapBaselineConfig.ShapBaseline": "kept",
    f"{_CLARIFY}.ShapConfig.ShapBaselineConfig.ShapBaselineUri": "kept",
    f"{_CLARIFY}.ShapConfig.NumberOfSamples": "kept",
    f"{_CLARIFY}.ShapConfig.UseLogit": "kept",
    f"{_CLARIFY}.ShapConfig.Seed": "kept",
    f"{_CLARIFY}.ShapConfig.TextConfig.Language": "kept",
    f"{_CLARIFY}.ShapConfig.TextConfig.Granularity": "kept",
    "ExecutionRoleArn": "kept",
    "VpcConfig.SecurityGroupIds[]": "kept",
    "VpcConfig.Subnets[]": "kept",
    "EnableNetworkIsolation": "kept",
    "MetricsConfig.EnableEnhancedMetrics": "kept",
    "MetricsConfig.EnableDetailedObservability": "kept",
    "MetricsConfig.MetricPublishFrequencyInSeconds": "kept",
    "CrossRegionTrafficConfig.MaxInvocationsPerSecondPerInstance": "kept",
    "CrossRegionTrafficConfig.MaxCrossRegionPercentPerEndpoint": "kept",
}
"""What is done with each value of a configuration, by its path."""

_SEPARATORS: Final = ("/", ":")
"""What stands before a name at the end of an ARN."""


def _above(place: str) -> Iterator[str]:
    """Yield the paths of all that a place is in: ``A[]`` and ``A`` for ``A[].B``."""
    while place:
        place = place[:-2] if place.endswith("[]") else place.rpartition(".")[0]
        yield place


_KNOWN: Final = frozenset(PLACES) | {above for place in PLACES for above in _above(place)}


@dataclass(frozen=True)
class UnknownMember:
    """A member of a configuration that is not in the list: botocore knows it, and this version of Rollway does not.

    Attributes:
        path: where it is, for example ``ProductionVariants[0].NewConfig``.
        texts: every text in it, keys included.
    """

    path: str
    texts: frozenset[str]

    def names(self, name: str) -> bool:
        """Whether a text in it is that name, or an ARN that ends in it."""
        ends = tuple(f"{separator}{name}" for separator in _SEPARATORS)
        return bool(name) and any(text == name or text.endswith(ends) for text in self.texts)


def find_unknown(fields: Mapping[str, Any]) -> tuple[UnknownMember, ...]:
    """Return the members of a configuration that are not in the list, the outermost of each."""
    return tuple(_unknown_in(fields, "", ""))


def _unknown_in(value: object, place: str, at: str) -> Iterator[UnknownMember]:
    if place not in _KNOWN:
        yield UnknownMember(at, frozenset(_texts(value)))
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[str, object]", value).items():
            yield from _unknown_in(item, _join(place, key), _join(at, key))
    elif isinstance(value, list):
        for position, item in enumerate(cast("list[object]", value)):
            yield from _unknown_in(item, f"{place}[]", f"{at}[{position}]")


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for key, item in cast("Mapping[str, object]", value).items():
                yield key
                yield from _texts(item)
        case list():
            for item in cast("list[object]", value):
                yield from _texts(item)
        case _:
            pass


def _join(path: str, member: str) -> str:
    return f"{path}.{member}" if path else member
