"""The names of what is measured of an arm in a period. Apart from everything else, so that a policy can be checked in an instant."""

from typing import Final

COUNT_COLUMNS: Final = ("invocations", "errors_4xx", "errors_5xx", "model_errors", "latency_count")
LATENCY_COLUMNS: Final = ("latency_sum_us", "latency_min_us", "latency_max_us")
HISTOGRAM_COLUMN: Final = "latency_histogram"
ANSWER_COLUMNS: Final = ("answers_expected", "answers_paired", "answers_agreeing")
STRATA_COLUMNS: Final = ("minute", "arm", *COUNT_COLUMNS, *LATENCY_COLUMNS, HISTOGRAM_COLUMN)
KNOWN_COLUMNS: Final = (
    *("minute", "stage", "arm", "share"),
    *(*COUNT_COLUMNS, *LATENCY_COLUMNS, HISTOGRAM_COLUMN),
    *ANSWER_COLUMNS,
)
"""Columns of a table of observations; any other numeric one is a custom average."""
