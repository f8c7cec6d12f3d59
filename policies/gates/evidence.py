"""What gates judge by: the settled metrics, cut to the stretches in which the rollout itself held the traffic split.

Minutes in which the split changed, or somebody else had a hand in it, belong to no stage and count for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from policies.observation import Arm, Metrics
from policies.spec import Policy
from policies.values import Frozen


class Window(Frozen):
    """A stretch of time in which one stage's split was in force.

    Attributes:
        stage: index of the stage.
        share: the candidate's share, in percent.
        start: when the split had been read back from AWS.
        end: when it ended; None while it lasts.
    """

    stage: int
    share: float
    start: datetime
    end: datetime | None = None


@dataclass(frozen=True)
class Evidence:
    """What one look offers to the gates.

    Attributes:
        strata: rows of ``Metrics.strata`` that lie wholly within a window, with its ``stage`` and the candidate's ``share``.
        stage: index of the present stage.
        share: the candidate's share at the present stage, in percent.
        series: further metrics by gate, from the start of the present stage.
        settled_until: end of the newest settled period.
        policy: the policy.
    """

    strata: pd.DataFrame
    stage: int
    share: float
    series: Mapping[str, pd.Series]
    settled_until: datetime
    policy: Policy

    @property
    def in_stage(self) -> pd.DataFrame:
        """The strata of the present stage."""
        return self.strata[self.strata["stage"] == self.stage]

    def total(self, column: str, arm: Arm) -> int:
        """Sum a count over one arm of the present stage."""
        rows = self.in_stage
        return int(rows.loc[rows["arm"] == arm, column].sum())


def gather_evidence(policy: Policy, metrics: Metrics, windows: Sequence[Window]) -> Evidence:
    """Cut metrics to windows. The last window is the present stage's."""
    now = windows[-1]
    series = {name: values[values.index >= now.start] for name, values in metrics.series.items()}
    return Evidence(
        strata=label_strata(metrics.strata, windows, policy.metrics.period),
        stage=now.stage,
        share=now.share,
        series=series,
        settled_until=metrics.settled_until,
        policy=policy,
    )


def label_strata(strata: pd.DataFrame, windows: Sequence[Window], period: timedelta) -> pd.DataFrame:
    """Keep the strata that lie wholly within a window, and add the window's ``stage`` and ``share``."""
    parts: list[pd.DataFrame] = []
    for window in windows:
        inside = strata["minute"] >= window.start
        if window.end is not None:
            inside &= strata["minute"] + period <= window.end
        parts.append(strata[inside].assign(stage=window.stage, share=window.share))
    return pd.concat(parts, ignore_index=True)
