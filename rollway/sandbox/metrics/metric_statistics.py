"""GetMetricStatistics of the simulated CloudWatch: several statistics of one metric.

Data points come in no promised order, as in AWS; here those of one unit are together, oldest first.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rollway.sandbox.errors import Refusal
from rollway.sandbox.metrics.distribution import Distribution
from rollway.sandbox.metrics.keys import epoch_second, moment_of, requested_key
from rollway.sandbox.metrics.queries import time_problems
from rollway.sandbox.metrics.statistics import BASIC_STATISTICS, parse_statistic
from rollway.sandbox.metrics.view import View, is_period

_MAX_DATAPOINTS: Final = 1440
_MAX_STATISTICS: Final = 5
_MAX_EXTENDED: Final = 10


def get_metric_statistics(view: View, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer GetMetricStatistics.

    Raises:
        Refusal: ``InvalidParameterValue`` or ``InvalidParameterCombination``.
    """
    basic: Sequence[str] = request.get("Statistics") or ()
    extended: Sequence[str] = request.get("ExtendedStatistics") or ()
    if problems := [*_value_problems(request, basic, extended)]:
        raise Refusal("InvalidParameterValue", "\n".join(problems))
    if problems := [*_combination_problems(request, basic, extended)]:
        raise Refusal("InvalidParameterCombination", "\n".join(problems))
    key, window = requested_key(request), (epoch_second(request["StartTime"]), epoch_second(request["EndTime"]))
    datapoints: list[dict[str, Any]] = []
    for unit in view.archive.units(key, request.get("Unit")):
        for first, data in view.periods(key, unit, request["Period"], window):
            if values := _values(data, basic, extended):
                datapoints.append({"Timestamp": moment_of(first), "Unit": unit, **values})
    return {"Label": key.metric, "Datapoints": datapoints}


def _values(data: Distribution, basic: Sequence[str], extended: Sequence[str]) -> dict[str, Any]:
    """Return the statistics of one period that exist; empty when none does."""
    named = ((name, parse_statistic(name)) for name in (*basic, *extended))
    computed = {name: value for name, statistic in named if statistic and (value := statistic.of(data)) is not None}
    if extended and computed:
        return {"ExtendedStatistics": computed}
    return computed


def _value_problems(request: Mapping[str, Any], basic: Sequence[str], extended: Sequence[str]) -> Iterator[str]:
    if not is_period(request["Period"]):
        yield f"The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60, not {request['Period']}."
    yield from time_problems(request)
    if len(basic) > _MAX_STATISTICS:
        yield f"The collection Statistics must not have a size greater than {_MAX_STATISTICS}."
    if len(extended) > _MAX_EXTENDED:
        yield f"The collection ExtendedStatistics must not have a size greater than {_MAX_EXTENDED}."
    for statistic in basic:
        if statistic not in BASIC_STATISTICS:
            yield f"The value {statistic} for parameter Statistics is not a valid statistic."
    for statistic in extended:
        if statistic in BASIC_STATISTICS or not parse_statistic(statistic):
            yield f"The value {statistic} for parameter ExtendedStatistics is not a valid statistic."


def _combination_problems(request: Mapping[str, Any], basic: Sequence[str], extended: Sequence[str]) -> Iterator[str]:
    if bool(basic) == bool(extended):
        yield "Must specify either Statistics or ExtendedStatistics"
    span = epoch_second(request["EndTime"]) - epoch_second(request["StartTime"])
    wanted = -(-span // request["Period"])
    if wanted > _MAX_DATAPOINTS:
        yield (
            f"You have requested up to {wanted:,} datapoints, which exceeds the limit of {_MAX_DATAPOINTS:,}. You may "
            "reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
