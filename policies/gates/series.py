"""The series of threshold gates, as far as a table of observations holds them: what CloudWatch would have answered for the metric.

A metric or statistic that the table does not hold is absent, never zero; the gate then says that it is not among the observations.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, cast

import numpy as np
import pandas as pd

from policies.gates.spec import Threshold
from policies.spec import Policy
from policies.strata.arrays import BIN_RATIO, Floats
from policies.strata.columns import average_columns
from policies.strata.names import HISTOGRAM_COLUMN

_SAGEMAKER: Final = "AWS/SageMaker"
_COUNTS: Final = {
    "Invocations": "invocations",
    "Invocation4XXErrors": "errors_4xx",
    "Invocation5XXErrors": "errors_5xx",
    "InvocationModelErrors": "model_errors",
}
_LATENCIES: Final = {
    "SampleCount": "latency_count",
    "Sum": "latency_sum_us",
    "Minimum": "latency_min_us",
    "Maximum": "latency_max_us",
}
_NUMBER: Final = r"\d+(?:\.\d+)?"
_PERCENTILE: Final = re.compile(rf"p({_NUMBER})")
_RANK: Final = re.compile(rf"PR\(({_NUMBER})?:({_NUMBER})?\)")
_ALL: Final = 100.0

_OfHistogram = Callable[[Floats, Floats], float]
"""A statistic of latencies, from bin edges (microseconds) and the requests up to each edge."""


def derive_series(policy: Policy, strata: pd.DataFrame) -> Mapping[str, pd.Series]:
    """Return one series per threshold gate whose metric is in the table; the others are absent.

    Args:
        policy: the policy.
        strata: what ``policies.strata.checking`` returned.

    Returns:
        By gate, one value per period with data, indexed by the period's start, in the metric's own unit. Percentiles and ``PR`` come from
        the histogram, as if latencies were spread evenly within each bin of 10 %.
    """
    thresholds = {
        name: gate for name, gate in (policy.gates | policy.guardrails).items() if isinstance(gate, Threshold)
    }
    derived = {name: _derive(gate, strata[strata["arm"] == gate.arm]) for name, gate in thresholds.items()}
    return {name: series for name, series in derived.items() if series is not None}


def _derive(gate: Threshold, rows: pd.DataFrame) -> pd.Series | None:
    """Return the gate's series from its arm's rows; None where they do not hold it."""
    values = None if gate.dimensions else _find_values(gate, rows)
    return None if values is None else pd.Series(values, index=pd.DatetimeIndex(rows["minute"])).dropna()


def _find_values(gate: Threshold, rows: pd.DataFrame) -> Floats | None:
    if gate.metric in average_columns(rows.columns):
        return _column(rows, gate.metric) if gate.statistic == "Average" else None
    if gate.namespace != _SAGEMAKER:
        return None
    if gate.metric in _COUNTS:
        return _column(rows, _COUNTS[gate.metric]) if gate.statistic == "Sum" else None
    return _find_latencies(gate.statistic, rows) if gate.metric == "ModelLatency" else None


def _find_latencies(statistic: str, rows: pd.DataFrame) -> Floats | None:
    of_histogram = _read_statistic(statistic)
    if of_histogram is not None:
        return _each_histogram(of_histogram, rows)
    count, total = _column(rows, "latency_count"), _column(rows, "latency_sum_us")
    if count is None:
        return None
    counted = np.where(count > 0, count, np.nan)
    if statistic == "Average":
        return None if total is None else total / counted
    values = _column(rows, _LATENCIES.get(statistic, ""))
    return None if values is None else np.where(np.isnan(counted), np.nan, values)


def _column(rows: pd.DataFrame, column: str) -> Floats | None:
    return rows[column].to_numpy(np.float64) if column in rows else None


def _read_statistic(statistic: str) -> _OfHistogram | None:
    """Read CloudWatch's notation of what a histogram tells; None for everything else."""
    if percentile := _PERCENTILE.fullmatch(statistic):
        wanted = float(percentile[1]) / _ALL
        return (lambda edges, below: _read_off(wanted * float(below[-1]), below, edges)) if wanted <= 1 else None
    if rank := _RANK.fullmatch(statistic):
        low, high = (float(rank[1]) if rank[1] else 0.0), (float(rank[2]) if rank[2] else np.inf)
        return lambda edges, below: (
            _ALL * (_read_off(high, edges, below) - _read_off(low, edges, below)) / float(below[-1])
        )
    return None


def _read_off(at: float, known: Floats, wanted: Floats) -> float:
    return float(np.interp(at, known, wanted))


def _each_histogram(of_histogram: _OfHistogram, rows: pd.DataFrame) -> Floats | None:
    """Apply a statistic to each row's histogram; NaN where a row has none. None when no row has one."""
    if HISTOGRAM_COLUMN not in rows:
        return None
    values = [of_histogram(*cumulated) if cumulated else np.nan for cumulated in _cumulate(rows)]
    return None if np.isnan(values).all() else np.array(values)


def _cumulate(rows: pd.DataFrame) -> Iterator[tuple[Floats, Floats] | None]:
    """Yield each histogram's edges and the requests up to each, between the shortest and the longest latency where these are known."""
    nothing = np.full(len(rows), np.nan)
    shortest, longest = (_column(rows, column) for column in ("latency_min_us", "latency_max_us"))
    cells = cast("Sequence[dict[int, int] | None]", rows[HISTOGRAM_COLUMN].to_numpy(object))
    ends = (nothing if shortest is None else shortest, nothing if longest is None else longest)
    for cell, least, most in zip(cells, *ends, strict=True):
        filled = {number: count for number, count in (cell or {}).items() if count}
        yield _cumulate_one(filled, float(least), float(most)) if filled else None


def _cumulate_one(filled: Mapping[int, int], least: float, most: float) -> tuple[Floats, Floats]:
    lowest, highest = min(filled), max(filled) + 1
    edges = np.array([BIN_RATIO**number for number in range(lowest, highest + 1)])
    below = np.cumsum([0.0, *(float(filled.get(number, 0)) for number in range(lowest, highest))])
    return np.clip(edges, _or(least, edges[0]), _or(most, edges[-1])), below


def _or(known: float, otherwise: float) -> float:
    return otherwise if np.isnan(known) else known
