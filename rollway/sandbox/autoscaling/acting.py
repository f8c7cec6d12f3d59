"""Changes a variant's capacity on autoscaling's behalf, and keeps the record of it. Why and how far is decided elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rollway.sandbox.autoscaling.activities import Activities, Activity, Intent, Trigger
from rollway.sandbox.autoscaling.names import CONCURRENCY, ScaledVariant
from rollway.sandbox.autoscaling.registry import Target
from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics import MetricStore
from rollway.sandbox.sagemaker.deployment import Status
from rollway.sandbox.sagemaker.endpoints import Endpoints
from rollway.sandbox.sagemaker.resources import Account

_UNDER_WAY: Final = (Status.UPDATING, Status.ROLLING_BACK)


@dataclass(frozen=True)
class Reach:
    """What autoscaling sees and changes of the simulated account.

    Attributes:
        account: its clock and names.
        endpoints: what is scaled.
        metrics: what is scaled by.
        adjust: asks SageMaker for another capacity, as any caller would; raises ``Refusal``.
    """

    account: Account
    endpoints: Endpoints
    metrics: MetricStore
    adjust: Callable[[ScaledVariant, int], None]


class Acting:
    """Carries out intents. An endpoint that is busy refuses, and the intent is dropped: AWS does not queue it either."""

    def __init__(self, reach: Reach, activities: Activities) -> None:
        self._reach = reach
        self._activities = activities

    def count(self, of: ScaledVariant) -> int | None:
        """Return a variant's desired capacity, or None when there is no variant with capacity of that kind."""
        endpoints = self._reach.endpoints
        read = endpoints.desired_concurrency if of.dimension == CONCURRENCY else endpoints.desired_counts
        return read(of.endpoint).get(of.variant)

    def set_count(self, of: ScaledVariant, wanted: int, trigger: Trigger, cause: str) -> None:
        """Start a scaling activity, unless the variant has that count or does not exist."""
        before = self.count(of)
        if before is None or before == wanted:
            return
        intent = Intent(of, before, wanted, trigger, cause)
        try:
            self._reach.adjust(of, wanted)
        except Refusal as refusal:
            self._activities.fail(intent, refusal.message)
        else:
            self._activities.begin(intent)

    def clamp(self, target: Target, trigger: Trigger) -> None:
        """Bring a count that lies outside the target's bounds back into them."""
        before = self.count(target.of)
        if before is None:
            return
        bound, word = (target.minimum, "minimum") if before < target.minimum else (target.maximum, "maximum")
        self.set_count(target.of, target.clamp(before), trigger, f"{word} capacity was set to {bound}")

    def finish(self) -> None:
        """Record how the activities have ended whose endpoint is not changing any more."""
        for activity in self._activities.in_progress():
            if self._reach.endpoints.status(activity.intent.of.endpoint) not in _UNDER_WAY:
                self._activities.end(activity, self._failure(activity))

    def _failure(self, activity: Activity) -> str | None:
        count = self.count(activity.intent.of)
        if count is None:
            return "the variant is gone."
        return None if count == activity.intent.wanted else f"the change was taken back, the count is {count}."
