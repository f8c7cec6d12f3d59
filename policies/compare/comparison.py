"""What every comparison answers, and the evidence it works on."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from policies.gates.spec import Margin

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """Candidate against baseline, by everything seen so far.

    Attributes:
        worse: the greatest evidence at any look so far that the candidate is worse than the margin, as an e-value.
        not_worse: the evidence now that it is better than the margin, as an e-value.
        strata: how many strata had data of both arms.
    """

    worse: float
    not_worse: float
    strata: int


class Compare(Protocol):
    """Compares two arms."""

    def __call__(self, pairs: pd.DataFrame, margin: Margin) -> Comparison:
        """Compare the arms over paired strata (see ``pair``) against the tolerated margin."""
        ...


def pair(strata: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Put both arms of each stratum into one row, in order of time.

    Args:
        strata: rows by (minute, arm) as in ``policies.observation.Metrics``.
        columns: the measured columns to keep.

    Returns:
        one row per minute in which **both** arms have a row, with the columns ``<column>_baseline`` and ``<column>_candidate``.
    """
    wide = strata.pivot(index="minute", columns="arm", values=list(columns))
    wide.columns = [f"{column}_{arm}" for column, arm in wide.columns]
    wanted = [f"{column}_{arm}" for column in columns for arm in ("baseline", "candidate")]
    return wide.reindex(columns=wanted).dropna().sort_index()


def mix(log_e_values: Floats) -> Floats:
    """Average e-processes along the first axis: log e-values in, log e-values out."""
    return np.logaddexp.reduce(log_e_values, axis=0) - np.log(len(log_e_values))


def e_value(log_e: float) -> float:
    """Turn a logarithm into an e-value, capped where a float would overflow."""
    return float(np.exp(min(log_e, 700.0)))
