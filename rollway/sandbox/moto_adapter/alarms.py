"""Lends the simulated account moto's book of alarms: moto keeps them, the account says what state they are in."""

from collections.abc import Iterable
from typing import Any, cast

from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends

from rollway.sandbox.alarms import Alarm, AlarmState
from rollway.sandbox.cloud import Cloud
from rollway.sandbox.moto_adapter.patch import Patch

_COMPARISONS = frozenset(
    {"GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"}
)


def patches() -> list[Patch]:
    """Return what makes a new alarm begin without data, and one that is put again keep its state, as AWS has it."""
    return [Patch(CloudWatchBackend, "put_metric_alarm", _keeping_states(CloudWatchBackend.put_metric_alarm))]


def _keeping_states(original: Any) -> Any:  # noqa: ANN401 - moto's methods are untyped to us
    def put_metric_alarm(backend: Any, name: str, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
        before = backend.alarms.get(name)
        alarm = original(backend, name, *given, **named)
        alarm.state_value = before.state_value if before else "INSUFFICIENT_DATA"
        return alarm

    return put_metric_alarm


class MotoBook:
    """The alarms of the account and Region in moto; those on metric math, composites and anomalies stay as they are."""

    def __init__(self, cloud: Cloud) -> None:
        self._account, self._region = cloud.settings.account_id, cloud.settings.region

    def alarms(self) -> Iterable[Alarm]:
        """Return every alarm on metrics."""
        kept = list(self._kept.values())
        return [_read(alarm) for alarm in kept if alarm.metric_name and alarm.comparison_operator in _COMPARISONS]

    def state(self, name: str) -> AlarmState | None:
        """Return what an alarm says now, or None when there is none of that name."""
        alarm = self._kept.get(name)
        return cast("AlarmState", alarm.state_value) if alarm else None

    def tell(self, name: str, state: AlarmState, reason: str) -> None:
        """Change what an alarm says."""
        self._kept[name].update_state(reason, "", state)

    @property
    def _kept(self) -> dict[str, Any]:
        return cast("dict[str, Any]", cloudwatch_backends[self._account][self._region].alarms)


def _read(alarm: Any) -> Alarm:  # noqa: ANN401 - moto's classes are untyped to us
    periods = int(alarm.evaluation_periods)
    return Alarm(
        name=alarm.name,
        query=_query(alarm),
        period=int(alarm.period),
        periods=periods,
        breaching=int(alarm.datapoints_to_alarm or periods),
        operator=alarm.comparison_operator,
        threshold=float(alarm.threshold),
        missing=alarm.treat_missing_data or "missing",
    )


def _query(alarm: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    dimensions = [{"Name": each.name, "Value": each.value} for each in alarm.dimensions or ()]
    metric = {"Namespace": alarm.namespace, "MetricName": alarm.metric_name, "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": int(alarm.period), "Stat": alarm.statistic or alarm.extended_statistic}
    return {"Id": "m1", "MetricStat": stat, "ReturnData": True}
