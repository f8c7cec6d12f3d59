"""The faults that the simulated AWS can be told to have, and the one object that answers "does it happen now?".

Faults are declarative values with names; chance is seeded. Nothing here changes anything: the cloud asks.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from pydantic import TypeAdapter

from rollway.sandbox.clock import Clock
from rollway.sandbox.fault_menu import (
    CapacityRefused,
    ChangeRollsBack,
    Denied,
    ExpiredCredentials,
    Fault,
    FaultBase,
    GuardrailsIgnored,
    InstanceQuota,
    LostAnswer,
    MetricDelay,
    ModelErrors,
    Outage,
    OutsideChange,
    ScalingActivity,
    ScheduleFires,
    Slow,
    Stuck,
    SystemUpdating,
    Throttle,
    UpdateRollbackFails,
    UpdateRollsBack,
)

_F = TypeVar("_F", bound=FaultBase)


@dataclass
class Planted:
    """A fault at work: since when it holds and how many times it still strikes (None: no limit)."""

    fault: Fault
    since: datetime
    left: int | None

    @property
    def until(self) -> datetime | None:
        """When the fault is over by itself, or None."""
        duration: timedelta | None = getattr(self.fault, "duration", None)
        return None if duration is None else self.since + duration

    def holds(self, now: datetime) -> bool:
        """Whether the fault is at work now."""
        return self.since <= now and (self.until is None or now < self.until)


class Faults:
    """The faults planted in one simulated account. Safe to ask from several threads."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._seed = seed
        self._luck: dict[tuple[str, str], Random] = {}
        self._lock = threading.Lock()
        self._planted: list[Planted] = []
        self._watchers: list[Callable[[Planted], None]] = []

    def watch(self, watcher: Callable[[Planted], None]) -> None:
        """Have ``watcher`` called with every fault that is planted from now on."""
        self._watchers.append(watcher)

    def plant(self, fault: Fault) -> None:
        """Put a fault to work, ``fault.after`` from now."""
        planted = Planted(fault, self._clock.now() + fault.after, getattr(fault, "times", None))
        with self._lock:
            self._planted.append(planted)
        for watcher in self._watchers:
            watcher(planted)

    def clear(self) -> None:
        """Remove every fault. What they have done already stays done."""
        with self._lock:
            self._planted.clear()

    def throttled(self, operation: str) -> bool:
        """Say whether this call of ``operation`` is to be refused, and count it."""
        return self._strike(Throttle, lambda fault: fault.operation in (operation, "*")) is not None

    def outage(self, service: str, bucket: str) -> Outage | None:
        """Return why a request to the service, about an S3 bucket or none, fails now, if it does."""
        return next((fault for fault in self._active(Outage) if fault.covers(service, bucket)), None)

    def credentials_expired(self) -> bool:
        """Say whether the caller's token is over now."""
        return any(True for _ in self._active(ExpiredCredentials))

    def denied(self, operation: str) -> bool:
        """Say whether callers may not use the operation now."""
        return any(fault.operation in (operation, "*") for fault in self._active(Denied))

    def answer_lost(self, operation: str) -> bool:
        """Say whether this call of ``operation``, which was carried out, is to look failed, and count it."""
        return self._strike(LostAnswer, lambda fault: fault.operation in (operation, "*")) is not None

    def schedule_fires(self) -> ScheduleFires | None:
        """Return how the schedule's invocation that is due now goes wrong, if it does, and count it."""
        return self._strike(ScheduleFires, lambda _: True)

    def capacity_refused(self, variants: list[str]) -> str | None:
        """Return which of the variants that need new instances gets none, if one does, and count it."""
        struck = self._strike(CapacityRefused, lambda fault: fault.variant in variants)
        return struck.variant if struck else None

    def update_fate(self) -> UpdateRollsBack | UpdateRollbackFails | None:
        """Return how the UpdateEndpoint that starts now goes wrong, if it does, and count it."""
        return self._strike(UpdateRollsBack, lambda _: True) or self._strike(UpdateRollbackFails, lambda _: True)

    def change_rolled_back(self) -> bool:
        """Say whether the change of weights or counts that starts now is taken back, and count it."""
        return self._strike(ChangeRollsBack, lambda _: True) is not None

    def delayed(self, operation: str) -> timedelta:
        """Return how much longer the change takes that an operation starts now, and count it."""
        struck = self._strike(Stuck, lambda fault: fault.operation in (operation, "*"))
        return struck.by if struck else timedelta(0)

    def instance_quota(self) -> int | None:
        """Return how many instances an endpoint may have now, or None without such a limit."""
        return min((fault.instances for fault in self._active(InstanceQuota)), default=None)

    def guardrails_ignored(self) -> bool:
        """Say whether the guarded UpdateEndpoint that starts now loses its guardrails, and count it."""
        return self._strike(GuardrailsIgnored, lambda _: True) is not None

    def system_updating(self, endpoint: str) -> bool:
        """Say whether AWS maintains the endpoint now."""
        return any(fault.endpoint in (endpoint, None) for fault in self._active(SystemUpdating))

    def outside_changes(self) -> list[OutsideChange]:
        """Return the outside changes that are due and not :meth:`settle`-d yet."""
        return list(self._active(OutsideChange))

    def scaling_activities(self) -> list[ScalingActivity]:
        """Return autoscaling's activities that are due and not :meth:`settle`-d yet."""
        return list(self._active(ScalingActivity))

    def settle(self, change: OutsideChange | ScalingActivity) -> bool:
        """Forget a change whose time has come, and say whether the caller is the one to make it."""
        with self._lock:
            for planted in self._planted:
                if planted.fault is change:
                    self._planted.remove(planted)
                    return True
        return False

    def slowed(self, variant: str) -> timedelta:
        """Return how much longer this request to the variant takes (seeded chance)."""
        return sum((fault.by for fault in self._active(Slow) if self._hits(fault, variant)), timedelta(0))

    def model_error(self, variant: str) -> int | None:
        """Return the HTTP status with which the variant fails this request, or None (seeded chance)."""
        return next((fault.status for fault in self._active(ModelErrors) if self._hits(fault, variant)), None)

    def metric_delay(self) -> timedelta:
        """Return how much later than usual metrics become visible now."""
        return max((fault.by for fault in self._active(MetricDelay)), default=timedelta(0))

    @property
    def any_planted(self) -> bool:
        """Whether any fault is planted, one that waits for its time included."""
        return bool(self._planted)

    def planted(self) -> list[Planted]:
        """Return the faults that are planted, those that wait for their time included."""
        with self._lock:
            return list(self._planted)

    def export(self) -> list[object]:
        """Return the planted faults as JSON-able values."""
        with self._lock:
            return _PLANTED.dump_python(self._planted, mode="json")

    def restore(self, state: list[object]) -> None:
        """Replace the planted faults by exported ones."""
        with self._lock:
            self._planted = _PLANTED.validate_python(state)

    def _hits(self, fault: Slow | ModelErrors, variant: str) -> bool:
        """Whether a fault of a share of the requests hits this one. Each kind and variant has chance of its own, request by request."""
        if fault.variant != variant:
            return False
        luck = self._luck.get((fault.fault, variant))
        if luck is None:  # a later one must not begin from the seed again
            fresh = Random(f"{self._seed}/{fault.fault}/{variant}")  # noqa: S311 - seeded chance for a rehearsal, not a secret
            luck = self._luck.setdefault((fault.fault, variant), fresh)
        return luck.random() * 100 < fault.share

    def _active(self, kind: type[_F]) -> Iterator[_F]:
        if not self._planted:  # the data plane asks per request
            return
        now = self._clock.now()
        for planted in tuple(self._planted):
            if isinstance(planted.fault, kind) and planted.holds(now):
                yield planted.fault

    def _strike(self, kind: type[_F], matches: Callable[[_F], bool]) -> _F | None:
        now = self._clock.now()
        with self._lock:
            for planted in self._planted:
                fault = planted.fault
                if isinstance(fault, kind) and planted.holds(now) and matches(fault):
                    self._count_down(planted)
                    return fault
        return None

    def _count_down(self, planted: Planted) -> None:
        if planted.left is None:
            return
        planted.left -= 1
        if planted.left <= 0:
            self._planted.remove(planted)


_PLANTED: TypeAdapter[list[Planted]] = TypeAdapter(list[Planted])
