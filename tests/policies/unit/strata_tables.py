"""Small tables of observations, as a file would hold them: every cell is text."""

import json
from typing import Any

import pandas as pd

MINUTES = ("2026-11-20T10:00:00Z", "2026-11-20T10:01:00Z", "2026-11-20T10:02:00Z", "2026-11-20T10:03:00Z")
HISTOGRAMS = {"baseline": {"113": 60, "114": 35}, "candidate": {"113": 3, "115": 2}}


def make_rows() -> pd.DataFrame:
    """Four minutes of 95 and 5 requests, the last two in a second stage of 50 % each; rows 1, 3, 5, 7 are the baseline's."""
    rows = [
        make_row(minute, stage, arm) for stage, minute in zip((0, 0, 1, 1), MINUTES, strict=True) for arm in HISTOGRAMS
    ]
    return pd.DataFrame(rows, dtype=object)


def make_row(minute: str, stage: int, arm: str) -> dict[str, str]:
    """One row; a latency is 50 ms on average."""
    count = sum(HISTOGRAMS[arm].values())
    return {
        "minute": minute,
        "stage": str(stage),
        "arm": arm,
        "share": ("95" if arm == "baseline" else "5") if stage == 0 else "50",
        "invocations": str(count),
        "errors_4xx": "0",
        "errors_5xx": "1",
        "model_errors": "1",
        "latency_count": str(count),
        "latency_sum_us": str(50_000 * count),
        "latency_min_us": "47000.5",
        "latency_max_us": "58000",
        "latency_histogram": json.dumps(HISTOGRAMS[arm]),
        "CPUUtilization": "41.5",
    }


def change(*cells: tuple[int, str, Any]) -> pd.DataFrame:
    """The table with other cells: row as it counts in a file, column, value."""
    table = make_rows()
    for row, column, value in cells:
        values = [*table[column]]
        values[row - 1] = value
        table[column] = pd.Series(values, dtype=object)
    return table
