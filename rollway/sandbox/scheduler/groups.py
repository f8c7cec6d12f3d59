"""CreateScheduleGroup, GetScheduleGroup, DeleteScheduleGroup, ListScheduleGroups.

Real groups are deleted little by little, and are shown as DELETING meanwhile; here a group is gone at once, and its
schedules with it.
"""

from typing import Any

from rollway.sandbox.clock import Clock
from rollway.sandbox.errors import invalid
from rollway.sandbox.sagemaker.constraints import Request
from rollway.sandbox.scheduler.names import DEFAULT_GROUP, SchedulerArns
from rollway.sandbox.scheduler.paging import cut_page
from rollway.sandbox.scheduler.registry import Registry, conflict


class GroupOperations:
    """The operations on schedule groups."""

    def __init__(self, registry: Registry, arns: SchedulerArns, clock: Clock) -> None:
        self._registry = registry
        self._arns = arns
        self._clock = clock

    def create(self, request: Request) -> dict[str, Any]:
        """Answer CreateScheduleGroup. Tags are not kept here."""
        name = request["Name"]
        if name in self._registry.groups:
            raise conflict(f"Schedule group {name}")
        self._registry.groups[name] = self._clock.now()
        return {"ScheduleGroupArn": self._arns.group(name)}

    def get(self, request: Request) -> dict[str, Any]:
        """Answer GetScheduleGroup."""
        self._registry.require_group(request["Name"])
        return self._described(request["Name"])

    def delete(self, request: Request) -> dict[str, Any]:
        """Answer DeleteScheduleGroup: the group's schedules are deleted with it."""
        name = request["Name"]
        self._registry.require_group(name)
        if name == DEFAULT_GROUP:  # AWS documents the rule, not the wording
            raise invalid("The default schedule group cannot be deleted.")
        del self._registry.groups[name]
        for schedule in list(self._registry.schedules.values()):
            if schedule.group == name:
                del self._registry.schedules[schedule.arn]
        return {}

    def list(self, request: Request) -> dict[str, Any]:
        """Answer ListScheduleGroups."""
        prefix = request.get("NamePrefix") or ""
        found = {name: self._described(name) for name in self._registry.groups if name.startswith(prefix)}
        page, more = cut_page(found, request)
        return {"ScheduleGroups": page, **more}

    def _described(self, name: str) -> dict[str, Any]:
        created = self._registry.groups[name]
        return {
            "Arn": self._arns.group(name),
            "Name": name,
            "State": "ACTIVE",
            "CreationDate": created,
            "LastModificationDate": created,
        }
