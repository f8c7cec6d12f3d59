"""What gates judge by: the settled metrics, cut to the stretches in which the rollout itself held the traffic split.

Minutes in which the split changed, or somebody else had a hand in it, belong to no stage and count for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from policies.compare.memory import FORGETFUL, Forgetful
from policies.gates.spec import AverageComparison, Superiority
from policies.gates.superiority_series import series_names
from policies.gates.weighing import Weighed, compared_gates, weigh
from policies.observation import ARMS, Arm, Metrics
from policies.spec import Policy
from policies.strata.arrays import Booleans, Integers, Strata
from policies.strata.shaping import keep_first, shape
from policies.strata.table import to_strata
from policies.values import Frozen

_WHOLE: Final = 100.0
_NO_STAGE: Final = -1
_MICROSECOND: Final = timedelta(microseconds=1)


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
        strata: rows of ``Metrics.strata`` that lie wholly within a window, with their ``stage`` and ``share``.
        minutes: start of each stratum in the arrays.
        measured: the same rows as arrays, warm-up blanked and sparse minutes merged.
        weighed: what the comparisons say after each stratum.
        stage: index of the present stage.
        share: the candidate's share at the present stage, in percent.
        series: further metrics by gate, from the start of the present stage; those of an A/B test's metric from its beginning.
        settled_until: end of the newest settled period.
        policy: the policy.
        memory: of earlier looks.
        answers_unread: why the shadow's answers could not be read; empty when they could, or nobody asked for them.
    """

    strata: pd.DataFrame
    minutes: pd.DatetimeIndex
    measured: Strata
    weighed: Weighed
    stage: int
    share: float
    series: Mapping[str, pd.Series]
    settled_until: datetime
    policy: Policy
    memory: Forgetful = FORGETFUL
    answers_unread: str = ""

    @property
    def in_stage(self) -> pd.DataFrame:
        """The strata of the present stage."""
        return self.strata[self.strata["stage"] == self.stage]

    @property
    def baked(self) -> timedelta:
        """How much of the present stage was measured in both arms."""
        periods = self.measured.periods
        if periods is None:
            return timedelta(0)
        both = (self.measured.invocations.candidate > 0) & (self.measured.invocations.baseline > 0)
        return float(periods[both & (self.measured.stage == self.stage)].sum()) * self.policy.metrics.period

    @property
    def elapsed(self) -> timedelta:
        """How long the present stage has lasted, as far as it is settled."""
        strata = np.flatnonzero(self.measured.stage == self.stage)
        return self.settled_until - self.minutes[int(strata[0])] if len(strata) else timedelta(0)

    def until(self, count: int, settled_until: datetime) -> "Evidence":
        """Return what was known after the first ``count`` strata."""
        measured = keep_first(self.measured, count)
        stage, share = int(measured.stage[-1]), float(measured.share[-1])
        return replace(
            self,
            strata=self.strata[self.strata["minute"] < settled_until],
            minutes=self.minutes[:count],
            measured=measured,
            weighed=self.weighed.until(count),
            stage=stage,
            share=share,
            series={name: values[values.index < settled_until] for name, values in self.series.items()},
            settled_until=settled_until,
        )

    def total(self, column: str, arm: Arm) -> int:
        """Sum a count over one arm of the present stage."""
        return int(self.strata[column].to_numpy()[self._rows[arm]].sum())

    def total_as_split(self, column: str, arm: Arm) -> int:
        """Sum a count over one arm of the present stage, leaving out what was counted while the stage had another split."""
        own = self.share if arm == "candidate" else _WHOLE - self.share
        rows = self._rows[arm] & np.isclose(self.strata["share"].to_numpy(np.float64), own)
        return int(self.strata[column].to_numpy()[rows].sum())

    def last_heard(self, arm: Arm) -> datetime:
        """Return the end of the newest period of the present stage in which an arm, which must have one, has a row."""
        return pd.DatetimeIndex(self.strata["minute"])[self._rows[arm]].max() + self.policy.metrics.period

    @cached_property
    def _rows(self) -> Mapping[Arm, Booleans]:
        """Which rows are an arm's in the present stage."""
        arms, in_stage = self.strata["arm"].to_numpy(object), self.strata["stage"].to_numpy() == self.stage
        return {arm: in_stage & (arms == arm) for arm in ARMS}


def gather_evidence(
    policy: Policy, metrics: Metrics, windows: Sequence[Window], memory: Forgetful = FORGETFUL
) -> Evidence:
    """Cut metrics to windows. The last window is the present stage's. A memory of earlier looks makes it faster."""
    now = windows[-1]
    whole = {key for name, gate in policy.gates.items() if isinstance(gate, Superiority) for key in series_names(name)}
    series = {
        name: values if name in whole else values[values.index >= now.start] for name, values in metrics.series.items()
    }
    strata = label_strata(_with_averages(policy, metrics), windows, policy)
    return weigh_evidence(policy, replace(metrics, strata=strata, series=series), now, memory)


def _with_averages(policy: Policy, metrics: Metrics) -> pd.DataFrame:
    """Add a column for each metric of which only averages are known."""
    strata = metrics.strata
    for gate in compared_gates(policy).values():
        if isinstance(gate, AverageComparison):
            arms = {arm: metrics.series[f"{gate.metric}:{arm}"] for arm in ARMS}
            values = [
                arms[arm].get(minute, np.nan) for minute, arm in zip(strata["minute"], strata["arm"], strict=True)
            ]
            strata = strata.assign(**{gate.metric: values})
    return strata


def weigh_evidence(policy: Policy, metrics: Metrics, now: Window, memory: Forgetful = FORGETFUL) -> Evidence:
    """Weigh labelled strata.

    Args:
        policy: the policy.
        metrics: with strata as ``label_strata`` or ``policies.strata.checking`` returned them.
        now: the present stage's window.
        memory: of earlier looks.
    """
    minutes, table = to_strata(metrics.strata)
    measured = shape(table, find_warm_up(minutes, table.stage, policy.warm_up))
    return Evidence(
        strata=metrics.strata,
        minutes=minutes,
        measured=measured,
        weighed=weigh(policy, measured, memory),
        stage=now.stage,
        share=now.share,
        series=metrics.series,
        settled_until=metrics.settled_until,
        policy=policy,
        memory=memory,
        answers_unread=metrics.answers_unread,
    )


def find_warm_up(minutes: pd.DatetimeIndex, stage: Integers, warm_up: timedelta) -> Booleans:
    """Tell the strata within the warm-up of their stage, shape (strata,)."""
    starts = minutes.as_unit("us").asi8
    first = starts[np.searchsorted(stage, stage, side="left")]
    return (starts - first) < warm_up // _MICROSECOND


def label_strata(strata: pd.DataFrame, windows: Sequence[Window], policy: Policy) -> pd.DataFrame:
    """Keep the strata that lie wholly within a window, and add the window's ``stage`` and each arm's own ``share``."""
    starts = pd.DatetimeIndex(strata["minute"]).as_unit("us").asi8
    ends = starts + policy.metrics.period // _MICROSECOND
    stage, share = np.full(len(strata), _NO_STAGE), np.zeros(len(strata))
    for window in windows:
        inside = starts >= _to_microseconds(window.start)
        if window.end is not None:
            inside &= ends <= _to_microseconds(window.end)
        stage[inside], share[inside] = window.stage, window.share
    own = np.where(strata["arm"].to_numpy(object) == "candidate", share, _WHOLE - share)
    kept = strata.assign(stage=stage, share=own)[pd.Series(stage != _NO_STAGE, strata.index)]
    return kept.reset_index(drop=True)


def _to_microseconds(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // _MICROSECOND
