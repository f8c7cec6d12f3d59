"""What the simulated Scheduler keeps: groups, schedules, invocations under way. Its owner sees to locking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter

from rollway.sandbox.errors import Refusal
from rollway.sandbox.scheduler.schedule import Invocation, Schedule


@dataclass(frozen=True)
class Change:
    """The latest change of a resource: which operation made it, with what client token, and what was answered."""

    operation: str
    token: str
    answer: Mapping[str, str]


@dataclass
class Registry:
    """The Scheduler's memory.

    Attributes:
        groups: when each group was created, by name.
        schedules: every schedule, by ARN.
        under_way: invocations that were due and are not made yet.
        changes: the latest change of each resource, by ARN; of deleted ones too.
    """

    groups: dict[str, datetime] = field(default_factory=dict[str, datetime])
    schedules: dict[str, Schedule] = field(default_factory=dict[str, Schedule])
    under_way: list[Invocation] = field(default_factory=list[Invocation])
    changes: dict[str, Change] = field(default_factory=dict[str, Change])

    def require_group(self, name: str) -> datetime:
        """Return when a group was created.

        Raises:
            Refusal: ``ResourceNotFoundException``.
        """
        if name not in self.groups:
            raise _not_found(f"Schedule group {name}")
        return self.groups[name]

    def require(self, arn: str, name: str) -> Schedule:
        """Return a schedule.

        Raises:
            Refusal: ``ResourceNotFoundException``.
        """
        if arn not in self.schedules:
            raise _not_found(f"Schedule {name}")
        return self.schedules[arn]

    def export(self) -> dict[str, Any]:
        """Return everything kept, JSON-able."""
        return _REGISTRY.dump_python(self, mode="json")

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace everything kept by an exported state."""
        saved = _REGISTRY.validate_python(state)
        self.groups, self.schedules = saved.groups, saved.schedules
        self.under_way, self.changes = saved.under_way, saved.changes


def conflict(what: str) -> Refusal:
    """Return the refusal of a name that is taken. AWS publishes the code, not the wording."""
    return Refusal("ConflictException", f"{what} already exists.", 409)


def _not_found(what: str) -> Refusal:
    return Refusal("ResourceNotFoundException", f"{what} does not exist.", 404)


_REGISTRY: Final = TypeAdapter(Registry)
