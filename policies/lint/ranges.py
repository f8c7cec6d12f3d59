"""The numbers, counts and choices that the API documents for members of a configuration and of a model.

A table, and what reads it. A test compares the table with the service's published model.
"""

from collections.abc import Iterator, Mapping, Sized
from typing import Any, Final, NamedTuple, cast

from policies.lint.document import Path, Section, as_list, as_mapping, is_number

INT: Final = "a whole number"
NUMBER: Final = "a number"
LIST: Final = "a list"
TEXT: Final = "a text"
FLAG: Final = "true or false"
MAP: Final = "a mapping"


class Range(NamedTuple):
    """What a member may be.

    Attributes:
        kind: what type.
        least: the least number, length or count.
        most: the greatest one; None for no bound.
        among: the only numbers allowed; empty for all in between.
    """

    kind: str
    least: float = 0
    most: float | None = None
    among: tuple[int, ...] = ()


_VPC: Final[dict[str, Range]] = {"SecurityGroupIds": Range(LIST, 1, 5), "Subnets": Range(LIST, 1, 16)}
_VARIANT: Final[dict[str, Range]] = {
    "VariantName": Range(TEXT),
    "ModelName": Range(TEXT),
    "InstanceType": Range(TEXT),
    "InitialInstanceCount": Range(INT, 1),
    "InitialVariantWeight": Range(NUMBER, 0),
    "InstancePools": Range(LIST, 1, 5),
    "InstancePools[].Priority": Range(INT, 1, 5),
    "VariantInstanceProvisionTimeoutInSeconds": Range(INT, 300, 3600),
    "VolumeSizeInGB": Range(INT, 1, 512),
    "ModelDataDownloadTimeoutInSeconds": Range(INT, 60, 3600),
    "ContainerStartupHealthCheckTimeoutInSeconds": Range(INT, 60, 3600),
    "EnableSSMAccess": Range(FLAG),
    "ServerlessConfig": Range(MAP),
    "ServerlessConfig.MemorySizeInMB": Range(INT, 1024, 6144),
    "ServerlessConfig.MaxConcurrency": Range(INT, 1, 200),
    "ServerlessConfig.ProvisionedConcurrency": Range(INT, 1, 200),
    "ManagedInstanceScaling.MinInstanceCount": Range(INT, 0),
    "ManagedInstanceScaling.MaxInstanceCount": Range(INT, 1),
    "ManagedInstanceScaling.ScaleInPolicy.MaximumStepSize": Range(INT, 1, 100),
    "ManagedInstanceScaling.ScaleInPolicy.CooldownInMinutes": Range(INT, 5, 1440),
}
CONFIG: Final[Mapping[str, Range]] = {
    "ProductionVariants": Range(LIST, 1),
    "ShadowProductionVariants": Range(LIST, 1),
    **{
        f"{of}[].{member}": allowed
        for of in ("ProductionVariants", "ShadowProductionVariants")
        for member, allowed in _VARIANT.items()
    },
    "DataCaptureConfig": Range(MAP),
    "DataCaptureConfig.EnableCapture": Range(FLAG),
    "DataCaptureConfig.InitialSamplingPercentage": Range(INT, 0, 100),
    "DataCaptureConfig.DestinationS3Uri": Range(TEXT, 0, 512),
    "DataCaptureConfig.CaptureOptions": Range(LIST, 1, 32),
    "DataCaptureConfig.CaptureContentTypeHeader.CsvContentTypes": Range(LIST, 1, 10),
    "DataCaptureConfig.CaptureContentTypeHeader.JsonContentTypes": Range(LIST, 1, 10),
    "KmsKeyId": Range(TEXT, 0, 2048),
    "ExecutionRoleArn": Range(TEXT, 20, 2048),
    "EnableNetworkIsolation": Range(FLAG),
    "AsyncInferenceConfig": Range(MAP),
    "AsyncInferenceConfig.ClientConfig.MaxConcurrentInvocationsPerInstance": Range(INT, 1, 1000),
    "CrossRegionTrafficConfig.MaxInvocationsPerSecondPerInstance": Range(INT, 1, 10_000),
    "CrossRegionTrafficConfig.MaxCrossRegionPercentPerEndpoint": Range(INT, 1, 100),
    "MetricsConfig.EnableEnhancedMetrics": Range(FLAG),
    "MetricsConfig.EnableDetailedObservability": Range(FLAG),
    "MetricsConfig.MetricPublishFrequencyInSeconds": Range(INT, among=(10, 30, 60, 120, 180, 240, 300)),
    **{f"VpcConfig.{member}": allowed for member, allowed in _VPC.items()},
}
_CONTAINER: Final[dict[str, Range]] = {
    "Image": Range(TEXT, 0, 255),
    "ModelDataUrl": Range(TEXT, 0, 1024),
    "Environment": Range(MAP, 0, 100),
}
MODEL: Final[Mapping[str, Range]] = {
    **{
        f"{of}.{member}": allowed
        for of in ("PrimaryContainer", "Containers[]")
        for member, allowed in _CONTAINER.items()
    },
    "Containers": Range(LIST, 0, 15),
    "ExecutionRoleArn": Range(TEXT, 20, 2048),
    "EnableNetworkIsolation": Range(FLAG),
    **{f"VpcConfig.{member}": allowed for member, allowed in _VPC.items()},
}

MOST_VARIABLE_BYTES: Final = 1024
MOST_ENVIRONMENT_BYTES: Final = 32 * 1024


def breaches(document: Section, *, of_model: bool = False) -> Iterator[tuple[Path, str]]:
    """Yield each value outside its range: where it is, and what is wrong with it."""
    for member, allowed in (MODEL if of_model else CONFIG).items():
        for path, value in _find(document.path, document.members, member.replace("[]", ".[]").split(".")):
            if wrong := _judge(value, allowed):
                yield path, wrong
    if of_model:
        containers = (document.section("PrimaryContainer"), *document.items("Containers"))
        for container in containers:
            yield from _environment_breaches(container.section("Environment"))


def _find(path: Path, value: object, members: list[str]) -> Iterator[tuple[Path, object]]:
    """Yield every value that a pattern of members leads to; what is absent leads nowhere."""
    if not members:
        yield path, value
        return
    first, *rest = members
    if first == "[]":
        for position, item in enumerate(as_list(value)):
            yield from _find((*path, position), item, rest)
        return
    inner = as_mapping(value).get(first)
    if inner is not None:
        yield from _find((*path, first), inner, rest)


def _judge(value: object, allowed: Range) -> str:
    """Say what is wrong with a value, or nothing."""
    measure = _measure(value, allowed.kind)
    if measure is None:
        return f"{_shown(value)} is not {allowed.kind}"
    if allowed.among:
        return "" if measure in allowed.among else f"{measure:g} is none of {', '.join(map(str, allowed.among))}"
    if measure >= allowed.least and (allowed.most is None or measure <= allowed.most):
        return ""
    bounds = f"at least {allowed.least:g}" if allowed.most is None else f"{allowed.least:g} to {allowed.most:g}"
    return f"{_counted(measure, allowed.kind)}; allowed is {bounds}"


def _measure(value: Any, kind: str) -> float | None:  # noqa: ANN401 - whatever the user wrote
    """Return what is compared with a range, a number or a length; None for a value of another kind."""
    if kind == FLAG:
        return 0 if isinstance(value, bool) else None
    if kind in (INT, NUMBER):
        whole = is_number(value) and (kind == NUMBER or value == value // 1)
        return value if whole else None
    fits = isinstance(value, {LIST: list, TEXT: str, MAP: Mapping}[kind])
    return len(cast("Sized", value)) if fits else None


def _counted(measure: float, kind: str) -> str:
    units = {LIST: "entries", TEXT: "characters", MAP: "entries"}
    return " ".join(filter(None, (f"{measure:g}", units.get(kind, ""))))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"  # noqa: PLR2004 - what fits a line with the rest


def _environment_breaches(environment: Section) -> Iterator[tuple[Path, str]]:
    total = 0
    for key, value in environment.members.items():
        where = environment.at(str(key))
        if not isinstance(value, str):
            yield where, f"is {type(value).__name__}, not {TEXT}; put it in quotes"
            continue
        sizes = [len(str(key).encode()), len(value.encode())]
        total += sum(sizes)
        if max(sizes) > MOST_VARIABLE_BYTES:
            yield where, f"{max(sizes)} bytes; a key and a value have at most {MOST_VARIABLE_BYTES} each"
    if total > MOST_ENVIRONMENT_BYTES:
        yield environment.path, f"{total} bytes in all; allowed are {MOST_ENVIRONMENT_BYTES}"
