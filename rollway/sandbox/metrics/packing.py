"""The snapshot's form of a series: JSON's types, columns of numbers as base64 text.

A minute with many entries is compacted on the lattice: its count, sum and extremes survive exactly, its percentiles
within 1 %, its detail below a minute does not.
"""

from array import array
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import numpy as np

from rollway.sandbox.metrics.distribution import StatisticSet
from rollway.sandbox.metrics.keys import MetricKey, metric_key
from rollway.sandbox.metrics.series import Minute, Series


def pack_series(key: MetricKey, unit: str, series: Series) -> dict[str, Any]:
    """Return a series in JSON's types."""
    return {
        "namespace": key.namespace,
        "metric": key.metric,
        "dimensions": dict(key.dimensions),
        "unit": unit,
        "minutes": {str(number): _pack(minute) for number, minute in series.minutes.items()},
    }


def unpack_series(state: Mapping[str, Any]) -> tuple[MetricKey, str, Series]:
    """Return the series that was packed, with its metric and unit."""
    series = Series()
    series.minutes = {int(number): _unpack(minute) for number, minute in state["minutes"].items()}
    return metric_key(state["namespace"], state["metric"], state["dimensions"].items()), state["unit"], series


def _pack(minute: Minute) -> dict[str, Any]:
    if minute.packed is None or minute.packed[0] != minute.revision:
        small = minute.compacted()
        columns = {
            "seconds": _text(small.seconds, "<u1"),
            "values": _text(small.values, "<f8"),
            "counts": _text(small.counts, "<f8"),
            "sets": [[second, *statistics] for second, statistics in small.sets],
        }
        minute.packed = (minute.revision, columns)
    return minute.packed[1]


def _unpack(state: Mapping[str, Any]) -> Minute:
    minute = Minute()
    minute.seconds = array("B", _numbers(state["seconds"], "<u1"))
    minute.values = array("d", _numbers(state["values"], "<f8"))
    minute.counts = array("d", _numbers(state["counts"], "<f8"))
    minute.sets = [(second, StatisticSet(*statistics)) for second, *statistics in state["sets"]]
    minute.revision = 1
    return minute


def _text(column: "array[int] | array[float]", kind: str) -> str:
    return b64encode(np.array(column).astype(kind).tobytes()).decode("ascii")


def _numbers(text: str, kind: str) -> list[Any]:
    return np.frombuffer(b64decode(text), kind).tolist()
