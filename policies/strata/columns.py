"""The columns of an observations table: their names, which must be there, and which values each may hold.

It knows one cell at a time. What columns and rows owe to each other is checked in ``checking``.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.strata.arrays import Booleans, Floats
from policies.strata.names import ANSWER_COLUMNS, COUNT_COLUMNS, HISTOGRAM_COLUMN, KNOWN_COLUMNS, LATENCY_COLUMNS

REQUIRED_COLUMNS: Final = ("minute", "stage", "arm", "share", "invocations")
ERROR_COLUMNS: Final = ("errors_4xx", "errors_5xx", "model_errors")
MINUTE_DTYPE: Final = "datetime64[us, UTC]"
ALL_TRAFFIC: Final = 100.0
"""The shares of a minute's arms, together, in percent."""
LARGEST_COUNT: Final = 10**15
"""Far beyond any traffic, and exact as a float."""


@dataclass(frozen=True)
class Domain:
    """The numbers that a column may hold.

    Attributes:
        words: the allowed values, to go after "is not".
        remedy: what to write instead.
        allows: tells the allowed ones among numbers; NaN stands for an empty cell.
        whole: whether the column is kept as integers.
    """

    words: str
    remedy: str
    allows: Callable[[Floats], Booleans]
    whole: bool = False


def _is_count(values: Floats) -> Booleans:
    return (values >= 0) & (values <= LARGEST_COUNT) & (values == np.floor(values))


_STAGE: Final = Domain("a whole number from 0 to 1e15", "number the stages from 0", _is_count, whole=True)
_SHARE: Final = Domain(
    "a percentage above 0 and at most 100",
    "write the percent of traffic that the row's own arm was given, and no row for an arm without traffic",
    lambda values: (values > 0) & (values <= ALL_TRAFFIC),
)
_INVOCATIONS: Final = Domain("a whole number from 0 to 1e15", "write how many requests came in", _is_count, whole=True)
_COUNT: Final = Domain(
    "a whole number from 0 to 1e15", "write the count, or leave out the column if nobody counted", _is_count, whole=True
)
_LATENCY: Final = Domain(
    "a number of microseconds from 0 up",
    "write microseconds, or leave the cell empty where latency_count is 0",
    lambda values: np.isnan(values) | ((values >= 0) & np.isfinite(values)),
)
_AVERAGE: Final = Domain(
    "a finite number",
    "columns of other names hold averages: write a number, or leave the cell empty where there is none",
    lambda values: ~np.isinf(values),
)
_DOMAINS: Final = (
    dict.fromkeys((*COUNT_COLUMNS, *ANSWER_COLUMNS), _COUNT)
    | dict.fromkeys(LATENCY_COLUMNS, _LATENCY)
    | {"stage": _STAGE, "share": _SHARE, "invocations": _INVOCATIONS}
)
_NOT_NUMBERS: Final = ("minute", "arm", HISTOGRAM_COLUMN)


def domain_of(column: str) -> Domain | None:
    """Return what numbers a column may hold; None for the columns that hold no numbers."""
    return None if column in _NOT_NUMBERS else _DOMAINS.get(column, _AVERAGE)


def average_columns(columns: Iterable[str]) -> list[str]:
    """Return the columns that hold further per-minute averages: all whose name means nothing else."""
    return [column for column in columns if column not in KNOWN_COLUMNS]
