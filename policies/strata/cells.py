"""From the cells of one column, whatever they hold, to values: numbers and points in time.

What cannot be read becomes NaN or NaT and is marked; it is told later, with everything else that is wrong.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policies.strata.arrays import Booleans, Floats

Instants: TypeAlias = NDArray[np.datetime64]

_LONGEST_SHOWN: Final = 40


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Attributes:
        floats: the numbers; NaN where a cell is empty or holds no number.
        unreadable: where a cell holds something that is no number.
    """

    floats: Floats
    unreadable: Booleans


@dataclass(frozen=True)
class Minutes:
    """A column of points in time.

    Attributes:
        instants: UTC, to the microsecond; NaT where a cell holds no point in time.
        naive: where a cell holds a time without its offset from UTC, which is no point in time.
    """

    instants: Instants
    naive: Booleans


def read_numbers(cells: pd.Series) -> Numbers:
    """Read numbers from numbers, or from their text."""
    if getattr(cells.dtype, "kind", "O") in "iuf":
        return _all_read(cells.to_numpy(np.float64, na_value=np.nan))
    objects = objects_of(cells)
    if {*map(type, objects)} == {str}:
        with suppress(ValueError):  # a cell that is empty or wrong: find out which
            return _all_read(np.array(objects, np.float64))
    read = [_read_number(cell) for cell in objects]
    floats = np.array([np.nan if number is None else number for number in read], np.float64)
    return Numbers(floats, np.array([number is None for number in read], bool))


def _all_read(floats: Floats) -> Numbers:
    return Numbers(floats, np.zeros(len(floats), bool))


def _read_number(cell: object) -> float | None:
    if is_empty(cell):
        return np.nan
    if isinstance(cell, bool | np.bool_):
        return None
    try:
        return float(cell)  # pyright: ignore[reportArgumentType] - whatever a cell holds; what float() refuses is no number
    except (TypeError, ValueError, OverflowError):
        return None


def read_minutes(cells: pd.Series) -> Minutes:
    """Read points in time from timestamps, or from ISO 8601 text with its offset from UTC."""
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        instants = pd.DatetimeIndex(cells).as_unit("us").asi8.view("datetime64[us]")
        return Minutes(instants, np.zeros(len(instants), bool))
    read = [_read_time(cell) for cell in objects_of(cells)]
    naive = np.array([time is not None and time.tzinfo is None for time in read], bool)
    return Minutes(np.array([_to_utc(time) for time in read], "datetime64[us]"), naive)


def _read_time(cell: object) -> datetime | None:
    if isinstance(cell, datetime) and not is_empty(cell):
        return cell
    try:
        return datetime.fromisoformat(cell) if isinstance(cell, str) else None
    except ValueError:
        return None


def _to_utc(time: datetime | None) -> np.datetime64:
    nothing = np.datetime64("NaT", "us")
    if time is None or time.tzinfo is None:
        return nothing
    try:
        return np.datetime64(time.astimezone(UTC).replace(tzinfo=None), "us")
    except OverflowError:  # within hours of the first or the last day that a calendar can hold
        return nothing


def objects_of(cells: pd.Series) -> Sequence[object]:
    """Return a column's cells as Python objects."""
    return cast("Sequence[object]", cells.to_numpy(object))


def is_empty(cell: object) -> bool:
    """Whether a cell holds nothing: no value, no text, or what is not a number."""
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and bool(np.isnan(cell)))


def show(cell: object) -> str:
    """Return a cell as a message quotes it: short, text in quotes."""
    if is_empty(cell):
        return "an empty cell"
    text = repr(cell) if isinstance(cell, str) else str(cell)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
