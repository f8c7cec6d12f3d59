"""Performs scheduled actions when they are due. After a pause each one acts once: bounds set twice are the same bounds."""

from dataclasses import replace
from datetime import datetime

from rollway.sandbox.autoscaling.acting import Acting
from rollway.sandbox.autoscaling.activities import Trigger
from rollway.sandbox.autoscaling.registry import Registry, ScheduledAction
from rollway.sandbox.autoscaling.schedules import Window, next_due


class Timetable:
    """The scheduled actions of one account."""

    def __init__(self, registry: Registry, acting: Acting) -> None:
        self._registry = registry
        self._acting = acting

    def tick(self, now: datetime) -> bool:
        """Perform what is due, and say whether anything was."""
        due = [action for action in self._registry.actions.all() if action.due and action.due <= now]
        for action in due:
            window = Window(action.due or now, action.end)  # a rate counts on from any moment at which it was due
            later = next_due(action.schedule, action.timezone, window, now)
            self._registry.actions.put(replace(action, due=later))
            self._perform(action)
        return bool(due)

    def _perform(self, action: ScheduledAction) -> None:
        target = self._registry.targets.find(action.of)
        if target is None or "ScheduledScalingSuspended" in target.suspended:
            return
        bounded = replace(
            target,
            minimum=action.bounds.get("MinCapacity", target.minimum),
            maximum=action.bounds.get("MaxCapacity", target.maximum),
        )
        if bounded.minimum > bounded.maximum:
            return  # AWS does not say what happens to bounds that cross; here the old ones stay
        self._registry.targets.put(bounded)
        self._acting.clamp(bounded, Trigger.SCHEDULE)
