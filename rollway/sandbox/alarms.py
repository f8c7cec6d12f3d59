"""The simulated CloudWatch's alarms: what an alarm says at a moment, by the metrics that the account has.

Who keeps the alarms is not known here; an adapter lends the book. Each alarm is looked at whenever one of its periods has ended. Where AWS
looks at more periods than an alarm names, for data that come late, this does not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import ge, gt, le, lt
from typing import Any, Final, Literal, Protocol

from rollway.sandbox.clock import Clock
from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics import MetricStore

AlarmState = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
_COMPARE: Final = {
    "GreaterThanThreshold": gt,
    "GreaterThanOrEqualToThreshold": ge,
    "LessThanThreshold": lt,
    "LessThanOrEqualToThreshold": le,
}


@dataclass(frozen=True)
class Alarm:
    """What an alarm looks at.

    Attributes:
        name: its name.
        query: GetMetricData's query for what is held against the threshold.
        period: length of a period, in seconds.
        periods: how many of the newest periods are looked at ...
        breaching: ... and how many of them make an alarm.
        operator: CloudWatch's name of the comparison.
        threshold: what is compared with.
        missing: what a period without data counts as: ``breaching``, ``notBreaching``, ``ignore`` or ``missing``.
    """

    name: str
    query: Mapping[str, Any]
    period: int
    periods: int
    breaching: int
    operator: str
    threshold: float
    missing: str


class Book(Protocol):
    """Who keeps the alarms."""

    def alarms(self) -> Iterable[Alarm]:
        """Return every alarm."""
        ...

    def state(self, name: str) -> AlarmState | None:
        """Return what an alarm says now, or None when there is none of that name."""
        ...

    def tell(self, name: str, state: AlarmState, reason: str) -> None:
        """Change what an alarm says."""
        ...


class EmptyBook:
    """Nobody keeps any."""

    def alarms(self) -> Iterable[Alarm]:
        """Return none."""
        return ()

    def state(self, name: str) -> AlarmState | None:
        """Know none."""
        del name
        return None

    def tell(self, name: str, state: AlarmState, reason: str) -> None:
        """Have nothing to change."""


class Alarms:
    """The account's alarms.

    Attributes:
        book: who keeps them; an adapter puts its own here.
    """

    def __init__(self, clock: Clock, metrics: MetricStore) -> None:
        self.book: Book = EmptyBook()
        self._clock = clock
        self._metrics = metrics
        self._looked_at: dict[str, int] = {}

    def tick(self) -> None:
        """Look at every alarm of which a period has ended since the last look. What somebody set by hand holds until then."""
        now = int(self._clock.now().timestamp())
        for alarm in self.book.alarms():
            ended = now // alarm.period * alarm.period
            if self._looked_at.get(alarm.name) == ended:
                continue
            self._looked_at[alarm.name] = ended
            state = self._evaluate(alarm, ended)
            if state and state != self.book.state(alarm.name):
                self.book.tell(alarm.name, state, f"the {alarm.periods} periods up to {_moment(ended):%H:%M:%S} UTC")

    def first_sounding(self, names: Iterable[str]) -> str | None:
        """Return the first of the alarms that is in ALARM now."""
        return next((name for name in names if self.book.state(name) == "ALARM"), None)

    def unknown(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return those of the names that no alarm has."""
        return tuple(name for name in names if self.book.state(name) is None)

    def _evaluate(self, alarm: Alarm, ended: int) -> AlarmState | None:
        """Say what an alarm comes to; None leaves it as it is."""
        first = ended - alarm.periods * alarm.period
        values = self._measure(alarm, first, ended)
        compare = _COMPARE[alarm.operator]
        beyond = sum(1 for value in values.values() if compare(value, alarm.threshold))
        silent = alarm.periods - len(values)
        if beyond + (silent if alarm.missing == "breaching" else 0) >= alarm.breaching:
            return "ALARM"
        if not values and alarm.missing in {"missing", "ignore"}:
            return "INSUFFICIENT_DATA" if alarm.missing == "missing" else None
        return "OK"

    def _measure(self, alarm: Alarm, first: int, ended: int) -> dict[datetime, float]:
        request = {"StartTime": _moment(first), "EndTime": _moment(ended), "MetricDataQueries": [alarm.query]}
        try:
            answer = self._metrics.query(request)
        except Refusal:
            return {}
        (result,) = answer["MetricDataResults"]
        until = _moment(ended) - timedelta(seconds=alarm.period)
        points = zip(result["Timestamps"], result["Values"], strict=True)
        return {moment: value for moment, value in points if moment <= until}


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
