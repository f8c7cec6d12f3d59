"""From a table of requests, or of counts, to one sample per variant and metric. No test is made here."""

import numpy as np
import pandas as pd

from policies.compare.fixed.design import Design, Metric
from policies.compare.fixed.sample import Sample, Unanswerable
from policies.strata.arrays import Floats


def check_table(data: pd.DataFrame, design: Design) -> None:
    """Refuse a table that is not the design's.

    Raises:
        ValueError: when a column is missing, or a row is of a variant that the design does not name.
    """
    wanted = [design.variant_column, design.count_column]
    wanted += [column for metric in design.metrics for column in (metric.column, metric.trials)]
    if missing := [column for column in wanted if column is not None and column not in data.columns]:
        raise ValueError(f"the table has no column {missing[0]!r}; it has {', '.join(map(str, data.columns))}")
    names = set(data[design.variant_column].tolist())
    if strange := sorted(map(str, names - set(design.variants))):
        raise ValueError(f"the table has rows of variant {strange[0]!r}; the design names {', '.join(design.variants)}")


def read_sample(data: pd.DataFrame, design: Design, metric: Metric, variant: str) -> Sample:
    """Take one variant's measurements of one metric out of a table that ``check_table`` passed.

    Raises:
        Unanswerable: when a value is missing or not a finite number, or a count makes no sense.
    """
    rows = data[data[design.variant_column] == variant]
    values = _numbers(rows, metric.column)
    if metric.trials is None:
        return Sample.of_values(values, None if design.count_column is None else _numbers(rows, design.count_column))
    trials = _numbers(rows, metric.trials)
    if np.any(np.isnan(values) | np.isnan(trials)):
        raise Unanswerable("a count of events or of trials is missing; find out why, or leave its row out on purpose")
    return Sample.of_events(float(values.sum()), float(trials.sum()))


def _numbers(rows: pd.DataFrame, column: str) -> Floats:
    """Return a column as numbers, NaN where there is none."""
    numbers = pd.to_numeric(rows[column], errors="coerce")
    return numbers.to_numpy(dtype=np.float64, na_value=np.nan)
