"""Checks a table of observations, wherever it comes from, and brings it into one form. No number is ever changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from policies.errors import Problem
from policies.observation import ARMS
from policies.strata.arrays import Booleans, Floats
from policies.strata.cells import Minutes, read_minutes, read_numbers, show
from policies.strata.columns import MINUTE_DTYPE, REQUIRED_COLUMNS, Domain, average_columns, domain_of
from policies.strata.findings import Finding, raise_findings
from policies.strata.histograms import HistogramColumn, read_histograms
from policies.strata.names import ANSWER_COLUMNS, HISTOGRAM_COLUMN, KNOWN_COLUMNS, LATENCY_COLUMNS
from policies.strata.rules import Table, find_broken_rules

EARLIEST: Final = np.datetime64("2017-11-29", "us")
"""The day on which SageMaker was announced: an earlier date comes from a wrong clock, or from a number in another unit."""


def check_observations(frame: pd.DataFrame, source: str = "observations") -> pd.DataFrame:
    """Check observations and bring them into one form; a checked table passes unchanged.

    Args:
        frame: one row per (minute, arm), as ``docs/reference/observations.md`` describes them; cells may be text.
        source: what to call the observations in messages, for example a file's name.

    Returns:
        A new table, rows in the same order, index from 0: ``minute`` as ``datetime64[us, UTC]``, ``arm`` as text, ``stage`` and counts
        as int64, other numbers as float64, histograms as dictionaries of bin to count, or None. Columns that were absent stay absent:
        nobody measured them, which is not the same as zero.

    Raises:
        ObservationError: with every problem of the table.
    """
    if not any(column in frame for column in REQUIRED_COLUMNS):
        # A table of another kind may hold secrets: neither its columns nor its cells are shown.
        problem = Problem(
            "(header)", f"has none of the columns {', '.join(REQUIRED_COLUMNS)}", "give a table of observations"
        )
        raise_findings(source, [problem], [])
    problems = list(_check_columns(frame))
    if not frame.columns.is_unique:
        raise_findings(source, problems, [])
    cells = _read(frame.reset_index(drop=True))
    raise_findings(source, problems, [*_find_wrong_cells(cells), *find_broken_rules(_make_table(cells))])
    return _normalise(cells)


def _check_columns(frame: pd.DataFrame) -> Iterator[Problem]:
    for column in REQUIRED_COLUMNS:
        if column not in frame:
            yield Problem(column, "this column is missing", f"required are: {', '.join(REQUIRED_COLUMNS)}")
    counted = [column for column in (*LATENCY_COLUMNS, HISTOGRAM_COLUMN) if column in frame]
    if counted and "latency_count" not in frame:
        yield Problem("latency_count", f"this column is missing, though there is {counted[0]}", "add it")
    told = [column for column in ANSWER_COLUMNS if column in frame]
    for column in ANSWER_COLUMNS:
        if told and column not in frame:
            yield Problem(
                column, f"this column is missing, though there is {told[0]}", "add it, or leave out all three"
            )
    for column in frame.columns[frame.columns.duplicated()].unique():
        yield Problem(str(column), "there are several columns of this name", "keep one")
    if any(not str(column).strip() for column in frame.columns):
        yield Problem("(header)", "a column has no name", "name it, or leave out a row index")


@dataclass(frozen=True)
class _Numbers:
    """A column of numbers.

    Attributes:
        domain: the numbers that it may hold.
        floats: the numbers; NaN where a cell is empty or wrong.
        empty: the cells that hold nothing.
        wrong: the cells that hold what the column may not hold.
    """

    domain: Domain
    floats: Floats
    empty: Booleans
    wrong: Booleans


@dataclass(frozen=True)
class _Cells:
    """A table and what was read in its cells.

    Attributes:
        frame: the table as given.
        minutes: the points in time.
        numbers: the columns of numbers that are there.
        histograms: the histograms, if there is such a column.
    """

    frame: pd.DataFrame
    minutes: Minutes
    numbers: Mapping[str, _Numbers]
    histograms: HistogramColumn | None


def _read(frame: pd.DataFrame) -> _Cells:
    domains = {column: domain for column in map(str, frame.columns) if (domain := domain_of(column))}
    return _Cells(
        frame=frame,
        minutes=read_minutes(frame.get("minute", _nothing(frame))),
        numbers={column: _read_numbers(frame[column], domain) for column, domain in domains.items()},
        histograms=read_histograms(frame[HISTOGRAM_COLUMN]) if HISTOGRAM_COLUMN in frame else None,
    )


def _read_numbers(cells: pd.Series, domain: Domain) -> _Numbers:
    read = read_numbers(cells)
    wrong = read.unreadable | ~domain.allows(read.floats)
    empty = np.isnan(read.floats) & ~read.unreadable
    return _Numbers(domain, np.where(wrong, np.nan, read.floats), empty, wrong)


def _nothing(frame: pd.DataFrame) -> pd.Series:
    return pd.Series([None] * len(frame), dtype=object)


def _make_table(cells: _Cells) -> Table:
    frame = cells.frame
    totals = np.full(len(frame), np.nan)
    for row, histogram in enumerate(cells.histograms.cells if cells.histograms else ()):
        if histogram is not None:
            totals[row] = sum(histogram.values())
    arms = frame.get("arm", _nothing(frame)).astype(object)
    instants = cells.minutes.instants
    return Table(
        minutes=np.where(instants < EARLIEST, np.datetime64("NaT", "us"), instants),
        arms=arms.where(arms.isin(ARMS), None),
        numbers={column: numbers.floats for column, numbers in cells.numbers.items()},
        empty={column: numbers.empty for column, numbers in cells.numbers.items()},
        histogram_totals=totals,
    )


def _find_wrong_cells(cells: _Cells) -> Iterator[Finding]:
    if "minute" in cells.frame:
        yield from _find_wrong_minutes(cells)
    if "arm" in cells.frame:
        arms = cells.frame["arm"].astype(object)
        wrong = np.flatnonzero(~arms.isin(ARMS))
        yield Finding("arm", wrong, lambda row: f"{show(arms[row])} is no arm", f"write {' or '.join(ARMS)}")
    for column, numbers in cells.numbers.items():
        yield _find_wrong_numbers(cells.frame[column], numbers)
    if cells.histograms:
        mistakes = cells.histograms.mistakes
        remedy = 'write a JSON object of bin and count, such as {"113": 4, "114": 9}, or leave the cell empty'
        yield Finding(HISTOGRAM_COLUMN, np.array([*mistakes], np.int64), lambda row: mistakes[row], remedy)


def _find_wrong_minutes(cells: _Cells) -> Iterator[Finding]:
    shown = cells.frame["minute"]
    instants, naive = cells.minutes.instants, cells.minutes.naive
    yield Finding(
        "minute",
        np.flatnonzero(np.isnat(instants) & ~naive),
        lambda row: f"{show(shown[row])} is no point in time",
        "write ISO 8601, such as 2026-11-20T10:00:00Z",
    )
    yield Finding(
        "minute",
        np.flatnonzero(naive),
        lambda row: f"{show(shown[row])} lacks its time zone",
        "write UTC with its Z, or the offset: 2026-11-20T10:00:00Z",
    )
    yield Finding(
        "minute",
        np.flatnonzero(instants < EARLIEST),
        lambda row: f"{show(shown[row])} is before 2017-11-29, when SageMaker did not exist yet",
        "correct the clock or the unit that it comes from",
    )


def _find_wrong_numbers(cells: pd.Series, numbers: _Numbers) -> Finding:
    domain = numbers.domain
    return Finding(
        str(cells.name),
        np.flatnonzero(numbers.wrong),
        lambda row: f"{show(cells[row])} is not {domain.words}",
        domain.remedy,
    )


def _normalise(cells: _Cells) -> pd.DataFrame:
    frame = cells.frame
    columns: dict[str, object] = {
        "minute": pd.DatetimeIndex(cells.minutes.instants).tz_localize("UTC").astype(MINUTE_DTYPE),
        "arm": frame["arm"].astype("str"),
    }
    for column, numbers in cells.numbers.items():
        columns[column] = numbers.floats.astype(np.int64) if numbers.domain.whole else numbers.floats
    if cells.histograms:
        columns[HISTOGRAM_COLUMN] = pd.Series([*cells.histograms.cells], dtype=object)
    order = [*(column for column in KNOWN_COLUMNS if column in columns), *average_columns(columns)]
    return pd.DataFrame({column: columns[column] for column in order})
