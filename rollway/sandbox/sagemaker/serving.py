"""What answers an endpoint's requests now: the read-only view that the data plane routes by."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rollway.sandbox.sagemaker.constraints import items, section


@dataclass(frozen=True)
class ServingVariant:
    """One variant that serves.

    Attributes:
        name: the variant's name.
        fleet_id: the fleet of model servers behind it.
        model_name: the SageMaker model that it serves.
        weight: its relative weight; its share is weight over the sum of weights.
        instances: how many instances serve (the metric InvocationsPerInstance divides by it).
        config_name: the endpoint configuration that brought it.
    """

    name: str
    fleet_id: str
    model_name: str
    weight: float
    instances: int
    config_name: str


@dataclass(frozen=True)
class CaptureRule:
    """What is captured of an endpoint's requests.

    Attributes:
        percentage: of the requests.
        destination: where to, ``s3://bucket/prefix``.
        inputs: whether requests are kept.
        outputs: whether answers are kept.
        csv_types: media types that are written down as CSV ...
        json_types: ... and as JSON; all others as Base64.
    """

    percentage: float
    destination: str
    inputs: bool
    outputs: bool
    csv_types: frozenset[str]
    json_types: frozenset[str]


@dataclass(frozen=True)
class Serving:
    """An endpoint's serving variants and shadow variants. A change makes a new one; this one never changes.

    Attributes:
        endpoint: its name.
        variants: those that answer.
        shadow: those that get copies.
        capture: what is captured; None for nothing.
    """

    endpoint: str
    variants: tuple[ServingVariant, ...]
    shadow: tuple[ServingVariant, ...]
    capture: CaptureRule | None = None

    @cached_property
    def total_weight(self) -> float:
        """The sum of the weights of those that answer."""
        return sum(variant.weight for variant in self.variants)


def read_capture(options: Mapping[str, Any]) -> CaptureRule | None:
    """Return what the options of a line-up want captured; None for nothing."""
    wanted = section(options, "DataCaptureConfig")
    if not wanted or not wanted.get("EnableCapture", True) or not wanted["InitialSamplingPercentage"]:
        return None
    modes = {option["CaptureMode"] for option in items(wanted, "CaptureOptions")}
    types = section(wanted, "CaptureContentTypeHeader")
    return CaptureRule(
        percentage=wanted["InitialSamplingPercentage"],
        destination=wanted["DestinationS3Uri"],
        inputs=bool(modes & {"Input", "InputAndOutput"}),
        outputs=bool(modes & {"Output", "InputAndOutput"}),
        csv_types=frozenset(types.get("CsvContentTypes") or ()),
        json_types=frozenset(types.get("JsonContentTypes") or ()),
    )
