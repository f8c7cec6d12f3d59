"""Observations from files and to files: CSV, or Parquet where the optional package pyarrow is installed."""

import csv
from io import StringIO
from pathlib import Path
from typing import Final

import pandas as pd

from policies.errors import Problem
from policies.strata.checking import check_observations
from policies.strata.findings import MOST_SHOWN, ObservationError
from policies.strata.histograms import write_histogram
from policies.strata.names import HISTOGRAM_COLUMN

SUFFIXES: Final = (".csv", ".parquet")
_LONGEST_REASON: Final = 200
_NEEDS_PYARROW: Final = Problem(
    "(file)", "Parquet needs the package pyarrow, which is not installed", "pip install 'rollway[parquet]'"
)


def read_observations(path: Path) -> pd.DataFrame:
    """Read a file of observations and check it.

    Args:
        path: a ``.csv`` file in UTF-8 or a ``.parquet`` file.

    Returns:
        What ``check_observations`` returns.

    Raises:
        ObservationError: the file cannot be read, or with every problem in it.
    """
    kind = _kind(path)
    try:
        frame = _read_csv(path) if kind == ".csv" else _read_parquet(path)
    except ObservationError:
        raise
    except OSError as error:
        raise ObservationError(str(path), [Problem("(file)", error.strerror or _shorten(error))]) from error
    return check_observations(frame, str(path))


def write_observations(frame: pd.DataFrame, path: Path) -> None:
    """Check observations and write them, so that ``read_observations`` gives the very same table back.

    Args:
        frame: observations, as for ``check_observations``.
        path: a ``.csv`` or a ``.parquet`` file, which is replaced.

    Raises:
        ObservationError: with every problem of the observations; nothing is written then.
        OSError: the file cannot be written.
    """
    kind = _kind(path)
    table = check_observations(frame, str(path))
    if HISTOGRAM_COLUMN in table:
        table[HISTOGRAM_COLUMN] = pd.Series([*map(write_histogram, table[HISTOGRAM_COLUMN])], dtype=object)
    if kind == ".csv":
        table["minute"] = [minute.isoformat().replace("+00:00", "Z") for minute in table["minute"]]
        table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
        return
    try:
        table.to_parquet(path, engine="pyarrow", index=False)
    except ImportError as error:
        raise ObservationError(str(path), [_NEEDS_PYARROW]) from error


def _kind(path: Path) -> str:
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        what = f"its name does not tell what kind it is: it ends in {path.suffix!r}"
        raise ObservationError(str(path), [Problem("(file)", what, f"use {' or '.join(SUFFIXES)}")])
    return kind


def _read_csv(path: Path) -> pd.DataFrame:
    """Read every cell as text, exactly as written."""
    try:
        header, *rows = [row for row in csv.reader(StringIO(_decode(path), newline=""), strict=True) if row] or [[]]
    except csv.Error as error:
        raise ObservationError(str(path), [Problem("(file)", f"is no CSV: {error}")]) from error
    ragged = [(number, len(row)) for number, row in enumerate(rows, 1) if len(row) != len(header)]
    if ragged:
        remedy = f"write {len(header)}, as in the header, and quote histograms"
        problems = [Problem(f"row {number}", f"has {cells} cells", remedy) for number, cells in ragged]
        raise ObservationError(str(path), problems[:MOST_SHOWN], len(problems))
    return pd.DataFrame(rows, columns=header, dtype=object)


def _decode(path: Path) -> str:
    """Spreadsheets put a byte order mark in front of UTF-8, which ``utf-8-sig`` takes off."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8: line {line} has the byte 0x{content[error.start]:02x}"
        raise ObservationError(str(path), [Problem("(file)", what, "save it as CSV in UTF-8")]) from error


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path, engine="pyarrow")
        # Arrow does not look at text until it is asked for; what is no UTF-8 must show here.
        frame = frame.astype(dict.fromkeys(frame.select_dtypes("str").columns, object))
    except ImportError as error:
        raise ObservationError(str(path), [_NEEDS_PYARROW]) from error
    except OSError:
        raise
    except Exception as error:  # where a damaged file makes the reader stumble, and how, is anybody's guess
        raise ObservationError(str(path), [Problem("(file)", f"is no Parquet file: {_shorten(error)}")]) from error
    return frame if frame.index.names == [None] else frame.reset_index()


def _shorten(error: Exception) -> str:
    return " ".join(str(error).split())[:_LONGEST_REASON]
