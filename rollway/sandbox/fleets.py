"""What the simulated endpoint asks of whatever runs its model servers.

A fleet is the set of instances that serve one variant. The endpoint's state machine asks and polls; it never waits. In a test a
fleet is a Python callable, in the sandbox server it is one process per instance (capped by the settings).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class FleetSpec:
    """One variant's model servers, as wanted.

    Attributes:
        fleet_id: unique for this deployment of the variant; a new deployment gets a new one.
        endpoint: the endpoint's name.
        variant: the variant's name.
        model_name: the SageMaker model that the fleet serves.
        image: the container image named by that model.
        environment: the container's environment variables.
        model_data_url: where the model's artefact lies, if it has one.
        instances: how many instances are wanted.
    """

    fleet_id: str
    endpoint: str
    variant: str
    model_name: str
    image: str
    environment: Mapping[str, str]
    model_data_url: str | None
    instances: int


@dataclass(frozen=True)
class FleetHealth:
    """How far a fleet has come.

    Attributes:
        ready: every wanted instance answers ``/ping``.
        failure: why it never will, or None.
    """

    ready: bool
    failure: str | None = None


class Fleets(Protocol):
    """Runs model servers. Every method returns at once and may be repeated."""

    def ensure(self, spec: FleetSpec) -> None:
        """Bring a fleet to the wanted number of instances, starting or stopping servers."""
        ...

    def health(self, fleet_id: str) -> FleetHealth:
        """Say whether a fleet is ready. A fleet that was never ensured is not."""
        ...

    def retire(self, fleet_id: str) -> None:
        """Stop a fleet for good. Unknown fleets are ignored."""
        ...


class NullFleets:
    """Fleets that are ready at once and serve nothing: enough where only the control plane is rehearsed."""

    def ensure(self, spec: FleetSpec) -> None:
        """Do nothing: there are no servers."""

    def health(self, fleet_id: str) -> FleetHealth:
        """Call every fleet ready."""
        del fleet_id
        return FleetHealth(ready=True)

    def retire(self, fleet_id: str) -> None:
        """Do nothing: there are no servers."""
