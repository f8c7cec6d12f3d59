"""From a checked table of observations to strata as arrays. Nothing is checked here, and no number is changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Final, cast

import numpy as np
import pandas as pd

from policies.observation import Arm
from policies.strata.arrays import Answers, Arms, Booleans, Floats, Histograms, Integers, Strata
from policies.strata.columns import ERROR_COLUMNS, average_columns
from policies.strata.names import ANSWER_COLUMNS, HISTOGRAM_COLUMN

DEFAULT_PERIOD: Final = timedelta(minutes=1)


def to_strata(frame: pd.DataFrame) -> tuple[pd.DatetimeIndex, Strata]:
    """Turn checked observations into arrays: one entry per (stage, minute) in which either arm has a row.

    What is known to be nothing is zero: every count of an arm without a row, the sum of no latencies. What is not known is NaN or
    absent: an error or average column that the table lacks is absent, ``latency_count`` and ``latency_sum_us`` are NaN throughout
    where the table lacks the column. A row without a histogram has zeros in every bin.

    Args:
        frame: what ``check_observations`` returned.

    Returns:
        The start of each stratum (UTC), and the strata, ordered by stage and minute.
    """
    layout, minutes, stage = _lay_out(frame)
    errors = {column: layout.place(frame, column) for column in ERROR_COLUMNS if column in frame}
    averages = {column: layout.place(frame, column, np.nan) for column in average_columns(frame.columns)}
    latency_sum = layout.place(frame, "latency_sum_us")
    if "latency_sum_us" in frame:
        latency_sum = Arms(np.nan_to_num(latency_sum.candidate), np.nan_to_num(latency_sum.baseline))
    strata = Strata(
        stage=stage,
        share=layout.candidate_share(frame),
        invocations=layout.place(frame, "invocations"),
        errors=errors,
        latency_count=layout.place(frame, "latency_count"),
        latency_sum_us=latency_sum,
        histograms=layout.histograms(frame),
        averages=averages,
        answers=layout.answers(frame),
    )
    return minutes, strata


def find_period(minutes: pd.DatetimeIndex) -> timedelta:
    """Return the length of a stratum: the smallest difference between minutes, one minute where there are not two to tell it."""
    distinct = np.unique(minutes.as_unit("us").asi8)
    return timedelta(microseconds=int(np.diff(distinct).min())) if len(distinct) > 1 else DEFAULT_PERIOD


@dataclass(frozen=True)
class _Layout:
    """Which stratum and arm each row of a table belongs to.

    Attributes:
        strata: how many strata there are.
        position: index of each row's stratum.
        rows: which rows are an arm's.
    """

    strata: int
    position: Integers
    rows: Mapping[Arm, Booleans]

    def place(self, frame: pd.DataFrame, column: str, silent: float = 0.0) -> Arms:
        """Spread a column over the strata, with ``silent`` where an arm has no row; NaN throughout where there is no such column."""
        if column not in frame:
            return Arms(np.full(self.strata, np.nan), np.full(self.strata, np.nan))
        values = frame[column].to_numpy(np.float64)
        return Arms(self._spread(values, "candidate", silent), self._spread(values, "baseline", silent))

    def _spread(self, values: Floats, arm: Arm, silent: float) -> Floats:
        spread = np.full(self.strata, silent)
        spread[self.position[self.rows[arm]]] = values[self.rows[arm]]
        return spread

    def candidate_share(self, frame: pd.DataFrame) -> Floats:
        """Return the candidate's share in each stratum: what the baseline leaves, where the candidate has no row."""
        share = self.place(frame, "share", np.nan)
        return np.where(np.isnan(share.candidate), 100 - share.baseline, share.candidate)

    def answers(self, frame: pd.DataFrame) -> Answers | None:
        """Return how answers compare, which stands in the candidate's rows; None where the table does not say."""
        if any(column not in frame for column in ANSWER_COLUMNS):
            return None
        return Answers(*(self.place(frame, column).candidate for column in ANSWER_COLUMNS))

    def histograms(self, frame: pd.DataFrame) -> Histograms | None:
        """Return the histograms over all bins that any of them has; None where none has any."""
        if HISTOGRAM_COLUMN not in frame:
            return None
        cells = cast("Sequence[dict[int, int] | None]", frame[HISTOGRAM_COLUMN].to_numpy(object))
        filled = [cell or {} for cell in cells]
        bins = np.fromiter(chain.from_iterable(filled), np.int64)
        if not len(bins):
            return None
        counts = np.fromiter(chain.from_iterable(cell.values() for cell in filled), np.float64)
        row = np.repeat(np.arange(len(filled)), [len(cell) for cell in filled])
        lowest = int(bins.min())
        dense = np.zeros((2, self.strata, int(bins.max()) - lowest + 1))
        dense[self.rows["baseline"][row].astype(int), self.position[row], bins - lowest] = counts
        return Histograms(lowest, Arms(candidate=dense[0], baseline=dense[1]))


def _lay_out(frame: pd.DataFrame) -> tuple[_Layout, pd.DatetimeIndex, Integers]:
    minutes = pd.DatetimeIndex(frame["minute"]).as_unit("us").asi8
    keys, position = np.unique(np.stack([frame["stage"].to_numpy(np.int64), minutes]), axis=1, return_inverse=True)
    arm = frame["arm"].to_numpy(object)
    rows: dict[Arm, Booleans] = {"baseline": arm == "baseline", "candidate": arm == "candidate"}
    starts = pd.DatetimeIndex(keys[1].view("datetime64[us]")).tz_localize("UTC")
    return _Layout(keys.shape[1], position.reshape(-1), rows), starts, keys[0]
