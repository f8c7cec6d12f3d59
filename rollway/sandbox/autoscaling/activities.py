"""The record of what autoscaling did, or failed to do: scaling activities, as DescribeScalingActivities shows them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from pydantic import TypeAdapter

from rollway.sandbox.autoscaling.names import ScaledVariant, described_variants
from rollway.sandbox.autoscaling.paging import SortKey, cut_page
from rollway.sandbox.clock import Clock
from rollway.sandbox.sagemaker.constraints import Request

_KEPT: Final = timedelta(weeks=6)  # as long as AWS shows them


class Trigger(StrEnum):
    """What made autoscaling act."""

    POLICY = "policy"
    SCHEDULE = "schedule"
    REGISTRATION = "registration"
    FAULT = "fault"


class State(StrEnum):
    """An activity's StatusCode."""

    IN_PROGRESS = "InProgress"
    SUCCESSFUL = "Successful"
    FAILED = "Failed"


@dataclass(frozen=True)
class Intent:
    """What is to be done and why: another capacity for a variant that has ``before`` now."""

    of: ScaledVariant
    before: int
    wanted: int
    trigger: Trigger
    cause: str

    @property
    def grows(self) -> bool:
        """Whether it scales out."""
        return self.wanted > self.before


@dataclass(frozen=True)
class Activity:
    """One attempt to carry out an intent."""

    number: int
    intent: Intent
    started: datetime
    state: State = State.IN_PROGRESS
    ended: datetime | None = None
    failure: str | None = None

    @property
    def sort_key(self) -> SortKey:
        """Newest first, as AWS lists activities."""
        return (f"{10**12 - self.number:013}",)

    def describe(self) -> dict[str, Any]:
        """Return the activity as AWS shows it."""
        ended = {"EndTime": self.ended} if self.ended else {}
        return {
            "ActivityId": str(uuid5(NAMESPACE_URL, f"{self.intent.of.resource_id}/{self.number}")),
            **self.intent.of.identity,
            "Description": f"Setting desired {self.intent.of.capacity} to {self.intent.wanted}.",
            "Cause": self.intent.cause,
            "StartTime": self.started,
            **ended,
            "StatusCode": self.state.value,
            "StatusMessage": self._message(),
        }

    def _message(self) -> str:
        wanted = f"desired {self.intent.of.capacity} to {self.intent.wanted}"
        match self.state:
            case State.IN_PROGRESS:
                return f"Successfully set {wanted}. Waiting for change to be fulfilled by sagemaker."
            case State.SUCCESSFUL:
                return f"Successfully set {wanted}. Change successfully fulfilled by sagemaker."
            case State.FAILED:
                return f"Failed to set {wanted}. Reason: {self.failure}"


_ACTIVITIES: Final = TypeAdapter(list[Activity])


class Activities:
    """The activities of the past six weeks, oldest first. Callers see to it that one changes them at a time.

    Attributes:
        revision: another number after every change.
    """

    def __init__(self, clock: Clock) -> None:
        self.revision = 0
        self._clock = clock
        self._kept: list[Activity] = []

    def begin(self, intent: Intent) -> None:
        """Record that an intent is being carried out."""
        self._add(intent, State.IN_PROGRESS)

    def fail(self, intent: Intent, why: str) -> None:
        """Record that an intent came to nothing."""
        self._add(intent, State.FAILED, why)

    def end(self, activity: Activity, failure: str | None = None) -> None:
        """Record how an activity in progress ended."""
        state = State.FAILED if failure else State.SUCCESSFUL
        ended = replace(activity, state=state, ended=self._clock.now(), failure=failure)
        self._kept = [ended if one is activity else one for one in self._kept]
        self.revision += 1

    def in_progress(self) -> list[Activity]:
        """Return the activities that are not over."""
        return [activity for activity in self._kept if activity.state is State.IN_PROGRESS]

    def last_by_policy(self, of: ScaledVariant, *, grows: bool) -> datetime | None:
        """Return when a policy last succeeded in scaling a variant out (or in): a cooldown counts from there."""
        ends = [
            one.ended
            for one in self._kept
            if one.state is State.SUCCESSFUL
            and (one.intent.of, one.intent.trigger, one.intent.grows) == (of, Trigger.POLICY, grows)
        ]
        return ends[-1] if ends else None

    def answer(self, request: Request) -> dict[str, Any]:
        """Answer DescribeScalingActivities. There are no "not scaled" ones: what is at its bounds is left alone."""
        asked = described_variants(request)
        found = [one for one in reversed(self._kept) if asked is None or one.intent.of in asked]
        page, more = cut_page(found, request, lambda one: one.sort_key)
        return {"ScalingActivities": [activity.describe() for activity in page], **more}

    def export(self) -> object:
        """Return everything kept, JSON-able."""
        return _ACTIVITIES.dump_python(self._kept, mode="json")

    def restore(self, state: object) -> None:
        """Replace everything kept by an exported state."""
        self._kept = _ACTIVITIES.validate_python(state)

    def _add(self, intent: Intent, state: State, failure: str | None = None) -> None:
        now = self._clock.now()
        number = self._kept[-1].number + 1 if self._kept else 1
        ended = None if state is State.IN_PROGRESS else now
        recent = [activity for activity in self._kept if activity.started >= now - _KEPT]
        self._kept = [*recent, Activity(number, intent, now, state, ended, failure)]
        self.revision += 1
