"""Both arms' metrics as one table of strata: which CloudWatch metric makes which column, and what counts as a value.

Pure: reads nothing. A period is a row only if CloudWatch has its ``Invocations``; the error metrics of such a period
are 0 when absent, since SageMaker publishes them only beside requests.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import pandas as pd

from policies.errors import TransientAwsError
from policies.observation import ARMS, Arm, MetricsRequest, SeriesRequest
from policies.strata.names import COUNT_COLUMNS, HISTOGRAM_COLUMN, LATENCY_COLUMNS, STRATA_COLUMNS
from rollway.aws.latency_bins import Histogram
from rollway.aws.metric_data import QueryKey, Values

Histograms = Mapping[tuple[str, datetime], Histogram]
"""Latency histograms by arm and minute."""

NAMESPACE: Final = "AWS/SageMaker"
MINUTE_DTYPE: Final = "datetime64[us, UTC]"

_LATENCY: Final = "ModelLatency"
_SOURCES: Final = {
    "invocations": ("Invocations", "Sum"),
    "errors_4xx": ("Invocation4XXErrors", "Sum"),
    "errors_5xx": ("Invocation5XXErrors", "Sum"),
    "model_errors": ("InvocationModelErrors", "Sum"),
    "latency_count": (_LATENCY, "SampleCount"),
    "latency_sum_us": (_LATENCY, "Sum"),
    "latency_min_us": (_LATENCY, "Minimum"),
    "latency_max_us": (_LATENCY, "Maximum"),
}
_DTYPES: Final = (
    {"minute": MINUTE_DTYPE, "arm": "str"}
    | dict.fromkeys(COUNT_COLUMNS, "int64")
    | dict.fromkeys(LATENCY_COLUMNS, "float64")
    | {HISTOGRAM_COLUMN: "object"}
)
_WHOLE_WITHIN: Final = 1e-6


def strata_queries(request: MetricsRequest) -> dict[QueryKey, SeriesRequest]:
    """Return the queries for all columns of both arms, by arm and column."""
    return {
        (arm, column): _of_arm(request, arm, metric, statistic)
        for arm in request.arms
        for column, (metric, statistic) in _SOURCES.items()
    }


def histogram_queries(request: MetricsRequest, statistics: Mapping[int, str]) -> dict[QueryKey, SeriesRequest]:
    """Return the queries for statistics of both arms' latency, by arm and the statistic's number as text."""
    return {
        (arm, str(number)): _of_arm(request, arm, _LATENCY, statistic)
        for arm in request.arms
        for number, statistic in statistics.items()
    }


def build_strata(values: Mapping[QueryKey, Values]) -> pd.DataFrame:
    """Make the table that ``policies.observation.Metrics`` describes, sorted by minute and arm, still without histograms.

    Raises:
        TransientAwsError: a value is impossible (negative, infinite, or a count that is no whole number): the arms
            could not be measured, which is not the same as measuring nothing.
    """
    rows = [_build_row(values, arm, minute) for arm in ARMS for minute in values.get((arm, "invocations"), {})]
    frame = pd.DataFrame(rows, columns=list(STRATA_COLUMNS)).astype(_DTYPES)
    return frame.sort_values(["minute", "arm"], ignore_index=True)


def attach_histograms(strata: pd.DataFrame, histograms: Histograms) -> pd.DataFrame:
    """Return the table with its histograms: only those that hold exactly the requests that their minute has by now."""
    keys = zip(strata["arm"], strata["minute"], strict=True)
    found = [histograms.get(key) for key in keys]
    current = [
        histogram if histogram is not None and sum(histogram.values()) == requests else None
        for histogram, requests in zip(found, strata["latency_count"], strict=True)
    ]
    return strata.assign(**{HISTOGRAM_COLUMN: pd.Series(current, index=strata.index, dtype="object")})


def build_series(name: str, values: Values) -> pd.Series:
    """Make one series of floats, indexed by the period's start, in order.

    Raises:
        TransientAwsError: a value is not finite.
    """
    for value in values.values():
        if not math.isfinite(value):
            raise _impossible(name, value, "finite")
    moments = sorted(values)
    index = pd.DatetimeIndex(moments, dtype=MINUTE_DTYPE, name="minute")
    return pd.Series([values[moment] for moment in moments], index=index, name=name, dtype="float64")


def _of_arm(request: MetricsRequest, arm: Arm, metric: str, statistic: str) -> SeriesRequest:
    of_variant = {"EndpointName": request.endpoint, "VariantName": request.arms[arm]}
    of_config = {"EndpointConfigName": request.configs[arm]} if request.configs else {}
    return SeriesRequest(NAMESPACE, metric, statistic, of_variant | of_config)


def _build_row(values: Mapping[QueryKey, Values], arm: Arm, minute: datetime) -> dict[str, object]:
    counts = {column: _count(column, values[arm, column].get(minute, 0.0)) for column in COUNT_COLUMNS}
    latencies = {column: _latency(column, values[arm, column].get(minute, math.nan)) for column in LATENCY_COLUMNS}
    return {"minute": minute, "arm": arm, **counts, **latencies, HISTOGRAM_COLUMN: None}


def _count(column: str, value: float) -> int:
    """Read a count; sums of whole numbers may carry a rounding error."""
    if not math.isfinite(value) or value < 0 or abs(value - round(value)) > _WHOLE_WITHIN:
        raise _impossible(column, value, "a whole number of at least 0")
    return round(value)


def _latency(column: str, value: float) -> float:
    """Read a latency; one that is absent is NaN."""
    if math.isinf(value) or value < 0:
        raise _impossible(column, value, "at least 0 and finite")
    return value


def _impossible(name: str, value: float, must_be: str) -> TransientAwsError:
    return TransientAwsError(
        f"CloudWatch gave {value!r} for {name}, which must be {must_be}; the answer is not used",
        operation="GetMetricData",
    )
