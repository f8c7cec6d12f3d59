"""The judge by itself: what the gates come to on a table of observations, at its end or after every minute.

The same gates, on the same arrays, as in a running rollout; here stages and shares come from the table.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from policies.compare.memory import FORGETFUL, Forgetful, Memory
from policies.errors import Problem
from policies.gates.evidence import Evidence, Window, weigh_evidence
from policies.gates.judging import judge_gate, judge_gates
from policies.gates.series import derive_series
from policies.gates.weighing import Compared
from policies.observation import Metrics
from policies.spec import OnInconclusive, Policy
from policies.strata.checking import check_observations
from policies.strata.findings import MOST_SHOWN, ObservationError
from policies.values import format_duration
from policies.verdict import Answer, Call, GateVerdict, Verdict

_LONGEST_KEPT: Final = timedelta(days=455)
"""CloudWatch keeps no metric longer; what is older is no look at a running rollout, or a clock is wrong."""


def judge(policy: Policy, frame: pd.DataFrame, now: datetime | None = None) -> Verdict:
    """Give the verdict at the end of a table of observations.

    Args:
        policy: how the rollout goes, from ``load_policy``.
        frame: observations, see docs/reference/observations.md.
        now: the moment of judging, timezone-aware. Observations of the future, or older than anything CloudWatch keeps, are refused then,
            those that have not settled yet count for nothing, and a silence since the last one counts as one. By default the moment
            after the last observation.

    Raises:
        ObservationError: the table cannot be used; every problem is named with its row and column.
    """
    strata = _check(policy, frame, now)
    known = strata if now is None else strata[strata["minute"] <= now - policy.metrics.settle - policy.metrics.period]
    if known.empty:
        return _nothing_measured(strata)
    evidence = _gather(policy, known)
    settled_until = evidence.settled_until if now is None else _last_settled(policy, evidence.settled_until, now)
    look = _look(evidence, len(evidence.minutes), settled_until)
    return _call(look, _judge(look))


def replay(policy: Policy, frame: pd.DataFrame, *, in_full: bool = True) -> list[Verdict]:
    """Give the verdict after every minute of a table of observations, each from what was known by then.

    Args:
        policy: how the rollout goes.
        frame: observations.
        in_full: whether a comparison tells its numbers at every minute. If not, only where its answer may have changed and at the end; in
            between it answers without numbers, which takes a tenth of the time. Decisions and answers are the same.

    Raises:
        ObservationError: the table cannot be used; every problem is named with its row and column.
    """
    strata = _check(policy, frame, None)
    if strata.empty:
        return []
    evidence = _gather(policy, strata, Memory())
    ends = evidence.minutes + policy.metrics.period
    looks = (_look(evidence, count, end) for count, end in enumerate(ends, start=1))
    brief = _Brief()
    return [
        _call(look, _judge(look) if in_full or len(look.minutes) == len(ends) else brief.judge(look)) for look in looks
    ]


def _check(policy: Policy, frame: pd.DataFrame, now: datetime | None) -> pd.DataFrame:
    """Check a table by itself, against the policy, and against the clock if there is one."""
    strata = check_observations(frame)
    problems = [*_stage_problems(policy, strata), *_spacing_problems(policy, strata), *_clock_problems(strata, now)]
    if problems:
        raise ObservationError("observations", problems[:MOST_SHOWN], len(problems))
    return strata


def _gather(policy: Policy, strata: pd.DataFrame, memory: Forgetful = FORGETFUL) -> Evidence:
    """Weigh a checked table that has rows. Its series are those of all stages."""
    newest = strata.iloc[-1]
    stage, own = int(newest["stage"]), float(newest["share"])
    window = Window(
        stage=stage,
        share=own if newest["arm"] == "candidate" else 100 - own,
        start=strata.loc[strata["stage"] == stage, "minute"].min(),
    )
    settled_until = newest["minute"] + policy.metrics.period
    metrics = Metrics(strata=strata, series=derive_series(policy, strata), settled_until=settled_until)
    return weigh_evidence(policy, metrics, window, memory)


def _look(evidence: Evidence, count: int, settled_until: datetime) -> Evidence:
    """Return what was known after the first strata; of the series what belongs to the stage of that moment."""
    known = evidence.until(count, settled_until)
    start = known.in_stage["minute"].min()
    return replace(known, series={name: values[values.index >= start] for name, values in known.series.items()})


def _last_settled(policy: Policy, newest: datetime, now: datetime) -> datetime:
    """Return the end of the newest period that has settled by now, on the grid of the observations."""
    silence = now - policy.metrics.settle - newest
    return newest + silence // policy.metrics.period * policy.metrics.period


def _judge(evidence: Evidence) -> tuple[GateVerdict, ...]:
    policy = evidence.policy
    return judge_gates(policy.gates | policy.guardrails, evidence)


class _Brief:
    """Judges look after look, and lets a comparison tell its numbers only when what its answer rests on has changed."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[Hashable, GateVerdict]] = {}

    def judge(self, evidence: Evidence) -> tuple[GateVerdict, ...]:
        """Judge every gate and guardrail at one look."""
        gates = evidence.policy.gates | evidence.policy.guardrails
        return tuple(
            self._compare(name, gate, evidence) if isinstance(gate, Compared) else judge_gate(name, gate, evidence)
            for name, gate in gates.items()
        )

    def _compare(self, name: str, gate: Compared, evidence: Evidence) -> GateVerdict:
        grounds = _find_grounds(name, evidence)
        before, told = self._told.get(name, (None, None))
        if told is None or before != grounds:
            verdict = judge_gate(name, gate, evidence)
            self._told[name] = grounds, verdict
            return verdict
        return GateVerdict(gate=name, verdict=told.verdict, reason=told.reason, sentence="as before")


def _find_grounds(name: str, evidence: Evidence) -> Hashable:
    """Return what the answer of a comparison rests on, as far as it changes from look to look."""
    weighed, enough = evidence.weighed, np.log(1 / evidence.policy.risk.false_rollback)
    if name in weighed.missing:
        return None
    crossed = bool((weighed.joint >= enough).any())
    return evidence.stage, crossed, bool(weighed.passes[name][-1]), bool(weighed.disturbed[name][-1])


def _call(evidence: Evidence, gates: tuple[GateVerdict, ...]) -> Verdict:
    decision, sentence = _decide(evidence, gates)
    return Verdict(decision=decision, sentence=sentence, stage=evidence.stage, at=evidence.settled_until, gates=gates)


def _decide(evidence: Evidence, gates: Sequence[GateVerdict]) -> tuple[Call, str]:
    """Say what a rollout would do: what fails ends it, a bake is waited for, and then the gates decide."""
    failed = [gate for gate in gates if gate.verdict is Answer.FAIL]
    if failed:
        return Call.ROLLBACK, _tell(failed)
    policy = evidence.policy
    needed = {*policy.gates_at(evidence.stage), *policy.guardrails}
    waiting = [gate for gate in gates if gate.gate in needed and gate.verdict is not Answer.PASS]
    unmeasured = [gate for gate in waiting if gate.verdict is Answer.ERROR]
    if unmeasured:
        return Call.INCONCLUSIVE, _tell(unmeasured)
    left = policy.warm_up + policy.stages[evidence.stage].bake - evidence.elapsed
    if left > timedelta(0):
        still = ", ".join(gate.gate for gate in waiting) or "none"
        return (
            Call.CONTINUE,
            f"baking at {evidence.share:g} %, {format_duration(left)} left; gates to pass yet: {still}",
        )
    if not waiting:
        return Call.PROMOTE, f"every gate passes at {evidence.share:g} %"
    return _stay(policy, waiting, extended=-left)


def _stay(policy: Policy, waiting: Sequence[GateVerdict], extended: timedelta) -> tuple[Call, str]:
    """Say what the policy does about gates that have not passed when the bake is over."""
    wanted: dict[str, OnInconclusive] = {
        gate.gate: getattr(policy.inconclusive, gate.reason or "otherwise") for gate in waiting
    }
    backed, held = ([gate for gate in waiting if wanted[gate.gate] == action] for action in ("roll_back", "hold"))
    if backed:
        return Call.INCONCLUSIVE, f"the policy rolls back when it cannot tell: {_tell(backed)}"
    if held:
        return Call.INCONCLUSIVE, f"the policy holds for a person or for better data: {_tell(held)}"
    limit = policy.extend_at_most
    if extended >= limit:
        told = f"undecided when the bake's extension of {format_duration(limit)} was over: {_tell(waiting)}"
        return Call.INCONCLUSIVE, told
    return Call.CONTINUE, f"bake extended, at most {format_duration(limit - extended)} more: {_tell(waiting)}"


def _tell(gates: Sequence[GateVerdict]) -> str:
    return "; ".join(f"{gate.gate}: {gate.sentence}" for gate in gates)


def _nothing_measured(strata: pd.DataFrame) -> Verdict:
    sentence = "there are no observations at all" if strata.empty else "no observation has settled yet"
    return Verdict(decision=Call.INCONCLUSIVE, sentence=sentence, stage=None, at=None, gates=())


def _stage_problems(policy: Policy, strata: pd.DataFrame) -> Iterator[Problem]:
    last = len(policy.stages) - 1
    for row in np.flatnonzero(strata["stage"] > last):
        what = f"{strata['stage'].iloc[row]} is beyond the policy, whose stages are 0 to {last}"
        yield Problem(f"row {row + 1}, stage", what, "judge by the policy that ran")


def _spacing_problems(policy: Policy, strata: pd.DataFrame) -> Iterator[Problem]:
    """All minutes lie on one grid, so the first gap that does not fit the policy's period tells it."""
    period = policy.metrics.period
    gaps = np.diff(pd.DatetimeIndex(strata["minute"]).as_unit("us").asi8)
    for row in np.flatnonzero(gaps % (period // timedelta(microseconds=1)))[:1]:
        gap = format_duration(timedelta(microseconds=int(gaps[row])))
        told = f"{gap} after the row before, and the policy's metrics.period is {format_duration(period)}"
        yield Problem(f"row {row + 2}, minute", told, "give one row per arm and period of the policy")


def _clock_problems(strata: pd.DataFrame, now: datetime | None) -> Iterator[Problem]:
    if now is None or strata.empty:
        return
    for row in np.flatnonzero(strata["minute"] > now):
        told = f"{strata['minute'].iloc[row].isoformat()} is in the future, now is {now.isoformat(timespec='seconds')}"
        yield Problem(f"row {row + 1}, minute", told, "check the clock")
    newest = strata["minute"].iloc[-1]
    if now - newest > _LONGEST_KEPT:
        told = f"{newest.isoformat()} is the newest minute, older than the {_LONGEST_KEPT.days} days for which CloudWatch keeps anything"
        yield Problem(f"row {len(strata)}, minute", told, "judge them as of their last minute, or backtest them")
