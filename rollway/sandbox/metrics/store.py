"""The simulated CloudWatch's metrics: what the rest of the sandbox records into and asks.

Time comes from the injected clock alone. Requests and answers carry AWS's members under AWS's names; a request that
AWS would turn down, or that is not simulated, raises ``Refusal``. Nothing here knows of moto or HTTP.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from rollway.sandbox.clock import Clock
from rollway.sandbox.metrics.archive import Archive, Target
from rollway.sandbox.metrics.distribution import StatisticSet
from rollway.sandbox.metrics.keys import epoch_second
from rollway.sandbox.metrics.listing import list_metrics
from rollway.sandbox.metrics.metric_data import get_metric_data
from rollway.sandbox.metrics.metric_statistics import get_metric_statistics
from rollway.sandbox.metrics.put import Datum, parse_put
from rollway.sandbox.metrics.view import SUB_MINUTE_RETENTION, View

_DEFAULT_RETENTION: Final = timedelta(days=15)
_SWEEP_EVERY_SECONDS: Final = 600
_SNAPSHOT_FORMAT: Final = 1


Gap: TypeAlias = tuple[Mapping[str, str], datetime, datetime]
"""What a datum's dimensions must hold to be swallowed (nothing: all are), the first such moment, the first after."""


class MetricStore:
    """All metrics of the simulated account.

    Attributes:
        delay: how long after its second a datum becomes visible; may change at any time, and then for old data too.
        gaps: stretches of time whose data are swallowed when recorded, for good; may change at any time.
    """

    def __init__(
        self, clock: Clock, *, delay: timedelta = timedelta(0), retention: timedelta = _DEFAULT_RETENTION
    ) -> None:
        self.delay = delay
        self.gaps: list[Gap] = []
        self._clock = clock
        self._retention = retention
        self._archive = Archive()
        self._next_sweep = 0
        self._latest: tuple[datetime | None, int] = (None, 0)

    def record(  # noqa: PLR0913 - the hot path: an object per observation would cost more than the recording
        self,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, str],
        value: float,
        *,
        at: datetime | None = None,
        count: float = 1,
    ) -> None:
        """Record one observation, seen ``count`` times, by a simulated service (any namespace, no validation).

        Args:
            namespace: for example ``AWS/SageMaker``.
            metric: the metric's name.
            dimensions: the exact dimension set.
            value: the observation; latencies of SageMaker are in microseconds.
            at: when it was observed; now if not given.
            count: how often; 0 records nothing.
        """
        moment = at or self._clock.now()
        if not count or (self.gaps and self._swallowed(dimensions, moment)):
            return
        second = self._second(moment)
        self._archive.add((namespace, metric, tuple(dimensions.items()), None), second, value, count)
        if second >= self._next_sweep:
            self._sweep(second)

    def record_each(
        self, namespace: str, metric: str, dimensions: Mapping[str, str], values: Sequence[float], at: datetime
    ) -> None:
        """Record several observations of one moment by a simulated service, in one go: far faster than one by one."""
        if self.gaps and self._swallowed(dimensions, at):
            return
        second = self._second(at)
        self._archive.extend((namespace, metric, tuple(dimensions.items()), None), second, values)
        if second >= self._next_sweep:
            self._sweep(second)

    def record_statistics(
        self,
        namespace: str,
        metric: str,
        dimensions: Mapping[str, str],
        statistics: StatisticSet,
        *,
        at: datetime | None = None,
    ) -> None:
        """Record data that were aggregated before: they have no percentiles any more."""
        self._store(Datum(namespace, metric, dimensions, at or self._clock.now(), statistics=statistics))

    def put(self, request: Mapping[str, Any]) -> None:
        """Answer PutMetricData: everything is stored, or nothing when one datum is wrong.

        Raises:
            Refusal: ``InvalidParameterValue`` or ``MissingParameter``, as AWS words them.
        """
        for datum in parse_put(request, self._clock.now()):
            self._store(datum)

    def query(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer GetMetricData.

        Raises:
            Refusal: ``ValidationError`` for a wrong request and for what is not simulated, ``InvalidNextToken``.
        """
        return get_metric_data(self._view(), request)

    def statistics(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer GetMetricStatistics.

        Raises:
            Refusal: ``InvalidParameterValue``, ``InvalidParameterCombination``.
        """
        return get_metric_statistics(self._view(), request)

    def list_metrics(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer ListMetrics: metrics with data in the past two weeks, each once, sorted.

        Raises:
            Refusal: ``InvalidParameterValue``.
        """
        return list_metrics(self._view(), request)

    def export(self) -> dict[str, Any]:
        """Return all data in JSON's types, large minutes compacted (see ``packing``); delay and gaps are settings."""
        return {"format": _SNAPSHOT_FORMAT, "series": self._archive.export()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace all data by what was exported.

        Raises:
            ValueError: when the state was written in another format.
        """
        if state.get("format") != _SNAPSHOT_FORMAT:
            raise ValueError(
                f"metrics were saved in format {state.get('format')!r}, this version reads {_SNAPSHOT_FORMAT}"
            )
        self._archive.restore(state["series"])

    def _second(self, moment: datetime) -> int:
        latest, second = self._latest
        if moment is not latest:  # one invocation records many values at one moment
            second = epoch_second(moment)
            self._latest = (moment, second)
        return second

    def _view(self) -> View:
        now = self._clock.now()
        return View(self._archive, epoch_second(now), epoch_second(now - self.delay) + 1)

    def _store(self, datum: Datum) -> None:
        if self._swallowed(datum.dimensions, datum.at):
            return
        second = epoch_second(datum.at)
        target: Target = (datum.namespace, datum.metric, tuple(datum.dimensions.items()), datum.unit)
        for value, count in datum.values:
            self._archive.add(target, second, value, count)
        if datum.statistics:
            self._archive.add_set(target, second, datum.statistics)
        if second >= self._next_sweep:
            self._sweep(second)

    def _swallowed(self, dimensions: Mapping[str, str], at: datetime) -> bool:
        return any(start <= at < until and wanted.items() <= dimensions.items() for wanted, start, until in self.gaps)

    def _sweep(self, second: int) -> None:
        now = epoch_second(self._clock.now())
        self._next_sweep = max(now, second) + _SWEEP_EVERY_SECONDS
        drop_before = now - int(self._retention.total_seconds())
        self._archive.prune(drop_before, now - int(SUB_MINUTE_RETENTION.total_seconds()))
