"""A schedule, and one invocation of its target, as values. When a schedule is due is reckoned here; nothing fires."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from rollway.sandbox.autoscaling.schedules import Window, next_due
from rollway.sandbox.sagemaker.constraints import Request, section


@dataclass(frozen=True)
class Schedule:
    """A schedule as it is kept.

    Attributes:
        arn: its ARN.
        group: its group's name.
        name: its name, unique in the group.
        definition: what it was defined with, in AWS's own words and JSON-able; the dates are kept apart.
        created: when it was created.
        modified: when it was last defined. Without a start date a rate counts from there.
        start: the start date. One-time schedules ignore it.
        end: the end date. One-time schedules ignore it.
        due: when its next invocation is due; None when there is none to come.
    """

    arn: str
    group: str
    name: str
    definition: Mapping[str, Any]
    created: datetime
    modified: datetime
    start: datetime | None = None
    end: datetime | None = None
    due: datetime | None = None

    @property
    def target(self) -> Request:
        """What it calls, and what is to happen when that fails."""
        return section(self.definition, "Target")

    @property
    def group_arn(self) -> str:
        """Its group's ARN."""
        return self.arn.replace(":schedule/", ":schedule-group/", 1).rpartition("/")[0]

    @property
    def enabled(self) -> bool:
        """Whether it may invoke its target at all."""
        return self.definition["State"] == "ENABLED"

    @property
    def leaves_when_complete(self) -> bool:
        """Whether it is deleted after its last invocation."""
        return self.definition["ActionAfterCompletion"] == "DELETE"

    @property
    def window(self) -> timedelta:
        """How long after its time an invocation may come, because the schedule allows it."""
        flexible = section(self.definition, "FlexibleTimeWindow")
        return timedelta(minutes=flexible.get("MaximumWindowInMinutes") or 0)

    def with_first_due(self) -> "Schedule":
        """Return it with its first invocation to come, which may be due at the very moment of its definition.

        Raises:
            Refusal: ``ValidationException`` when its expression cannot be read.
        """
        return replace(self, due=self._due_after(self.modified - datetime.resolution))

    def with_next_due(self) -> "Schedule":
        """Return it with the invocation that follows the one that was due."""
        return replace(self, due=self._due_after(self.due) if self.due else None)

    def _due_after(self, moment: datetime) -> datetime | None:
        window = Window(self.start or self.modified, self.end)
        zone = self.definition["ScheduleExpressionTimezone"]
        due = next_due(self.definition["ScheduleExpression"], zone, window, moment)
        return due if self.enabled else None


@dataclass(frozen=True)
class Invocation:
    """One call of a target that is under way: changing or deleting its schedule does not call it back.

    Attributes:
        schedule: whose, as it was when the invocation became due.
        execution: its id.
        due: when it was to be made.
        at: when it is made.
    """

    schedule: Schedule
    execution: str
    due: datetime
    at: datetime
