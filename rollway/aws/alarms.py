"""Reading CloudWatch's alarms: which of them look at an endpoint. Changes none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from policies.lint.subject import Alarm
from rollway.aws.errors import translating
from rollway.aws.session import Aws

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import CompositeAlarmTypeDef, MetricAlarmTypeDef

_ENDPOINT: Final = "EndpointName"
_VARIANT: Final = "VariantName"


def read_alarms(aws: Aws, endpoint: str) -> tuple[Alarm, ...]:
    """Return the alarms that look at an endpoint, sorted by name.

    CloudWatch finds alarms by metric, not by dimension, so all of the account and Region are read. An alarm of which an acting composite
    alarm makes use acts through it.

    Raises:
        AwsError: AWS turned a request down.
    """
    simple: list[MetricAlarmTypeDef] = []
    composite: list[CompositeAlarmTypeDef] = []
    with translating("DescribeAlarms", "all alarms"):
        kinds = aws.cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        for page in kinds:
            simple += page.get("MetricAlarms", [])
            composite += page.get("CompositeAlarms", [])
    rules = [each.get("AlarmRule", "") for each in composite if _acts(cast("Mapping[str, Any]", each))]
    found = (_read_alarm(cast("Mapping[str, Any]", alarm), endpoint, rules) for alarm in simple)
    return tuple(sorted((alarm for alarm in found if alarm is not None), key=lambda alarm: alarm.name))


def _read_alarm(answer: Mapping[str, Any], endpoint: str, rules: Iterable[str]) -> Alarm | None:
    """Return an alarm, or None when it looks at something else."""
    metrics = [metric for metric in _metrics(answer) if metric[1].get(_ENDPOINT) == endpoint]
    if not metrics:
        return None
    name = answer["AlarmName"]
    return Alarm(
        name=name,
        metrics=tuple(dict.fromkeys(metric for metric, _ in metrics)),
        variants=tuple(dict.fromkeys(of[_VARIANT] for _, of in metrics if _VARIANT in of)),
        acts=_acts(answer) or any(f'"{name}"' in rule or f"({name})" in rule for rule in rules),
        state=answer.get("StateValue", ""),
    )


def _metrics(answer: Mapping[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Return every metric that an alarm looks at, each with its dimensions."""
    queried = [query.get("MetricStat", {}).get("Metric", {}) for query in answer.get("Metrics") or ()]
    return [
        (metric.get("MetricName", ""), {each["Name"]: each["Value"] for each in metric.get("Dimensions") or ()})
        for metric in (answer, *queried)
    ]


def _acts(answer: Mapping[str, Any]) -> bool:
    return bool(answer.get("ActionsEnabled", True) and answer.get("AlarmActions"))
