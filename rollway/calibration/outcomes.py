"""What the judge would do with simulated traffic: the verdict of every rollout after every stratum, all rollouts at once.

The gates' own code weighs the evidence; only what a single rollout reads off a table is read off arrays here, and a test holds both
against each other. In a real rollout a stage gives way to the next one when its gates pass; here the ladder goes by the plan's clock, so
that all rollouts share their stages. A stage that would have passed early goes on being looked at, and so does one that never passed.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from policies.compare.mixture import since_stage
from policies.gates.evidence import find_warm_up
from policies.gates.sample import SILENT_PERIODS
from policies.gates.spec import (
    Agreement,
    AverageComparison,
    CountComparison,
    Gate,
    LatencyComparison,
    MinimumSample,
    Superiority,
    Threshold,
    TrafficSplit,
)
from policies.gates.split import (
    MISMATCH,  # pyright: ignore[reportPrivateUsage] - the very limit of the gate, which only says it to itself
    mismatch_evidence,
)
from policies.gates.weighing import Weighed, weigh
from policies.spec import Policy
from policies.strata.arrays import Booleans, Floats, Integers, Strata
from policies.strata.shaping import shape
from rollway.calibration.frames import START
from rollway.calibration.traffic import ALL

_EVIDENCE: Final = np.vectorize(mismatch_evidence, otypes=[np.float64])


@dataclass(frozen=True)
class Looks:
    """The verdict after each stratum; arrays have the shape (runs, strata).

    Attributes:
        rollback: where it is ROLLBACK: from the first look at which the gates together had enough evidence, for good.
        promote: where it is PROMOTE: every gate that the stage needs passes, and nothing has failed.
    """

    rollback: Booleans
    promote: Booleans


@dataclass(frozen=True)
class Outcomes:
    """What became of each rollout. Looks are counted from 1, one after each stratum; a look that never came is infinite.

    Attributes:
        rollback_at: the look at which the candidate is taken back, shape (runs,).
        promote_at: the first look of each stage whose verdict is PROMOTE, before any rollback, shape (runs, stages).
        served: requests that the candidate answered by the time it was taken back, by the end of the plan if it never was.
        failed: those of them that failed.
    """

    rollback_at: Floats
    promote_at: Floats
    served: Floats
    failed: Floats

    @property
    def rolled_back(self) -> Booleans:
        """Which rollouts were taken back at any look, also after a look at which the last stage had passed."""
        return np.isfinite(self.rollback_at)

    @property
    def passed(self) -> Booleans:
        """Which stages each passed at some look, shape (runs, stages), whatever the stages before said."""
        return np.isfinite(self.promote_at)

    @property
    def all_passed(self) -> Booleans:
        """Which passed every stage in the time that the plan gives it."""
        return np.logical_and.reduce(self.passed, axis=1)


def find_outcomes(policy: Policy, strata: Strata, lag: int = 0) -> Outcomes:
    """Return what becomes of simulated rollouts.

    Args:
        policy: the policy; its stages are the plan's.
        strata: what was drawn, with the runs in front.
        lag: strata between a stratum and the look that knows it: for so much longer the candidate serves before it is taken back.
    """
    looks = find_looks(policy, strata)
    rollback_at = first_look(looks.rollback)
    stages = [looks.promote & (strata.stage == stage) for stage in range(len(policy.stages))]
    before = np.arange(strata.stage.size) < rollback_at[:, np.newaxis] + lag
    return Outcomes(
        rollback_at=rollback_at,
        promote_at=np.stack([first_look(stage) for stage in stages], axis=1),
        served=np.where(before, strata.invocations.candidate, 0.0).sum(axis=1),
        failed=np.where(before, strata.errors["errors_5xx"].candidate, 0.0).sum(axis=1),
    )


def first_look(verdict: Booleans) -> Floats:
    """Return the first look at which something is so, counted from 1; infinite where it never is."""
    return np.where(verdict.any(axis=-1), verdict.argmax(axis=-1) + 1.0, np.inf)


def find_looks(policy: Policy, strata: Strata) -> Looks:
    """Return every verdict of simulated rollouts. A gate on what is not simulated never passes; see `scope`."""
    minutes = pd.date_range(START, periods=strata.stage.size, freq=policy.metrics.period)
    measured = shape(strata, find_warm_up(minutes, strata.stage, policy.warm_up))
    weighed = weigh(policy, measured)
    failed = weighed.joint >= np.log(1 / policy.risk.false_rollback)
    rollback = np.logical_or.accumulate(failed, axis=-1)
    seen = _Seen(policy, strata, measured, weighed)
    promote = ~rollback & (strata.invocations.total > 0)
    for name, gate in (policy.gates | policy.guardrails).items():
        needed = [
            stage for stage in range(len(policy.stages)) if name in policy.guardrails or name in policy.gates_at(stage)
        ]
        promote &= seen.passes(name, gate) | ~np.isin(strata.stage, needed)
    return Looks(rollback, promote)


@dataclass(frozen=True)
class _Seen:
    """What all gates judge by: the arrays as drawn and as shaped, and the comparisons."""

    policy: Policy
    drawn: Strata
    measured: Strata
    weighed: Weighed

    def passes(self, name: str, gate: Gate) -> Booleans:
        """Tell where a gate passes, shape (runs, strata)."""
        never = np.zeros(self.drawn.invocations.candidate.shape, dtype=bool)
        match gate:
            case MinimumSample():
                return self._enough(gate)
            case TrafficSplit():
                return self._split_as_ordered(gate)
            case CountComparison() | LatencyComparison() | AverageComparison():
                return self.weighed.passes.get(name, never)
            case Threshold() | Superiority() | Agreement():
                return never

    def _enough(self, gate: MinimumSample) -> Booleans:
        """As `policies.gates.sample`: enough requests, neither arm silent, and the bake measured in both."""
        alone = self.drawn.share >= ALL
        arms = self.drawn.invocations
        return (
            self._answered(arms.candidate, gate.requests_at_least)
            & (self._answered(arms.baseline, gate.requests_at_least) | alone)
            & (self._baked() | alone)
        )

    def _answered(self, requests: Floats, least: int) -> Booleans:
        index: Integers = np.arange(requests.shape[-1], dtype=np.int64)
        newest: Integers = np.maximum.accumulate(np.where(requests > 0, index, -1), axis=-1)
        return (since_stage(requests, self.drawn.stage) >= least) & (index - newest < SILENT_PERIODS)

    def _baked(self) -> Booleans:
        both = (self.measured.invocations.candidate > 0) & (self.measured.invocations.baseline > 0)
        periods = 0.0 if self.measured.periods is None else self.measured.periods
        baked = since_stage(np.where(both, periods, 0.0), self.drawn.stage)
        bakes = np.array([stage.bake / self.policy.metrics.period for stage in self.policy.stages])
        return baked >= bakes[self.drawn.stage]

    def _split_as_ordered(self, gate: TrafficSplit) -> Booleans:
        candidate, baseline = (
            since_stage(arm, self.drawn.stage)
            for arm in (self.drawn.invocations.candidate, self.drawn.invocations.baseline)
        )
        total = candidate + baseline
        wanted = np.broadcast_to(self.drawn.share / ALL, total.shape)
        off = (total > 0) & (np.abs(candidate / np.maximum(total, 1) / wanted - 1) > gate.share_within)
        mismatch = np.zeros_like(off)
        if off.any():
            mismatch[off] = _EVIDENCE(candidate[off], baseline[off], wanted[off]) >= MISMATCH
        return (total > 0) & ~mismatch
