"""The endpoint's state machine, as pure values: what serves, what is under way, and how one becomes the other.

``settle`` is the only thing that ends a deployment. It waits for nothing and starts nothing: it is asked, with the time
and the servers' health, whenever somebody looks. The old line-up serves until the moment a deployment is complete.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from rollway.sandbox.fleets import FleetHealth, FleetSpec
from rollway.sandbox.sagemaker.guardrails import Progress, Step, find_progress, timeout_of


class Status(StrEnum):
    """DescribeEndpoint's EndpointStatus."""

    CREATING = "Creating"
    UPDATING = "Updating"
    SYSTEM_UPDATING = "SystemUpdating"
    ROLLING_BACK = "RollingBack"
    IN_SERVICE = "InService"
    DELETING = "Deleting"
    FAILED = "Failed"
    UPDATE_ROLLBACK_FAILED = "UpdateRollbackFailed"


class Kind(StrEnum):
    """What a deployment is for."""

    CREATE = "create"
    UPDATE = "update"
    ADJUST = "adjust"  # UpdateEndpointWeightsAndCapacities
    REVERT = "revert"  # an adjustment being taken back
    DELETE = "delete"


class Ending(StrEnum):
    """How a deployment ends, once its time has come."""

    COMPLETES = "completes"
    ROLLS_BACK = "rolls back"
    ROLLBACK_FAILS = "rollback fails"


@dataclass(frozen=True)
class Fate:
    """The ending that a deployment is bound for, and the FailureReason that it leaves (None: silently)."""

    ending: Ending
    reason: str | None = None


@dataclass(frozen=True)
class Variant:
    """One variant as it serves or is about to.

    Attributes:
        fleet: its model servers; ``fleet.instances`` is its instance count.
        weight: its relative weight.
        config_name: the endpoint configuration that brought it.
        spec: its ProductionVariant, as that configuration has it.
        deployed: when its fleet was asked for (its images were resolved then).
        images: what its model's containers, and those of its instance pools' models, were named then; empty for the fleet's alone.
    """

    fleet: FleetSpec
    weight: float
    config_name: str
    spec: Mapping[str, Any]
    deployed: datetime
    images: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The variant's name."""
        return self.fleet.variant


@dataclass(frozen=True)
class Lineup:
    """All variants that serve together, and the rest of the configuration that they came with."""

    config_name: str
    variants: tuple[Variant, ...]
    shadows: tuple[Variant, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def everyone(self) -> tuple[Variant, ...]:
        """Production and shadow variants."""
        return self.variants + self.shadows


@dataclass(frozen=True)
class Deployment:
    """A change under way. Its target serves nobody before it is complete, unless guardrails move the traffic step by step.

    Attributes:
        settings: the DeploymentConfig that came with it.
        steps: the guardrails' steps; none without guardrails.
        activated: when the first step began; None before.
    """

    kind: Kind
    target: Lineup
    started: datetime
    ready_at: datetime
    fate: Fate = Fate(Ending.COMPLETES)
    settings: Mapping[str, Any] | None = None
    steps: tuple[Step, ...] = ()
    activated: datetime | None = None

    @property
    def awaits_servers(self) -> bool:
        """Whether it also needs its target's servers to be healthy."""
        return self.kind in (Kind.CREATE, Kind.UPDATE, Kind.ADJUST) and self.fate.ending is Ending.COMPLETES

    @property
    def brings_config(self) -> bool:
        """Whether it deploys a configuration (DescribeEndpoint then has a PendingDeploymentSummary)."""
        return self.kind in (Kind.CREATE, Kind.UPDATE)

    def progress(self, now: datetime) -> Progress | None:
        """Return the guardrails' step under way, or None: before the first, after the last, without any."""
        return find_progress(self.steps, self.activated, now) if self.activated else None

    @property
    def times_out_at(self) -> datetime | None:
        """When it is taken back because it took too long; None when nobody said so."""
        limit = timeout_of(self.settings) if self.settings and self.steps else None
        return self.started + limit if limit else None


@dataclass(frozen=True)
class Endpoint:
    """One endpoint: what serves now (``lineup``) and at most one deployment in flight.

    ``broken`` is the status that a failed change has left behind: Failed, UpdateRollbackFailed, or None.
    """

    name: str
    arn: str
    created: datetime
    modified: datetime
    lineup: Lineup | None = None
    deployment: Deployment | None = None
    broken: Status | None = None
    failure_reason: str | None = None
    last_settings: Mapping[str, Any] | None = None
    asked_config: str = ""

    @property
    def config_name(self) -> str:
        """The configuration that serves; while nothing has ever served, the one that was asked for."""
        return self.lineup.config_name if self.lineup else self.asked_config

    @property
    def status(self) -> Status:
        """The status, but for AWS's own maintenance, which is not the endpoint's doing."""
        if self.deployment is None:
            return self.broken or Status.IN_SERVICE
        match self.deployment.kind:
            case Kind.CREATE:
                return Status.CREATING
            case Kind.UPDATE | Kind.ADJUST:
                return Status.UPDATING
            case Kind.REVERT:
                return Status.ROLLING_BACK
            case Kind.DELETE:
                return Status.DELETING
            case _:
                assert_never(self.deployment.kind)


def start(endpoint: Endpoint, deployment: Deployment) -> Endpoint:
    """Put a deployment in flight.

    Raises:
        ValueError: when one is in flight already; callers refuse that request before.
    """
    if endpoint.deployment is not None:
        raise ValueError(f"endpoint {endpoint.name} has a deployment in flight: {endpoint.deployment.kind}")
    return replace(endpoint, deployment=deployment, modified=deployment.started)


def settle(endpoint: Endpoint, now: datetime, health: FleetHealth) -> Endpoint | None:
    """Advance as far as the time allows; None when the endpoint is gone.

    ``health`` is that of the servers which the deployment in flight waits for.
    """
    current: Endpoint | None = endpoint
    while current is not None and current.deployment is not None:
        current = _activate(current, current.deployment, now, health)
        assert current.deployment is not None  # noqa: S101 - activating ends none
        fate = _ending_now(current.deployment, now, health)
        if fate is None:
            break
        current = _end(current, current.deployment, fate, now)
    return current


def _activate(endpoint: Endpoint, deployment: Deployment, now: datetime, health: FleetHealth) -> Endpoint:
    """Begin the guardrails' first step once the new fleet is up."""
    waiting = deployment.steps and deployment.activated is None and deployment.awaits_servers
    if not waiting or now < deployment.ready_at or not health.ready:
        return endpoint
    return replace(endpoint, deployment=replace(deployment, activated=now))


def _ending_now(deployment: Deployment, now: datetime, health: FleetHealth) -> Fate | None:
    """Return how the deployment ends at this moment, or None while it goes on."""
    if deployment.awaits_servers and health.failure:
        return Fate(Ending.ROLLS_BACK, health.failure)
    if deployment.times_out_at and now >= deployment.times_out_at:
        return Fate(Ending.ROLLS_BACK, "The deployment took longer than MaximumExecutionTimeoutInSeconds.")
    if deployment.progress(now):
        return None
    if now < deployment.ready_at or (deployment.awaits_servers and not health.ready):
        return None
    return deployment.fate


def _end(endpoint: Endpoint, deployment: Deployment, fate: Fate, now: datetime) -> Endpoint | None:
    ended = replace(endpoint, deployment=None, modified=now)
    match deployment.kind:
        case Kind.DELETE:
            return None
        case Kind.REVERT:
            return replace(ended, failure_reason=fate.reason)
        case _ if fate.ending is Ending.COMPLETES:
            return _complete(ended, deployment)
        case Kind.CREATE:
            return replace(ended, broken=Status.FAILED, failure_reason=fate.reason)
        case Kind.ADJUST:
            return replace(ended, deployment=_revert(endpoint, deployment, fate))
        case Kind.UPDATE:
            return _fail_update(ended, deployment.target, fate)
        case _:
            assert_never(deployment.kind)


def _complete(ended: Endpoint, deployment: Deployment) -> Endpoint:
    settings = deployment.settings if deployment.brings_config else ended.last_settings
    # A weight change on a mix of configurations leaves it a mix; only a new configuration heals it.
    broken = None if deployment.brings_config else ended.broken
    return replace(ended, lineup=deployment.target, broken=broken, failure_reason=None, last_settings=settings)


def _revert(endpoint: Endpoint, failed: Deployment, fate: Fate) -> Deployment:
    """Taking an adjustment back takes as long as the adjustment did. AWS shows RollingBack meanwhile."""
    assert endpoint.lineup is not None  # noqa: S101 - only an endpoint that serves can be adjusted
    until = failed.ready_at + (failed.ready_at - failed.started)
    return Deployment(Kind.REVERT, endpoint.lineup, failed.ready_at, until, Fate(Ending.COMPLETES, fate.reason))


def _fail_update(ended: Endpoint, target: Lineup, fate: Fate) -> Endpoint:
    """A failed UpdateEndpoint goes straight back to the old line-up, or gets stuck half-way."""
    if fate.ending is Ending.ROLLBACK_FAILS and ended.lineup is not None:
        mixed, broken = _mix(ended.lineup, target), Status.UPDATE_ROLLBACK_FAILED
        return replace(ended, lineup=mixed, broken=broken, failure_reason=fate.reason)
    return replace(ended, failure_reason=fate.reason)


def _mix(old: Lineup, new: Lineup) -> Lineup:
    """Return the old line-up with the first of the new variants in it, in its namesake's place or beside the others.

    AWS documents only that "a mix" serves; which variants are new is the simulator's choice.
    """
    arrived = new.variants[0]
    kept = tuple(variant for variant in old.variants if variant.name != arrived.name)
    return replace(old, variants=(arrived, *kept))
