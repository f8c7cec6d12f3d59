"""PutMetricData: what the simulated CloudWatch accepts, and what it turns down in AWS's words.

Not simulated, and so refused rather than dropped: ``EntityMetricData``. Not checked: the request's size of 1 MB.
``StorageResolution`` is checked and then means nothing: every metric keeps its seconds for three hours, like a
high-resolution metric.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics.distribution import StatisticSet
from rollway.sandbox.metrics.units import NO_UNIT, UNITS

_MAX_METRICS: Final = 1000
_MAX_VALUES: Final = 150
_MAX_DIMENSIONS: Final = 30
_MAX_NAME: Final = 255
_MAX_DIMENSION_VALUE: Final = 1024
_MAX_MAGNITUDE: Final = 2.0**360
_OLDEST: Final = timedelta(weeks=2)
_NEWEST: Final = timedelta(hours=2)


@dataclass(frozen=True)
class Datum:
    """One accepted datum.

    Attributes:
        namespace: the metric's namespace.
        metric: the metric's name.
        dimensions: the exact dimension set.
        at: the datum's timestamp.
        unit: the unit, or None for the one that the service publishes the metric in.
        values: raw values, each with its count.
        statistics: data that were aggregated before, if any.
    """

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    at: datetime
    unit: str | None = None
    values: Sequence[tuple[float, float]] = ()
    statistics: StatisticSet | None = None


def parse_put(request: Mapping[str, Any], now: datetime) -> list[Datum]:
    """Return the data of a PutMetricData request.

    Raises:
        Refusal: naming every wrong parameter; then nothing of the request counts.
    """
    if request.get("EntityMetricData"):
        raise Refusal("InvalidParameterValue", "EntityMetricData is not simulated: put the data in MetricData.")
    namespace: str = request.get("Namespace") or ""
    data: Sequence[Mapping[str, Any]] = request.get("MetricData") or ()
    if not data:
        raise Refusal("MissingParameter", "The parameter MetricData is required.")
    if len(data) > _MAX_METRICS:
        raise Refusal(
            "InvalidParameterValue", f"The collection MetricData must not have a size greater than {_MAX_METRICS}."
        )
    problems = list(_namespace_problems(namespace))
    for number, datum in enumerate(data, start=1):
        problems += _datum_problems(f"MetricData.member.{number}", datum, now)
    if problems:
        raise Refusal("InvalidParameterValue", "\n".join(problems))
    return [_accepted(namespace, datum, now) for datum in data]


def _namespace_problems(namespace: str) -> Iterator[str]:
    reserved = namespace.startswith("AWS/")
    if reserved or not _is_name(namespace):
        yield f"The value {'AWS/' if reserved else namespace} for parameter Namespace is invalid."


def _datum_problems(where: str, datum: Mapping[str, Any], now: datetime) -> Iterator[str]:
    if not _is_name(datum.get("MetricName", "")):
        yield f"The value {datum.get('MetricName', '')} for parameter {where}.MetricName is invalid."
    at = datum.get("Timestamp", now)
    if at < now - _OLDEST:
        yield f"The parameter {where}.Timestamp must specify a time within the past two weeks."
    if at > now + _NEWEST:
        yield f"The parameter {where}.Timestamp must specify a time no more than two hours in the future."
    if datum.get("Unit", NO_UNIT) not in UNITS:
        yield f"The value {datum['Unit']} for parameter {where}.Unit is invalid."
    if datum.get("StorageResolution", 60) not in {1, 60}:
        yield f"The value {datum['StorageResolution']} for parameter {where}.StorageResolution is not 1 or 60."
    yield from _dimension_problems(f"{where}.Dimensions", datum.get("Dimensions") or [])
    yield from _value_problems(where, datum)


def _dimension_problems(where: str, dimensions: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if len(dimensions) > _MAX_DIMENSIONS:
        yield f"The collection {where} must not have a size greater than {_MAX_DIMENSIONS}."
    names = [each["Name"] for each in dimensions]
    if len(names) > len(set(names)):
        yield f"The values for parameter Name in {where} are not unique."
    for number, each in enumerate(dimensions, start=1):
        if not _is_name(each["Name"]):
            yield f"The value {each['Name']} for parameter {where}.member.{number}.Name is invalid."
        if not _is_text(each["Value"], _MAX_DIMENSION_VALUE):
            yield f"The value {each['Value']} for parameter {where}.member.{number}.Value is invalid."


def _value_problems(where: str, datum: Mapping[str, Any]) -> Iterator[str]:
    given = [name for name in ("Value", "Values", "StatisticValues") if datum.get(name) not in (None, [])]
    if len(given) > 1:
        yield f"The parameters {where}.{given[0]} and {where}.{given[1]} are mutually exclusive: both are given."
    if not given:
        yield f"One of the parameters {where}.Value, {where}.Values and {where}.StatisticValues must be specified."
    if "Value" in given and not _is_number(datum["Value"]):
        yield f"The value {datum['Value']} for parameter {where}.Value is invalid."
    if "Values" in given:
        yield from _values_problems(where, datum["Values"], datum.get("Counts"))
    if "StatisticValues" in given:
        yield from _statistics_problems(f"{where}.StatisticValues", datum["StatisticValues"])


def _values_problems(where: str, values: Sequence[float], counts: Sequence[float] | None) -> Iterator[str]:
    if len(values) > _MAX_VALUES:
        yield f"The collection {where}.Values must not have a size greater than {_MAX_VALUES}."
    if counts is not None and len(counts) != len(values):
        yield f"The parameters {where}.Values and {where}.Counts must be of the same size."
    for number, value in enumerate(values, start=1):
        if not _is_number(value):
            yield f"The value {value} for parameter {where}.Values.member.{number} is invalid."
    for number, count in enumerate(counts or (), start=1):
        if not (_is_number(count) and count >= 0):
            yield f"The value {count} for parameter {where}.Counts.member.{number} is invalid."


def _statistics_problems(where: str, statistics: Mapping[str, float]) -> Iterator[str]:
    for name in ("SampleCount", "Sum", "Minimum", "Maximum"):
        if not _is_number(statistics[name]) or (name == "SampleCount" and statistics[name] <= 0):
            yield f"The value {statistics[name]} for parameter {where}.{name} is invalid."
    if statistics["Minimum"] > statistics["Maximum"]:
        yield f"The parameter {where}.Minimum must not be greater than the parameter {where}.Maximum."


def _accepted(namespace: str, datum: Mapping[str, Any], now: datetime) -> Datum:
    values, statistics = _observations(datum)
    dimensions: Sequence[Mapping[str, str]] = datum.get("Dimensions") or ()
    return Datum(
        namespace,
        datum["MetricName"],
        {each["Name"]: each["Value"] for each in dimensions},
        datum.get("Timestamp", now),
        datum.get("Unit", NO_UNIT),
        values,
        statistics,
    )


def _observations(datum: Mapping[str, Any]) -> tuple[Sequence[tuple[float, float]], StatisticSet | None]:
    """Return the raw values with their counts, or what was aggregated before."""
    if datum.get("Value") is not None:
        return [(float(datum["Value"]), 1.0)], None
    if values := datum.get("Values"):
        counts: Sequence[float] = datum.get("Counts") or [1.0] * len(values)
        pairs = zip(values, counts, strict=True)
        return [(float(value), float(count)) for value, count in pairs if count > 0], None
    given = datum["StatisticValues"]
    statistics = StatisticSet(*(float(given[name]) for name in ("SampleCount", "Sum", "Minimum", "Maximum")))
    low, high, samples, total = statistics.low, statistics.high, statistics.samples, statistics.total
    if low == high and math.isclose(total, low * samples):
        return [(low, samples)], None  # such a set hides nothing: CloudWatch computes its percentiles too
    return (), statistics


def _is_number(value: float) -> bool:
    return math.isfinite(value) and abs(value) <= _MAX_MAGNITUDE


def _is_text(text: str, longest: int) -> bool:
    return len(text) <= longest and bool(text.strip()) and text.isascii() and text.isprintable()


def _is_name(text: str) -> bool:
    return _is_text(text, _MAX_NAME) and not text.startswith(":")
