"""Simulated traffic as a table, in the layout of the observation files: what the command line, examples and replays read."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import numpy as np
import pandas as pd

from policies.observation import ARMS, Arm
from policies.strata.arrays import BIN_RATIO, Arms, Floats, Histograms, Strata

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""The first minute of simulated traffic, unless another one is asked for."""


def to_frame(strata: Strata, run: int, start: datetime = START) -> pd.DataFrame:
    """Return one run: a row per minute and arm that had requests, sorted by minute and arm.

    The least and the greatest latency are not drawn: they are put a quarter of a bin inside the outermost bins that hold requests. Without
    histograms nothing is known of them, and all three columns are left out.

    Args:
        strata: simulated traffic, with the runs in front.
        run: index of the run.
        start: the first minute, with a time zone.
    """
    frame = pd.concat([_arm_frame(strata, run, arm, start) for arm in ARMS])
    return frame[frame["invocations"] > 0].sort_values(["minute", "arm"], ignore_index=True)


def _arm_frame(strata: Strata, run: int, arm: Arm, start: datetime) -> pd.DataFrame:
    def take(arms: Arms) -> Floats:
        return (arms.candidate if arm == "candidate" else arms.baseline)[run]

    counts = {"invocations": strata.invocations, **strata.errors, "latency_count": strata.latency_count}
    first = pd.Timestamp(start).tz_convert("UTC")
    columns: dict[str, object] = {
        "minute": pd.date_range(first, periods=strata.stage.size, freq="min", unit="us"),
        "stage": strata.stage,
        "arm": arm,
        "share": strata.share if arm == "candidate" else 100.0 - strata.share,
        **{name: take(arms).astype(np.int64) for name, arms in counts.items()},
        "latency_sum_us": take(strata.latency_sum_us),
        **_latency_columns(strata.histograms, take),
    }
    return pd.DataFrame(columns)


def _latency_columns(histograms: Histograms | None, take: Callable[[Arms], Floats]) -> dict[str, object]:
    if histograms is None:
        return {}
    counts = take(histograms.counts).astype(np.int64)
    filled = counts > 0
    first = histograms.lowest + filled.argmax(axis=-1)
    last = histograms.lowest + counts.shape[-1] - 1 - filled[:, ::-1].argmax(axis=-1)
    return {
        "latency_min_us": BIN_RATIO ** (first + 0.25),
        "latency_max_us": BIN_RATIO ** (last + 0.75),
        "latency_histogram": [{histograms.lowest + int(k): int(row[k]) for k in np.flatnonzero(row)} for row in counts],
    }
