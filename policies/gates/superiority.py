"""Superiority gate: is an A/B test's challenger better than the baseline by the metric that the business goes by?

Each period gives one difference of averages, and the period is the sampling unit: how much periods scatter is measured, not assumed, so
users who come back and bursts cost precision instead of honesty. Looked at again and again, the evidence is the t-mixture of
``policies.compare.random_effects``, an e-process, which by Ville's inequality reaches ``1 / risk`` by chance with a probability of at most
``risk``. Looked at once, it is a one-sided t-test on the same estimate. The gate never fails: who is worse may stay until the test is over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from policies.compare.random_effects import Effects, summarise_all
from policies.gates.evidence import Evidence
from policies.gates.spec import Superiority
from policies.gates.split import MISMATCH, mismatch_evidence
from policies.gates.superiority_series import count_of, total_of
from policies.observation import ARMS, Arm
from policies.strata.arrays import Floats
from policies.values import format_duration
from policies.verdict import Answer, EValue, GateVerdict, Reason, Sample

_LEAST_PERIODS: Final = 5
_LOST: Final = 0.1
"""Relative deviation of the values' proportion that is not yet taken for a loss."""
_GREATEST: Final = 700.0
"""Log of the greatest e-value told."""


@dataclass(frozen=True)
class Pairs:
    """Periods in which both arms have values.

    Attributes:
        totals: sum of the values by arm and period.
        counts: how many values there were.
        requests: how many requests each arm answered.
    """

    totals: dict[Arm, Floats]
    counts: dict[Arm, Floats]
    requests: dict[Arm, Floats]

    def mean(self, arm: Arm) -> Floats:
        """Return an arm's average in each period."""
        return self.totals[arm] / self.counts[arm]

    @property
    def weights(self) -> Floats:
        """How much each period's difference weighs, if single values scatter alike."""
        return self.counts["candidate"] * self.counts["baseline"] / (self.counts["candidate"] + self.counts["baseline"])

    def level(self, arm: Arm) -> float:
        """Return an arm's average over all periods, each weighed alike in both arms, so that none counts for one arm only."""
        return float((self.weights * self.mean(arm)).sum() / self.weights.sum())


@dataclass(frozen=True)
class Finding:
    """What the metric shows.

    Attributes:
        ratio: the challenger's level over the baseline's.
        low: least ratio that is not ruled out.
        high: greatest ratio that is not ruled out.
        e_value: evidence that the challenger is better by more than asked for; None when looked at once.
        p_value: chance of such a difference if it is not; None when looked at again and again.
    """

    ratio: float
    low: float
    high: float
    e_value: float | None = None
    p_value: float | None = None


def judge_superiority(name: str, gate: Superiority, evidence: Evidence) -> GateVerdict:
    """Judge all periods of the present stage, whatever its splits were: each period is compared within itself."""
    began = evidence.in_stage["minute"].min() if len(evidence.in_stage) else None
    once = gate.looks == "once"
    due = None if began is None else began + evidence.policy.warm_up + evidence.policy.stages[evidence.stage].bake
    if once and (due is None or evidence.settled_until < due):
        told = "nothing measured yet" if due is None else f"{format_duration(due - evidence.settled_until)} left"
        return _open(name, "few_requests", f"{gate.metric} is looked at once, when the bake has been measured: {told}")
    pairs = pair_up(name, evidence, due if once else None)
    problem = _what_lacks(gate, pairs)
    if problem:
        return _open(name, *problem)
    finding = find(gate, pairs)
    if finding is None:
        sentence = f"{gate.metric} was the same in every period, or not above 0; relative effects cannot be told then"
        return _open(name, "metrics_unavailable", sentence)
    return _conclude(name, gate, finding, pairs)


def pair_up(name: str, evidence: Evidence, until: datetime | None) -> Pairs:
    """Return the periods of the present stage in which both arms served and have values, after the warm-up and before ``until``."""
    rows = evidence.in_stage
    served = {arm: rows.loc[rows["arm"] == arm].set_index("minute")["invocations"] for arm in ARMS}
    minutes = served["candidate"].index.intersection(served["baseline"].index)
    if len(minutes):
        minutes = minutes[minutes >= minutes.min() + evidence.policy.warm_up]
    if until is not None:
        minutes = minutes[minutes < until]
    nothing = pd.Series(dtype=float)

    def values(of: Callable[[str, Arm], str], arm: Arm) -> Floats:
        return evidence.series.get(of(name, arm), nothing).reindex(minutes).to_numpy(np.float64)

    counts: dict[Arm, Floats] = {arm: values(count_of, arm) for arm in ARMS}
    known = (counts["candidate"] > 0) & (counts["baseline"] > 0)
    return Pairs(
        {arm: values(total_of, arm)[known] for arm in ARMS},
        {arm: counts[arm][known] for arm in ARMS},
        {arm: served[arm].reindex(minutes).to_numpy(np.float64)[known] for arm in ARMS},
    )


def find(gate: Superiority, pairs: Pairs) -> Finding | None:
    """Weigh the periods; None where they do not scatter at all, so that nothing can be said."""
    base = pairs.level("baseline")
    if base <= 0:
        return None
    sign = 1 if gate.better == "higher" else -1
    ratio = pairs.level("candidate") / base
    least = 1 + gate.better_by if gate.better == "higher" else 1 - gate.better_by
    beyond, around = _effects(pairs, least), _effects(pairs, ratio)
    if beyond is None or around is None:
        return None
    floor = 0.0 if all((total >= 0).all() for total in pairs.totals.values()) else -np.inf
    error = float(around.error[0]) / base
    if gate.looks == "any":
        ends = sorted(ratio + float(end[0]) / base for end in around.interval(gate.risk))
        log_e = float(beyond.evidence(0.0, direction=sign)[0])
        return Finding(ratio, max(ends[0], floor), ends[1], e_value=float(np.exp(min(log_e, _GREATEST))))
    freedom = max(float(beyond.size[0]) - 1, 1e-9)
    p_value = float(stats.t.sf(sign * float(beyond.estimate[0] / beyond.error[0]), freedom))
    half = error * float(stats.t.isf(gate.risk, freedom))
    return Finding(ratio, max(ratio - half, floor), ratio + half, p_value=p_value)


def _effects(pairs: Pairs, ratio: float) -> Effects | None:
    """Summarise the differences between the challenger's averages and ``ratio`` times the baseline's."""
    differences, weights = pairs.mean("candidate") - ratio * pairs.mean("baseline"), pairs.weights
    middle = (weights * differences).sum() / weights.sum()
    variance = float((weights * (differences - middle) ** 2).sum() / (len(differences) - 1))  # of one value
    if not np.isfinite(variance) or variance <= 0:
        return None
    return summarise_all(differences * weights / variance, weights / variance)


def _what_lacks(gate: Superiority, pairs: Pairs) -> tuple[Reason, str] | None:
    counted = {arm: int(pairs.counts[arm].sum()) for arm in ARMS}
    if not any(counted.values()):
        return "metrics_unavailable", f"{gate.metric} has no value in a period in which both arms served"
    if min(counted.values()) < gate.values_at_least or len(pairs.weights) < _LEAST_PERIODS:
        told = f"{counted['candidate']:,} and {counted['baseline']:,} values of {gate.metric} in {len(pairs.weights)} periods"
        return (
            "few_requests",
            f"{told}; {gate.values_at_least:,} of each arm in at least {_LEAST_PERIODS} periods are needed",
        )
    return _what_is_lost(gate, pairs)


def _what_is_lost(gate: Superiority, pairs: Pairs) -> tuple[Reason, str] | None:
    """Say so where the arms' values are not in the proportion of their requests: then some are lost, and the others tell of a selection."""
    counted, asked = ({arm: float(each[arm].sum()) for arm in ARMS} for each in (pairs.counts, pairs.requests))
    wanted = asked["candidate"] / (asked["candidate"] + asked["baseline"])
    share = counted["candidate"] / (counted["candidate"] + counted["baseline"])
    if abs(share / wanted - 1) <= _LOST:
        return None
    if mismatch_evidence(int(counted["candidate"]), int(counted["baseline"]), wanted) < MISMATCH:
        return None
    told = f"{share:.1%} of the values of {gate.metric} come from the challenger, which answered {wanted:.1%} of the requests"
    return "traffic_split", f"{told}: values of one arm are lost, so what is left proves nothing"


def _conclude(name: str, gate: Superiority, finding: Finding, pairs: Pairs) -> GateVerdict:
    asked = f"better by more than {100 * gate.better_by:g} %" if gate.better_by else "better"
    if finding.e_value is not None:
        shown, threshold = finding.e_value >= 1 / gate.risk, EValue(value=finding.e_value, threshold=1 / gate.risk)
        chance = f"evidence {min(finding.e_value, 1e6):,.3g} of the {1 / gate.risk:.3g} needed"
        reason: Reason = "few_requests"
    else:
        shown, threshold, reason = (finding.p_value or 0.0) <= gate.risk, None, "otherwise"
        chance = f"p = {finding.p_value:.2g}, {gate.risk:.2g} allowed"
    level = {arm: f"{pairs.level(arm):.4g}" for arm in ARMS}
    sentence = (
        f"{gate.metric} is {level['candidate']} against the baseline's {level['baseline']}: {_change(finding.ratio)}, between "
        f"{_change(finding.low)} and {_change(finding.high)}; {'' if shown else 'not '}shown to be {asked} ({chance})"
    )
    return GateVerdict(
        gate=name,
        verdict=Answer.PASS if shown else Answer.INCONCLUSIVE,
        reason=None if shown else reason,
        sentence=sentence,
        estimate=finding.ratio,
        interval=(_finite(finding.low), _finite(finding.high)),
        not_worse=threshold,
        samples=Sample(**{arm: int(pairs.counts[arm].sum()) for arm in ARMS}),
    )


def _open(name: str, reason: Reason, sentence: str) -> GateVerdict:
    return GateVerdict(gate=name, verdict=Answer.INCONCLUSIVE, reason=reason, sentence=sentence)


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _change(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.3g} %" if np.isfinite(ratio) else "any change"
