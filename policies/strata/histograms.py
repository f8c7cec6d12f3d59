"""Latency histograms in the cells of a table: JSON objects as text in a file, dictionaries of bin to count in memory."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Final, TypeAlias, cast

import pandas as pd

from policies.strata.cells import is_empty, objects_of, show
from policies.strata.columns import LARGEST_COUNT

Histogram: TypeAlias = dict[int, int]

LOWEST_BIN: Final = -100
HIGHEST_BIN: Final = 300
"""1.1^301 microseconds are 33 days. Arrays span all bins from the lowest to the highest, so one stray bin must not be far."""
_BINS: Final = {str(number): number for number in range(LOWEST_BIN, HIGHEST_BIN + 1)}
_BIN_NUMBERS: Final = frozenset(_BINS.values())


@dataclass(frozen=True)
class HistogramColumn:
    """A column of histograms.

    Attributes:
        cells: bin to count; None where a cell is empty or holds no histogram.
        mistakes: what is wrong with the cells that hold none, by row.
    """

    cells: Sequence[Histogram | None]
    mistakes: Mapping[int, str]


def read_histograms(cells: pd.Series) -> HistogramColumn:
    """Read a column of histograms."""
    values: list[Histogram | None] = []
    mistakes: dict[int, str] = {}
    for row, cell in enumerate(objects_of(cells)):
        try:
            values.append(None if is_empty(cell) else _read_histogram(cell))
        except ValueError as error:
            mistakes[row] = f"{show(cell)} {error}"
            values.append(None)
    return HistogramColumn(values, mistakes)


def write_histogram(histogram: Histogram | None) -> str | None:
    """Return a histogram as a file holds it."""
    return None if histogram is None else json.dumps(histogram, separators=(",", ":"))


def _read_histogram(cell: object) -> Histogram:
    histogram = _parse(cell) if isinstance(cell, str) else _unpack(cell)
    counts = histogram.values()
    if counts and (min(counts) < 0 or max(counts) > LARGEST_COUNT):
        raise ValueError(f"has counts from {min(counts)} to {max(counts)}, outside 0 to 1e15")
    return histogram


def _parse(text: str) -> Histogram:
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("is no JSON object")  # noqa: TRY004 - a mistake in a file, told like the others
    counted = cast("dict[str, int]", document)
    counts = counted.values()
    if not {*map(type, counts)} <= {int}:
        raise ValueError("has counts that are not whole numbers")
    try:
        histogram = dict(zip(map(_BINS.__getitem__, counted), counts, strict=True))
    except KeyError as error:
        raise _wrong_bin(error.args[0]) from error
    if text.count(":") > len(counted):  # the parser keeps only the last of them
        raise ValueError("has a bin twice")
    return histogram


def _unpack(cell: object) -> Histogram:
    if not isinstance(cell, Mapping):
        raise ValueError("is neither a JSON object nor a dictionary")  # noqa: TRY004 - as above
    mapping = cast("Mapping[int, int]", cell)
    try:
        histogram = dict(zip(map(index, mapping.keys()), map(index, mapping.values()), strict=True))
    except TypeError as error:
        raise ValueError("has bins or counts that are not whole numbers") from error
    strays = histogram.keys() - _BIN_NUMBERS
    if strays:
        raise _wrong_bin(min(strays))
    return histogram


def _wrong_bin(found: object) -> ValueError:
    return ValueError(f"has the bin {show(found)}, which is no whole number from {LOWEST_BIN} to {HIGHEST_BIN}")
