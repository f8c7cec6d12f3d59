"""CreateSchedule, UpdateSchedule, GetSchedule, DeleteSchedule, ListSchedules. When a schedule is due is reckoned in ``schedule``."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rollway.sandbox.clock import Clock
from rollway.sandbox.errors import invalid
from rollway.sandbox.sagemaker.constraints import Request, section
from rollway.sandbox.scheduler.names import DEFAULT_GROUP, SchedulerArns
from rollway.sandbox.scheduler.paging import cut_page
from rollway.sandbox.scheduler.registry import Registry, conflict
from rollway.sandbox.scheduler.schedule import Schedule
from rollway.sandbox.scheduler.targets import Targets

_APART: Final = frozenset({"Name", "GroupName", "ClientToken", "StartDate", "EndDate"})
_DEFAULTS: Final = {"State": "ENABLED", "ScheduleExpressionTimezone": "UTC", "ActionAfterCompletion": "NONE"}
_RETRY_DEFAULTS: Final = {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
_EARLIEST_START: Final = timedelta(minutes=5)


class ScheduleOperations:
    """The operations on schedules."""

    def __init__(self, registry: Registry, arns: SchedulerArns, targets: Targets, clock: Clock) -> None:
        self._registry = registry
        self._arns = arns
        self._targets = targets
        self._clock = clock

    def create(self, request: Request) -> dict[str, Any]:
        """Answer CreateSchedule. A rate without a start date is due at once, as in AWS."""
        arn, group = self._arns.schedule(request), request.get("GroupName") or DEFAULT_GROUP
        self._registry.require_group(group)
        if arn in self._registry.schedules:
            raise conflict(f"Schedule {request['Name']}")
        now = self._clock.now()
        return self._keep(Schedule(arn, group, request["Name"], {}, created=now, modified=now), request)

    def update(self, request: Request) -> dict[str, Any]:
        """Answer UpdateSchedule: the new definition is the whole one; what it leaves out has its default again."""
        return self._keep(replace(self._found(request), modified=self._clock.now()), request)

    def get(self, request: Request) -> dict[str, Any]:
        """Answer GetSchedule."""
        found = self._found(request)
        dates = {"StartDate": found.start, "EndDate": found.end}
        given = {member: date for member, date in dates.items() if date}
        return {**_identity(found), **found.definition, **given}

    def delete(self, request: Request) -> dict[str, Any]:
        """Answer DeleteSchedule. An invocation that is under way is made all the same."""
        del self._registry.schedules[self._found(request).arn]
        return {}

    def list(self, request: Request) -> dict[str, Any]:
        """Answer ListSchedules."""
        group, state = request.get("GroupName"), request.get("State")
        if group:
            self._registry.require_group(group)
        found = {
            arn: _summary(schedule)
            for arn, schedule in self._registry.schedules.items()
            if group in (None, schedule.group)
            and state in (None, schedule.definition["State"])
            and schedule.name.startswith(request.get("NamePrefix") or "")
        }
        page, more = cut_page(found, request)
        return {"Schedules": page, **more}

    def _found(self, request: Request) -> Schedule:
        return self._registry.require(self._arns.schedule(request), request["Name"])

    def _keep(self, schedule: Schedule, request: Request) -> dict[str, Any]:
        """Give a schedule its definition, and keep it."""
        self._targets.check(section(request, "Target"))
        start, end = _utc(request.get("StartDate")), _utc(request.get("EndDate"))
        defined = replace(schedule, definition=_definition(request), start=start, end=end).with_first_due()
        _check_times(defined)
        self._registry.schedules[schedule.arn] = defined
        return {"ScheduleArn": schedule.arn}


def _definition(request: Request) -> dict[str, Any]:
    """Return all that a request defines, apart from names and dates, with AWS's defaults."""
    given = {member: value for member, value in request.items() if member not in _APART and value is not None}
    target = section(request, "Target")
    retrying = {**_RETRY_DEFAULTS, **section(target, "RetryPolicy")}
    return {**_DEFAULTS, **given, "Target": {**target, "RetryPolicy": retrying}}


def _check_times(schedule: Schedule) -> None:
    """Refuse times that AWS refuses: it publishes the wording of the second only."""
    flexible = section(schedule.definition, "FlexibleTimeWindow")
    if (flexible["Mode"] == "FLEXIBLE") != bool(flexible.get("MaximumWindowInMinutes")):
        raise invalid("FlexibleTimeWindow has MaximumWindowInMinutes when its Mode is FLEXIBLE, and only then.")
    if str(schedule.definition["ScheduleExpression"]).startswith("at("):
        return
    if schedule.start and schedule.start < schedule.modified - _EARLIEST_START:
        raise invalid("The StartDate you specify cannot be earlier than 5 minutes ago.")
    if schedule.start and schedule.end and schedule.end <= schedule.start:
        raise invalid(f"The EndDate {schedule.end} must be later than the StartDate {schedule.start}.")


def _identity(schedule: Schedule) -> dict[str, Any]:
    return {
        "Arn": schedule.arn,
        "GroupName": schedule.group,
        "Name": schedule.name,
        "CreationDate": schedule.created,
        "LastModificationDate": schedule.modified,
    }


def _summary(schedule: Schedule) -> dict[str, Any]:
    target = {"Arn": schedule.target["Arn"]}
    return {**_identity(schedule), "State": schedule.definition["State"], "Target": target}


def _utc(moment: datetime | None) -> datetime | None:
    """Return a moment in UTC, which is also what one without a time zone is meant in."""
    if moment is None:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
