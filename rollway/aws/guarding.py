"""The alarms around an update by SageMaker's guardrails: making them, keeping their pulse, sounding one, removing them.

An alarm is SageMaker's to heed. So each is read back before it counts as there, and none may be in ALARM before the update begins.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from policies.commands import ArmGuard, CommandResult, RemoveGuard, SoundAlarm, explain
from policies.guard import Alarm, Guard
from rollway.aws.errors import translating
from rollway.aws.session import Aws

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

_MINUTE_S: Final = 60
_BASIC: Final = frozenset({"Average", "Sum", "Minimum", "Maximum", "SampleCount"})


def arm_guard(aws: Aws, command: ArmGuard) -> CommandResult:
    """Make the alarms of a guarded update, with a first sign of life.

    Returns:
        ``busy`` while an alarm is in ALARM, or not seen yet: SageMaker would take the update back at once.

    Raises:
        AwsError: AWS turned a request down.
    """
    guard = command.guard
    show_pulse(aws, command)
    for alarm in guard.alarms:
        with translating("PutMetricAlarm", f"alarm {alarm.name}"):
            aws.cloudwatch.put_metric_alarm(**_definition(alarm))
    states = _read_states(aws, guard)
    unready = sorted(alarm.name for alarm in guard.alarms if states.get(alarm.name, "ALARM") == "ALARM")
    if unready:
        return CommandResult(
            status="busy", message=f"{explain(command)}: {', '.join(unready)} in ALARM, or not there yet"
        )
    return CommandResult(status="done", message=f"{explain(command)}: all quiet")


def put_off(aws: Aws, command: ArmGuard) -> CommandResult:
    """Show that a process of ours is alive.

    Raises:
        AwsError: AWS turned the request down.
    """
    show_pulse(aws, command)
    return CommandResult(status="done", message="the pulse was shown")


def show_pulse(aws: Aws, command: ArmGuard) -> None:
    """Publish a sign of life for the present period, and for the one before it, of which nobody has heard yet at the first time.

    Raises:
        AwsError: AWS turned the request down.
    """
    pulse = command.guard.pulse
    if pulse is None:
        return
    moments = (command.at, command.at - timedelta(seconds=pulse.period_s))
    _publish(aws, pulse, [{**_datum(pulse, 0.0), "Timestamp": moment} for moment in moments])


def sound_alarm(aws: Aws, command: SoundAlarm) -> CommandResult:
    """Have our alarm go off: at once by its state, and for longer by its metric, which it is evaluated by again soon.

    Raises:
        AwsError: AWS turned a request down.
    """
    alarm = command.alarm
    _publish(aws, alarm, [_datum(alarm, 1.0)])
    with translating("SetAlarmState", f"alarm {alarm.name}"):
        aws.cloudwatch.set_alarm_state(
            AlarmName=alarm.name, StateValue="ALARM", StateReason="Rollway takes this update back"
        )
    return CommandResult(status="done", message=f"{explain(command)}: it goes off")


def remove_guard(aws: Aws, command: RemoveGuard) -> CommandResult:
    """Delete the alarms of a guarded update, those that are there.

    Raises:
        AwsError: AWS turned a request down.
    """
    present = sorted(_read_states(aws, command.guard))
    if not present:
        return CommandResult(status="done", message=f"{explain(command)}: none is there")
    with translating("DeleteAlarms", ", ".join(present)):
        aws.cloudwatch.delete_alarms(AlarmNames=present)
    return CommandResult(status="done", message=f"{explain(command)}: gone")


def read_alarm_states(aws: Aws, names: Iterable[str]) -> dict[str, str]:
    """Return the states of the alarms of those names, also composite ones; one that does not exist is absent.

    Raises:
        AwsError: AWS turned the request down.
    """
    wanted = list(names)
    if not wanted:
        return {}
    with translating("DescribeAlarms", ", ".join(wanted)):
        answer = aws.cloudwatch.describe_alarms(AlarmNames=wanted, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    found = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
    return {str(alarm.get("AlarmName")): str(alarm.get("StateValue")) for alarm in cast("list[dict[str, Any]]", found)}


def _read_states(aws: Aws, guard: Guard) -> dict[str, str]:
    return read_alarm_states(aws, [alarm.name for alarm in guard.alarms])


def _definition(alarm: Alarm) -> Any:  # noqa: ANN401 - a request with either Statistic or ExtendedStatistic
    upper = alarm.at_most is not None
    statistic = "Statistic" if alarm.statistic in _BASIC else "ExtendedStatistic"
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": "Made by Rollway for one update of a SageMaker endpoint; it is deleted when that is over.",
        "Namespace": alarm.namespace,
        "MetricName": alarm.metric,
        statistic: alarm.statistic,
        "Dimensions": [{"Name": name, "Value": value} for name, value in alarm.dimensions.items()],
        "Period": alarm.period_s,
        "EvaluationPeriods": alarm.of,
        "DatapointsToAlarm": alarm.breaches,
        "Threshold": alarm.at_most if upper else alarm.at_least,
        "ComparisonOperator": "GreaterThanThreshold" if upper else "LessThanThreshold",
        "TreatMissingData": alarm.silence,
    }


def _datum(alarm: Alarm, value: float) -> MetricDatumTypeDef:
    return {
        "MetricName": alarm.metric,
        "Dimensions": [{"Name": name, "Value": each} for name, each in alarm.dimensions.items()],
        "Value": value,
        "StorageResolution": 1 if alarm.period_s < _MINUTE_S else _MINUTE_S,
    }


def _publish(aws: Aws, alarm: Alarm, data: list[MetricDatumTypeDef]) -> None:
    with translating("PutMetricData", f"metric {alarm.metric}"):
        aws.cloudwatch.put_metric_data(Namespace=alarm.namespace, MetricData=data)
