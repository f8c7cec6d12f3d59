"""What answers an endpoint's requests now: the read-only view that the data plane routes by."""

from dataclasses import dataclass


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
class Serving:
    """An endpoint's serving variants and shadow variants. A change makes a new one; this one never changes."""

    endpoint: str
    variants: tuple[ServingVariant, ...]
    shadow: tuple[ServingVariant, ...]
