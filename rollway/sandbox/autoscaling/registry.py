"""What is registered: scalable targets, their policies and their scheduled actions, as immutable values.

Safe to read and to drop from without a lock (each step, the copy for a list too, is one operation on a dict), because
endpoints do both while they are locked. Who reads and then writes must hold a lock of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic import TypeAdapter

from rollway.sandbox.autoscaling.names import ScaledVariant

SUSPENDABLE: Final = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


@dataclass(frozen=True)
class Target:
    """A variant registered for scaling, between two bounds; ``suspended`` holds the members that are true."""

    of: ScaledVariant
    minimum: int
    maximum: int
    role_arn: str
    created: datetime
    suspended: frozenset[str] = frozenset()
    name: str = ""  # one per variant, so it needs none

    def clamp(self, count: int) -> int:
        """Return the count within the bounds that is nearest to ``count``."""
        return min(max(count, self.minimum), self.maximum)


@dataclass(frozen=True)
class Policy:
    """A scaling policy; ``configuration`` is the member that its kind has, as it was given."""

    of: ScaledVariant
    name: str
    kind: str
    configuration: Mapping[str, Any]
    created: datetime
    updated: datetime


@dataclass(frozen=True)
class ScheduledAction:
    """New bounds at a time; ``due`` is the next such moment, None when there is none any more."""

    of: ScaledVariant
    name: str
    schedule: str
    created: datetime
    due: datetime | None
    bounds: Mapping[str, int]
    timezone: str | None = None
    start: datetime | None = None
    end: datetime | None = None


class Record(Protocol):
    """What is kept per variant and name."""

    @property
    def of(self) -> ScaledVariant:
        """The variant that it is about."""
        ...

    @property
    def name(self) -> str:
        """Its name, unique within the variant."""
        ...


_R = TypeVar("_R", bound=Record)


class Records(Generic[_R]):
    """The records of one kind, always listed in the order of their variants and names."""

    def __init__(self, adapter: TypeAdapter[list[_R]]) -> None:
        self._adapter = adapter
        self._kept: dict[tuple[ScaledVariant, str], _R] = {}

    def find(self, of: ScaledVariant, name: str = "") -> _R | None:
        """Return a record, or None when there is none."""
        return self._kept.get((of, name))

    def all(self) -> list[_R]:
        """Return every record."""
        return sorted(self._kept.values(), key=lambda record: (record.of, record.name))

    def put(self, record: _R) -> None:
        """Keep a record in place of the one of the same name."""
        self._kept[(record.of, record.name)] = record

    def drop(self, of: ScaledVariant, name: str = "") -> _R | None:
        """Forget a record and return it, or None when there was none."""
        return self._kept.pop((of, name), None)

    def export(self) -> object:
        """Return everything kept, JSON-able."""
        return self._adapter.dump_python(self.all(), mode="json")

    def restore(self, state: object) -> None:
        """Replace everything kept by an exported state."""
        self._kept = {(record.of, record.name): record for record in self._adapter.validate_python(state)}


@dataclass(frozen=True)
class Registry:
    """Everything registered in one account."""

    targets: Records[Target] = field(default_factory=lambda: Records(TypeAdapter(list[Target])))
    policies: Records[Policy] = field(default_factory=lambda: Records(TypeAdapter(list[Policy])))
    actions: Records[ScheduledAction] = field(default_factory=lambda: Records(TypeAdapter(list[ScheduledAction])))

    def scales(self, endpoint: str, variant: str) -> bool:
        """Say whether a variant is a registered target."""
        return any((target.of.endpoint, target.of.variant) == (endpoint, variant) for target in self.targets.all())

    def deregister(self, of: ScaledVariant) -> Target | None:
        """Forget a target with its policies and scheduled actions; return it, or None when there was none."""
        for records in (self.policies, self.actions):
            for record in records.all():
                if record.of == of:
                    records.drop(of, record.name)
        return self.targets.drop(of)

    def forget_endpoint(self, endpoint: str) -> None:
        """Deregister every variant of an endpoint that is being deleted."""
        for target in self.targets.all():
            if target.of.endpoint == endpoint:
                self.deregister(target.of)

    def export(self) -> dict[str, Any]:
        """Return everything registered, JSON-able."""
        return {
            "targets": self.targets.export(),
            "policies": self.policies.export(),
            "actions": self.actions.export(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace everything registered by an exported state."""
        self.targets.restore(state["targets"])
        self.policies.restore(state["policies"])
        self.actions.restore(state["actions"])
