"""The simulated Application Auto Scaling as a whole: its operations, and what it does by itself as time passes."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from rollway.sandbox.autoscaling.acting import Acting, Reach
from rollway.sandbox.autoscaling.activities import Activities, Trigger
from rollway.sandbox.autoscaling.names import SERVICE, ScaledVariant, ScalingArns
from rollway.sandbox.autoscaling.policies import PolicyOperations
from rollway.sandbox.autoscaling.registry import Registry
from rollway.sandbox.autoscaling.scheduled_actions import ScheduledActionOperations
from rollway.sandbox.autoscaling.targets import TargetOperations
from rollway.sandbox.autoscaling.timetable import Timetable
from rollway.sandbox.autoscaling.tracker import Tracker
from rollway.sandbox.sagemaker.constraints import Request, check_constraints


class Autoscaling:
    """One account's autoscaling. Safe to use from several threads.

    It takes its own lock before an endpoint's, and endpoints never wait for it: they only read and drop registrations.
    """

    def __init__(self, registry: Registry, reach: Reach, changed: Callable[[], None]) -> None:
        """``changed`` is called after every change of what is exported."""
        self._registry = registry
        self._clock = reach.account.clock
        self._changed = changed
        self._lock = threading.RLock()
        self._activities = Activities(self._clock)
        self._acting = Acting(reach, self._activities)
        self._timetable = Timetable(registry, self._acting)
        self._tracker = Tracker(registry, reach, self._acting, self._activities)
        self._operations = self._all_operations(ScalingArns(reach.account.arns))

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations that are simulated here."""
        return tuple(self._operations)

    def answer(self, operation: str, request: Request) -> dict[str, Any]:
        """Answer a request that was let in already: check it, do it.

        Raises:
            Refusal: when the simulated autoscaling turns it down.
        """
        check_constraints(operation, request, SERVICE)
        with self._lock:
            answer = self._operations[operation](request)
        if not operation.startswith("Describe"):
            self._changed()
        return answer

    def tick(self) -> None:
        """Do everything that is due at the present moment."""
        with self._lock:
            before = self._activities.revision
            self._acting.finish()
            now = self._clock.now()
            acted = self._timetable.tick(now)
            self._tracker.tick(now)
            changed = acted or self._activities.revision != before
        if changed:
            self._changed()

    def act_now(self, of: ScaledVariant, instances: int) -> None:
        """Have autoscaling set a variant's count, whatever is registered: an activity that was decided on earlier."""
        with self._lock:
            self._acting.set_count(of, instances, Trigger.FAULT, "a fault of the rehearsal")
        self._changed()

    def export(self) -> dict[str, Any]:
        """Return everything kept, JSON-able."""
        return {"registry": self._registry.export(), "activities": self._activities.export()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace everything kept by an exported state."""
        self._registry.restore(state["registry"])
        self._activities.restore(state["activities"])

    def _all_operations(self, arns: ScalingArns) -> dict[str, Callable[[Request], dict[str, Any]]]:
        targets = TargetOperations(self._registry, self._acting, arns, self._clock)
        policies = PolicyOperations(self._registry, arns, self._clock)
        actions = ScheduledActionOperations(self._registry, arns, self._clock)
        return {
            "RegisterScalableTarget": targets.register,
            "DeregisterScalableTarget": targets.deregister,
            "DescribeScalableTargets": targets.describe,
            "PutScalingPolicy": policies.put,
            "DescribeScalingPolicies": policies.describe,
            "DeleteScalingPolicy": policies.delete,
            "PutScheduledAction": actions.put,
            "DescribeScheduledActions": actions.describe,
            "DeleteScheduledAction": actions.delete,
            "DescribeScalingActivities": self._activities.answer,
        }
