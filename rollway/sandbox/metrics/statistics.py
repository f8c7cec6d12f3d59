"""CloudWatch's statistics: their notation, and their value for a distribution.

Boundaries cut a distribution at two ranks, and what lies in ``(low, high]`` is kept: an absolute boundary excludes
data points equal to the lower one and includes those equal to the upper one, as CloudWatch documents. Two things it
does not document are chosen here: a percentile is the nearest rank (p99 of 100 data points is the 99th, "the maximum
of the remaining 99 %"), and a percentage boundary may fall inside a data point, which then counts with the part of it
that is kept (the usual definition of the interquartile mean). CloudWatch itself may store a logarithmic histogram, so
no test of a rollout should hang on less than some percent.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rollway.sandbox.metrics.distribution import Distribution

_NUMBER: Final = r"[0-9]+(?:\.[0-9]{1,10})?"
_SINGLE: Final = re.compile(rf"(?P<name>p|tm|wm|tc|ts)(?P<high>{_NUMBER})")
_RANGE: Final = re.compile(
    rf"(?P<name>TM|WM|TC|TS|PR)\((?:(?P<low>{_NUMBER})(?P<low_percent>%?))?:(?:(?P<high>{_NUMBER})(?P<high_percent>%?))?\)"
)
_PERCENT: Final = 100.0

_BASIC: Final[Mapping[str, Callable[[Distribution], float]]] = {
    "SampleCount": lambda data: data.count,
    "Sum": lambda data: data.total,
    "Average": lambda data: data.total / data.count,
    "Minimum": lambda data: data.minimum,
    "Maximum": lambda data: data.maximum,
}
BASIC_STATISTICS: Final = frozenset(_BASIC)


@dataclass(frozen=True)
class Statistic:
    """One statistic, parsed.

    Attributes:
        name: a basic statistic, or ``P``, ``TM``, ``WM``, ``TC``, ``TS``, ``PR``.
        low: the lower boundary, or None for none.
        high: the upper boundary, or None for none. For ``P``, the percentile.
        percent: whether the boundaries are percentages of the data points rather than values.
    """

    name: str
    low: float | None = None
    high: float | None = None
    percent: bool = False

    def of(self, data: Distribution) -> float | None:
        """Return the statistic's value, or None where there is no data point: nothing measured, or all trimmed away."""
        if data.count <= 0:
            return None
        if basic := _BASIC.get(self.name):
            return basic(data)
        if not data.ranked:
            return None
        if self.name == "P":
            return data.value_at((self.high or 0.0) * data.count / _PERCENT)
        return self._trimmed(data)

    def _trimmed(self, data: Distribution) -> float | None:
        low, high = self._ranks(data)
        kept = high - low
        match self.name:
            case "TC":
                return kept
            case "PR":
                return _PERCENT * kept / data.count
            case "TS":
                return data.sum_to(high) - data.sum_to(low)
            case _ if kept <= 0 and (self.name == "TM" or self.percent):
                return None
            case "TM":
                return (data.sum_to(high) - data.sum_to(low)) / kept
            case _:
                return self._winsorized(data, low, high)

    def _ranks(self, data: Distribution) -> tuple[float, float]:
        def rank(boundary: float | None, otherwise: float) -> float:
            if boundary is None:
                return otherwise
            return boundary * data.count / _PERCENT if self.percent else data.rank_of(boundary)

        return rank(self.low, 0.0), rank(self.high, data.count)

    def _winsorized(self, data: Distribution, low: float, high: float) -> float:
        floor, ceiling = self.low, self.high
        if self.percent:
            floor, ceiling = data.value_above(low), data.value_at(high)
        kept = data.sum_to(high) - data.sum_to(low)
        return (kept + low * (floor or 0.0) + (data.count - high) * (ceiling or 0.0)) / data.count


@lru_cache(maxsize=4096)
def parse_statistic(text: str) -> Statistic | None:
    """Read CloudWatch's notation; None when it is not a statistic.

    Examples:
        ``Average``, ``p99.9``, ``tm99``, ``TM(2%:98%)``, ``TC(0.005:0.030)``, ``PR(:300000)``, ``IQM``.
    """
    if text in BASIC_STATISTICS:
        return Statistic(text)
    if text == "IQM":
        return Statistic("TM", low=25.0, high=75.0, percent=True)
    if single := _SINGLE.fullmatch(text):
        high = float(single["high"])
        return Statistic(single["name"].upper(), high=high, percent=True) if high <= _PERCENT else None
    if found := _RANGE.fullmatch(text):
        return _range(found)
    return None


def _range(found: re.Match[str]) -> Statistic | None:
    low, high = (float(found[name]) if found[name] else None for name in ("low", "high"))
    marks = {found[f"{name}_percent"] for name in ("low", "high") if found[name]}
    percent = marks == {"%"}
    possible = len(marks) == 1 and (low is None or high is None or low < high)
    if not possible or (percent and (found["name"] == "PR" or max(low or 0, high or 0) > _PERCENT)):
        return None
    return Statistic(found["name"], low, high, percent)
