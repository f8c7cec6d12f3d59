"""What the columns and rows of a table of observations owe to each other. Each rule tells the rows that break it.

Cells that are missing or could not be read are NaN or NaT here, and break no rule: one mistake is told once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from policies.strata.arrays import Booleans, Floats, Integers
from policies.strata.cells import Instants
from policies.strata.columns import ALL_TRAFFIC, ERROR_COLUMNS
from policies.strata.findings import Finding
from policies.strata.names import HISTOGRAM_COLUMN, LATENCY_COLUMNS

SHARE_TOLERANCE: Final = 0.01
"""Percent; shares are often written with two digits."""
_ROUNDED_US: Final = 1.0
_ROUNDED_RATIO: Final = 1e-6
"""A sum, a minimum and a maximum may have been rounded each: to the microsecond, or to six digits."""
_LEAST_PERIOD_US: Final = 1_000_000


@dataclass(frozen=True)
class Table:
    """A table whose cells have been read.

    Attributes:
        minutes: start of each row's minute, UTC.
        arms: each row's arm; None where it is neither.
        numbers: the columns of numbers that the table has.
        empty: cells of these columns that hold nothing.
        histogram_totals: requests in each row's histogram.
    """

    minutes: Instants
    arms: pd.Series
    numbers: Mapping[str, Floats]
    empty: Mapping[str, Booleans]
    histogram_totals: Floats

    def number(self, column: str) -> Floats:
        """Return a column of numbers; NaN throughout if the table lacks it."""
        return self.numbers[column] if column in self.numbers else np.full(len(self.minutes), np.nan)


def find_broken_rules(table: Table) -> Iterator[Finding]:
    """Yield every rule between columns or rows, with the rows that break it."""
    yield from _check_counts(table)
    yield from _check_answers(table)
    yield from _check_latencies(table)
    yield from _check_histograms(table)
    yield from _check_minutes(table)
    yield from _check_stages(table)
    yield from _check_shares(table)
    yield _check_spacing(table)


def _check_counts(table: Table) -> Iterator[Finding]:
    invocations = table.number("invocations")
    for column in (*ERROR_COLUMNS, "latency_count"):
        counts = table.number(column)

        def tell(row: int, counts: Floats = counts) -> str:
            return f"{_show(counts[row])} is more than the {_show(invocations[row])} invocations"

        yield Finding(column, np.flatnonzero(counts > invocations), tell, "count the same requests in both columns")


def _check_answers(table: Table) -> Iterator[Finding]:
    """More may be paired than was expected: what is expected of a sample is an estimate."""
    limits = {"answers_expected": ("invocations", "invocations"), "answers_agreeing": ("answers_paired", "pairs")}
    for column, (of, what) in limits.items():
        counts, most = table.number(column), table.number(of)

        def tell(row: int, counts: Floats = counts, most: Floats = most, what: str = what) -> str:
            return f"{_show(counts[row])} is more than the {_show(most[row])} {what}"

        yield Finding(column, np.flatnonzero(counts > most), tell, "count the same requests in both columns")


def _check_latencies(table: Table) -> Iterator[Finding]:
    count = table.number("latency_count")
    for column in LATENCY_COLUMNS:
        if column in table.empty:
            yield Finding(
                column,
                np.flatnonzero((count > 0) & table.empty[column]),
                lambda row: f"is empty, though {_show(count[row])} latencies were counted",
                "write microseconds, or leave out the column",
            )
    least, most = table.number("latency_min_us"), table.number("latency_max_us")
    yield Finding(
        "latency_min_us",
        np.flatnonzero(least > most),
        lambda row: f"{_show(least[row])} is more than the maximum, {_show(most[row])}",
        "check which column is which",
    )
    yield _check_sums(table)


def _check_sums(table: Table) -> Finding:
    """The sum lies between count × minimum and count × maximum. Where these are unknown: between 0 and count × itself."""
    count, total = table.number("latency_count"), table.number("latency_sum_us")
    longest = table.number("latency_max_us")
    least = count * np.nan_to_num(table.number("latency_min_us"))
    most = count * np.where(np.isnan(longest), total, longest)
    slack = count * _ROUNDED_US + total * _ROUNDED_RATIO
    outside = (total < least - slack) | (total > most + slack)
    return Finding(
        "latency_sum_us",
        np.flatnonzero(outside),
        lambda row: (
            f"{_show(total[row])} is outside {_show(least[row])} to {_show(most[row])},"
            f" which {_show(count[row])} latencies between minimum and maximum can sum to"
        ),
        "write the sum in microseconds, not the mean or milliseconds",
    )


def _check_histograms(table: Table) -> Iterator[Finding]:
    count, total = table.number("latency_count"), table.histogram_totals
    yield Finding(
        HISTOGRAM_COLUMN,
        np.flatnonzero(~np.isnan(count) & ~np.isnan(total) & (count != total)),
        lambda row: f"its counts add up to {_show(total[row])}, latency_count is {_show(count[row])}",
        "count the same requests in both columns, or leave the histogram empty",
    )


def _check_minutes(table: Table) -> Iterator[Finding]:
    minutes = pd.Series(table.minutes)
    before = minutes.ffill().shift()
    yield Finding(
        "minute",
        np.flatnonzero(minutes < before),
        lambda row: f"{_show_time(table.minutes[row])} is earlier than the row before",
        "sort the rows by minute",
    )
    rows = pd.DataFrame({"minute": minutes, "arm": table.arms})
    twice = rows.duplicated() & rows.notna().all(axis="columns")
    yield Finding(
        "minute",
        np.flatnonzero(twice),
        lambda row: f"{_show_time(table.minutes[row])} has more than one row of the {table.arms[row]}",
        "keep one row per minute and arm",
    )


def _check_stages(table: Table) -> Iterator[Finding]:
    stage = pd.Series(table.number("stage"))
    first = stage.groupby(table.minutes).transform("first")
    torn = stage.notna() & first.notna() & (stage != first)
    before = stage.ffill().shift()
    yield Finding(
        "stage",
        np.flatnonzero(torn),
        lambda row: (
            f"{_show_time(table.minutes[row])} is in stage {_show(first[row])} and in stage {_show(stage[row])}"
        ),
        "leave out the minute in which the stage changed, or give all of it to one",
    )
    yield Finding(
        "stage",
        np.flatnonzero((stage < before) & ~torn),
        lambda row: f"{_show(stage[row])} comes after stage {_show(before[row])} had begun",
        "number the stages in the order in which they began",
    )


def _check_shares(table: Table) -> Iterator[Finding]:
    share = pd.Series(table.number("share"))
    first = share.groupby([table.number("stage"), table.arms]).transform("first")
    yield Finding(
        "share",
        np.flatnonzero((share - first).abs() > SHARE_TOLERANCE),
        lambda row: (
            f"{_show(share[row])} differs from {_show(first[row])}, which this arm had earlier in the same stage"
        ),
        "begin a new stage where the shares change",
    )
    arms = (
        share.where(table.arms == arm).groupby(table.minutes).transform("first") for arm in ("baseline", "candidate")
    )
    together = sum(arms, start=pd.Series(0.0, index=share.index))
    wrong = ((together - ALL_TRAFFIC).abs() > SHARE_TOLERANCE) & pd.Series(table.minutes).duplicated()
    yield Finding(
        "share",
        np.flatnonzero(wrong),
        lambda row: f"the shares of {_show_time(table.minutes[row])} add up to {_show(together[row])}, not to 100",
        "write each row's own share: 95 for the baseline, 5 for the candidate",
    )


def _check_spacing(table: Table) -> Finding:
    known = np.flatnonzero(~np.isnat(table.minutes))
    starts, first = np.unique(table.minutes[known].astype(np.int64), return_index=True)
    gaps = np.diff(starts)
    close = gaps < _LEAST_PERIOD_US
    if close.any():
        return Finding(
            "minute",
            known[first[1:][close]],
            lambda row: f"{_show_time(table.minutes[row])} is less than one second after another",
            "write the start of the period, which lasts at least one second",
        )
    return Finding(
        "minute",
        known[first[_off_grid(starts, gaps)]],
        lambda row: (
            f"{_show_time(table.minutes[row])} is off the grid of the others, {_show(_median(gaps) / 1e6)} s apart"
        ),
        "write the start of the period",
    )


def _off_grid(starts: Integers, gaps: Integers) -> Booleans:
    """Tell which starts do not fit the others. All fit when the smallest gap divides every gap.

    If it does not, the median gap is the better guess of the period: one start that is off makes one gap too small.
    """
    if not len(gaps) or not (gaps % gaps.min()).any():
        return np.zeros(len(starts), bool)
    offsets, counts = np.unique((starts - starts[0]) % _median(gaps), return_counts=True)
    return (starts - starts[0]) % _median(gaps) != offsets[counts.argmax()]


def _median(gaps: Integers) -> int:
    return int(np.sort(gaps)[(len(gaps) - 1) // 2])


def _show(value: float) -> str:
    return f"{value:,.15g}"


def _show_time(minute: np.datetime64) -> str:
    return f"{np.datetime_as_string(minute, unit='auto')}Z"
