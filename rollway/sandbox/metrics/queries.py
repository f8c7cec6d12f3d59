"""What a GetMetricData request asks, read and checked; what is wrong is turned down in AWS's words, all at once."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics.expression import Expression, parse_expression
from rollway.sandbox.metrics.keys import MetricKey, epoch_second, requested_key
from rollway.sandbox.metrics.statistics import Statistic, parse_statistic
from rollway.sandbox.metrics.units import NO_UNIT, UNITS
from rollway.sandbox.metrics.view import is_period

_MAX_QUERIES: Final = 500
_MAX_DATAPOINTS: Final = 100_800
_MAX_EXPRESSION: Final = 2048
_ID: Final = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")
_ASCENDING: Final = {"TimestampDescending": False, "TimestampAscending": True}


@dataclass(frozen=True)
class MetricStat:
    """One statistic of one metric.

    Attributes:
        key: the metric.
        statistic: what to compute of each period.
        period: its length in seconds.
        unit: only data recorded in this unit, or None for all.
    """

    key: MetricKey
    statistic: Statistic
    period: int
    unit: str | None


@dataclass(frozen=True)
class Query:
    """One wanted result.

    Attributes:
        name: the query's ``Id``.
        label: what to show.
        returned: False when the result only serves expressions.
        source: where the data points come from.
    """

    name: str
    label: str
    returned: bool
    source: MetricStat | Expression


@dataclass(frozen=True)
class DataRequest:
    """A whole GetMetricData request.

    Attributes:
        queries: in the order of the request.
        window: first second, and first second after the last.
        ascending: oldest data points first.
        page_size: how many data points one answer may hold.
    """

    queries: Sequence[Query]
    window: tuple[int, int]
    ascending: bool
    page_size: int


def parse_data_request(request: Mapping[str, Any]) -> DataRequest:
    """Read a GetMetricData request.

    Raises:
        Refusal: ``ValidationError`` naming every wrong parameter, or the first expression that is not simulated.
    """
    members: Sequence[Mapping[str, Any]] = request.get("MetricDataQueries") or []
    problems = [*_request_problems(request, members)]
    for number, member in enumerate(members, start=1):
        problems += _query_problems(f"MetricDataQueries.member.{number}", member)
    if problems:
        raise Refusal("ValidationError", "".join(f"{problem}\n" for problem in problems))
    return DataRequest(
        queries=[_query(member) for member in members],
        window=(epoch_second(request["StartTime"]), epoch_second(request["EndTime"])),
        ascending=_ASCENDING[request.get("ScanBy") or "TimestampDescending"],
        page_size=request.get("MaxDatapoints") or _MAX_DATAPOINTS,
    )


def time_problems(request: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the times of a request."""
    start, end = request["StartTime"], request["EndTime"]
    if start == end:
        yield "The parameter StartTime must not equal parameter EndTime."
    if start > end:
        yield "The parameter StartTime must be less than the parameter EndTime."


def _request_problems(request: Mapping[str, Any], members: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not members:
        yield "The parameter MetricDataQueries is required."
    if len(members) > _MAX_QUERIES:
        yield f"The collection MetricDataQueries must not have a size greater than {_MAX_QUERIES}."
    if any(times > 1 for times in Counter(member.get("Id") for member in members).values()):
        yield "The values for parameter id in MetricDataQueries are not unique."
    if (request.get("ScanBy") or "TimestampDescending") not in _ASCENDING:
        yield f"The value {request['ScanBy']} for parameter ScanBy is invalid."
    if not 1 <= (request.get("MaxDatapoints") or 1) <= _MAX_DATAPOINTS:
        yield f"The parameter MaxDatapoints must be between 1 and {_MAX_DATAPOINTS}, not {request['MaxDatapoints']}."
    yield from time_problems(request)


def _query_problems(where: str, member: Mapping[str, Any]) -> Iterator[str]:
    if not _ID.fullmatch(member.get("Id") or ""):
        given, pattern = member.get("Id"), "^[a-z][a-zA-Z0-9_]*$"
        yield f"The value {given} for parameter {where}.Id is not matching the expected pattern {pattern}."
    if member.get("AccountId"):
        yield f"The parameter {where}.AccountId is not simulated: there is only one account."
    stat, expression = member.get("MetricStat"), member.get("Expression")
    if stat and expression:
        yield f"The parameters {where}.MetricStat and {where}.Expression are mutually exclusive: both are given."
    elif stat:
        yield from _stat_problems(f"{where}.MetricStat", stat)
    elif not expression:
        yield f"The parameter {where}.MetricStat is required."
    elif len(expression) > _MAX_EXPRESSION:
        yield f"The parameter {where}.Expression must not be longer than {_MAX_EXPRESSION} characters."


def _stat_problems(where: str, stat: Mapping[str, Any]) -> Iterator[str]:
    for name in ("Namespace", "MetricName"):
        if not stat["Metric"].get(name):
            yield f"The parameter {where}.Metric.{name} is required."
    if not is_period(stat["Period"]):
        yield f"The parameter {where}.Period must be 1, 5, 10, 20, 30 or a multiple of 60, not {stat['Period']}."
    if (stat.get("Unit") or NO_UNIT) not in UNITS:
        yield f"The value {stat['Unit']} for parameter {where}.Unit is invalid."
    if not parse_statistic(stat["Stat"]):
        yield f"The value {stat['Stat']} for parameter {where}.Stat is not a valid statistic."


def _query(member: Mapping[str, Any]) -> Query:
    name = member["Id"]
    source, label = _source(member), name
    if isinstance(source, MetricStat):
        label = source.key.metric
    return Query(name, member.get("Label") or label, member.get("ReturnData") is not False, source)


def _source(member: Mapping[str, Any]) -> MetricStat | Expression:
    stat = member.get("MetricStat")
    if not stat:
        return parse_expression(member["Expression"])
    statistic = parse_statistic(stat["Stat"])
    if statistic is None:
        raise ValueError(f"{stat['Stat']} was checked to be a statistic")
    return MetricStat(requested_key(stat["Metric"]), statistic, stat["Period"], stat.get("Unit"))
