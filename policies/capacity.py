"""How many instances a share of the traffic calls for: by the share alone, or by the load that was measured.

A count is never lower than what the share alone calls for: that much the baseline needs for the same part of its traffic. What is not
known is never guessed; the reason of each count says what it rests on.
"""

import math
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, PlainSerializer, field_validator

from policies.facts import Load
from policies.values import Duration, Frozen, Percent, Rate, format_duration, format_percent, format_rate

_LONGEST_MEMORY: Final = timedelta(days=14)
_MINUTE: Final = timedelta(minutes=1)

Bears = Annotated[
    Literal["measured"] | Rate, PlainSerializer(lambda value: value if value == "measured" else format_rate(value))
]
"""What one instance bears: requests per minute, or ``measured``."""


class CapacitySpec(Frozen):
    """How many instances the candidate gets.

    Attributes:
        requests_per_instance: what one instance bears, for example `600/min`, or `measured`: the most that one of the baseline's has borne
            in the last `looks_back`. The candidate then gets as many instances as the measured peak calls for, never fewer than its share
            of the baseline's. Without it, its share alone decides.
        headroom: how much more than the measured peak the instances have to bear.
        looks_back: over how long the peak is measured; at most 14d, since CloudWatch keeps minutes no longer.
        max_instances: the most that a measured peak may lead to.
    """

    requests_per_instance: Bears | None = None
    headroom: Annotated[Percent, Field(ge=0, le=10)] = 0.2
    looks_back: Duration = timedelta(hours=24)
    max_instances: Annotated[int, Field(ge=1)] | None = None

    @field_validator("looks_back")
    @classmethod
    def _is_remembered(cls, length: timedelta) -> timedelta:
        if not _MINUTE <= length <= _LONGEST_MEMORY:
            raise ValueError(
                f"{format_duration(length)} is not between 1m and 14d; CloudWatch keeps minutes for 15 days"
            )
        return length

    @property
    def measures(self) -> bool:
        """Whether planning needs the load."""
        return self.requests_per_instance is not None


class Count(Frozen):
    """A number of instances.

    Attributes:
        instances: the number.
        why: what it rests on, for a person.
    """

    instances: int
    why: str


class Sizing(Frozen):
    """What counts follow from.

    Attributes:
        spec: what the policy says.
        baseline: how many instances the baseline has.
        load: what was measured, or why nothing is known; None where the policy does not ask.
    """

    spec: CapacitySpec
    baseline: int
    load: Load | str | None = None

    def raise_to_load(self, count: Count, share: float) -> Count:
        """Return what a share (percent) of the peak calls for with headroom, or the count if that is no less or nothing is known."""
        if isinstance(self.load, str):
            return Count(instances=count.instances, why=f"{count.why}; the load is not known: {self.load}")
        per_instance = self._per_instance()
        if self.load is None or per_instance is None:
            return count
        needed = _round_up(self.load.peak * (1 + self.spec.headroom) * share / 100 / per_instance)
        more = f" and {format_percent(self.spec.headroom)} more" if self.spec.headroom else ""
        told = (
            f"{share:g} % of {self.load.peak:,.0f}/min, the peak of the last {format_duration(self.spec.looks_back)},{more}; "
            f"one instance bears {self._tell_bearing(per_instance)}"
        ).replace(",;", ";")
        return self._cap(count, Count(instances=needed, why=told))

    def for_all_traffic(self, most: int | None) -> Count:
        """Return what the candidate has to have before it serves alone; ``most`` is the maximum of its autoscaling.

        What the baseline has borne the peak with needs no headroom: it has shown that it suffices.
        """
        own = Count(instances=self.baseline, why="as many as the baseline")
        measured = self.spec.requests_per_instance == "measured"
        sizing = self.model_copy(update={"spec": self.spec.model_copy(update={"headroom": 0.0})}) if measured else self
        count = sizing.raise_to_load(own, 100)
        if most is not None and count.instances > max(most, self.baseline):
            told = f"{count.why}; no more than {most}, the maximum of its autoscaling"
            return Count(instances=max(most, self.baseline), why=told)
        return count

    def _per_instance(self) -> float | None:
        given = self.spec.requests_per_instance
        if given == "measured":
            return self.load.per_instance if isinstance(self.load, Load) else None
        return given

    def _tell_bearing(self, per_instance: float) -> str:
        measured = self.spec.requests_per_instance == "measured"
        return f"{per_instance:,.0f}/min, {'as measured' if measured else 'as the policy says'}"

    def _cap(self, least: Count, needed: Count) -> Count:
        if needed.instances <= least.instances:
            return least
        most = self.spec.max_instances
        if most is None or needed.instances <= most:
            return needed
        told = f"{needed.why}; that would be {needed.instances}, and max_instances is {most}"
        return Count(instances=max(least.instances, most), why=told)


def _round_up(value: float) -> int:
    """Return the next whole number, but not the one after it where only the arithmetic of floats got beyond."""
    return max(1, math.ceil(round(value, 6)))
