"""PutScheduledAction, DescribeScheduledActions, DeleteScheduledAction. When an action is due is reckoned in ``schedules``."""

from datetime import UTC, datetime
from typing import Any

from rollway.sandbox.autoscaling.names import ScaledVariant, ScalingArns, described_variants, not_found, scaled_variant
from rollway.sandbox.autoscaling.paging import cut_page
from rollway.sandbox.autoscaling.registry import Registry, ScheduledAction
from rollway.sandbox.autoscaling.schedules import Window, next_due
from rollway.sandbox.clock import Clock
from rollway.sandbox.errors import invalid
from rollway.sandbox.sagemaker.constraints import Request, section


class ScheduledActionOperations:
    """The operations on scheduled actions."""

    def __init__(self, registry: Registry, arns: ScalingArns, clock: Clock) -> None:
        self._registry = registry
        self._arns = arns
        self._clock = clock

    def put(self, request: Request) -> dict[str, Any]:
        """Answer PutScheduledAction: schedule and bounds that are not given stay, start and end that are not are deleted."""
        of, name = scaled_variant(request), request["ScheduledActionName"]
        if self._registry.targets.find(of) is None:
            raise not_found("scalable target", of)
        self._registry.actions.put(self._composed(of, self._registry.actions.find(of, name), request))
        return {}

    def delete(self, request: Request) -> dict[str, Any]:
        """Answer DeleteScheduledAction."""
        of = scaled_variant(request)
        if self._registry.actions.drop(of, request["ScheduledActionName"]) is None:
            raise not_found(f'scheduled action "{request["ScheduledActionName"]}"', of)
        return {}

    def describe(self, request: Request) -> dict[str, Any]:
        """Answer DescribeScheduledActions; an action that has happened for the last time is still there."""
        asked, names = described_variants(request), request.get("ScheduledActionNames")
        found = [
            action
            for action in self._registry.actions.all()
            if (asked is None or action.of in asked) and (not names or action.name in names)
        ]
        page, more = cut_page(found, request, lambda one: (one.of.endpoint, one.of.variant, one.name))
        return {"ScheduledActions": [self._described(action) for action in page], **more}

    def _composed(self, of: ScaledVariant, known: ScheduledAction | None, request: Request) -> ScheduledAction:
        now = self._clock.now()
        schedule = request.get("Schedule") or (known.schedule if known else None)
        bounds = section(request, "ScalableTargetAction") or (known.bounds if known else None)
        if not schedule or not bounds:
            raise invalid(
                "A new scheduled action needs a Schedule, and a ScalableTargetAction with at least one bound."
            )
        timezone = request.get("Timezone") or (known.timezone if known else None)
        start, end = _utc(request.get("StartTime")), _utc(request.get("EndTime"))
        due = next_due(schedule, timezone, Window(start or now, end), now)
        if due is None:
            raise invalid(f'Schedule "{schedule}" is never due: its time, or its EndTime, is in the past.')
        return ScheduledAction(
            of,
            name=request["ScheduledActionName"],
            schedule=schedule,
            created=known.created if known else now,
            due=due,
            bounds=bounds,
            timezone=timezone,
            start=start,
            end=end,
        )

    def _described(self, action: ScheduledAction) -> dict[str, Any]:
        optional = {"Timezone": action.timezone, "StartTime": action.start, "EndTime": action.end}
        return {
            **action.of.identity,
            "ScheduledActionName": action.name,
            "ScheduledActionARN": self._arns.scheduled_action(action.of, action.name),
            "Schedule": action.schedule,
            "ScalableTargetAction": action.bounds,
            "CreationTime": action.created,
            **{member: value for member, value in optional.items() if value},
        }


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
