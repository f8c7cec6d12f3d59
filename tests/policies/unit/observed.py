"""Observations of one quick stage that pass, and the ways in which observations must never pass."""

import json
from collections.abc import Callable
from typing import Any

import pandas as pd

from policies.spec import Policy
from tests.policies.building import START, make_policy, make_strata

STAGES = [{"share": 50, "bake": "10m"}]
ERRORS = {"metric": "model_errors", "no_worse_than": {"ratio": 1.5, "or_absolute": "5%"}}
GATES = {"errors": ERRORS, "sample": {"requests_at_least": 100}}
MINUTES = 15


def make_quick(**fields: object) -> Policy:
    """A policy of one stage that compares errors."""
    return make_policy(**({"stages": STAGES, "gates": GATES} | fields))


def observe(minutes: int = MINUTES, **measured: Any) -> pd.DataFrame:
    """Minutes of the stage, alike in both arms unless told otherwise; row 1 is the candidate's, row 2 the baseline's, and so on."""
    strata = make_strata(START, minutes, **({"requests": (500, 500), "errors": (5, 5)} | measured))
    frame = strata.assign(stage=0, share=50.0, latency_histogram=[{113: count} for count in strata["latency_count"]])
    return frame.astype(object)


def _with(row: int, column: str, value: object) -> Callable[[], pd.DataFrame]:
    def change() -> pd.DataFrame:
        frame = observe()
        cells = [*frame[column]]
        cells[row - 1] = value
        return frame.assign(**{column: pd.Series(cells, dtype=object)})

    return change


def _swapped() -> pd.DataFrame:
    frame = observe()
    return frame.loc[[2, 3, 0, 1, *range(4, len(frame))]]


def _repeated() -> pd.DataFrame:
    frame = observe()
    return frame.loc[[0, 0, *range(1, len(frame))]]


def _old() -> pd.DataFrame:
    frame = observe()
    return frame.assign(minute=frame["minute"].map(lambda minute: minute - pd.Timedelta(days=3650)))


REFUSED: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
    "NaN": (_with(3, "invocations", float("nan")), "row 3, invocations"),
    "negative": (_with(3, "model_errors", -1), "row 3, model_errors"),
    "no whole number": (_with(4, "model_errors", 2.5), "row 4, model_errors"),
    "more errors than requests": (_with(3, "model_errors", 501), "row 3, model_errors: 501 is more than the 500"),
    "histogram that does not add up": (_with(3, "latency_histogram", {113: 1}), "row 3, latency_histogram"),
    "duplicate minutes": (_repeated, "row 2, minute"),
    "unsorted": (_swapped, "row 3, minute"),
    "a clock that goes backwards": (_with(6, "minute", START), "row 6, minute"),
    "stages that overlap": (_with(3, "stage", 1), "row 4, stage"),
    "a stage beyond the policy": (lambda: observe().assign(stage=1), "row 1, stage: 1 is beyond the policy"),
    "ten years old": (_old, "row 1, minute"),
}
"""Tables that are refused: how each comes about, and where the message says that it is wrong."""

UNDECIDED: dict[str, tuple[Callable[[], pd.DataFrame], str]] = {
    "no rows": (lambda: observe().iloc[:0], "no observations at all"),
    "no candidate": (lambda: observe(requests=(0, 500)), "candidate 0"),
    "no baseline": (lambda: observe(requests=(500, 0)), "baseline 0"),
    "three minutes": (lambda: observe(3), "7m left"),
    "nobody counted the errors": (lambda: observe().drop(columns="model_errors"), "model_errors was not measured"),
}
"""Tables that say too little: how each comes about, and what the verdict says."""


def as_csv(frame: pd.DataFrame) -> str:
    """Write a table, right or wrong, as a file would hold it."""
    histograms = frame["latency_histogram"].map(json.dumps)
    minutes = frame["minute"].map(lambda minute: minute.isoformat())
    return frame.assign(latency_histogram=histograms, minute=minutes).to_csv(index=False)
