"""Comparison gates: the candidate against the baseline within the same minutes.

FAIL: the evidence that the candidate is worse than its margin has crossed the policy's risk, at whichever look. PASS: so has the evidence,
from the present stage alone, that it is better than its margin, and nothing has changed since. Otherwise: few requests, go on; or both arms
are disturbed together, and nothing is concluded from that.
"""

from typing import Final

import numpy as np

from policies.compare.intervals import Interval, find_quantile_us, odds_interval, quantile_interval, ratio_interval
from policies.gates.evidence import Evidence
from policies.gates.spec import AverageComparison, CountComparison, LatencyComparison, Margin
from policies.gates.weighing import RECENT, Compared, mean_latency, weighed_gates
from policies.strata.arrays import Arms, Floats, Strata
from policies.values import format_percent
from policies.verdict import Answer, EValue, GateVerdict, Reason, Sample

_BEYOND_DOUBT: Final = 1e6
_GREATEST: Final = 700.0
"""Log of the greatest e-value told; beyond it a float would overflow, and nobody would be more convinced."""


def judge_comparison(name: str, gate: Compared, evidence: Evidence) -> GateVerdict:
    """Judge one comparison at the newest stratum."""
    if name in evidence.weighed.missing:
        what = evidence.weighed.missing[name]
        return GateVerdict(gate=name, verdict=Answer.ERROR, reason="metrics_unavailable", sentence=what)
    if not len(evidence.measured.stage):
        sentence = "nothing has been measured yet"
        return GateVerdict(gate=name, verdict=Answer.INCONCLUSIVE, reason="few_requests", sentence=sentence)
    answer, reason = answer_of(name, evidence)
    interval = _estimate(name, gate, evidence)
    worse, not_worse = evidence_of(name, evidence)
    requests = evidence.measured.invocations
    verdict = GateVerdict(
        gate=name,
        verdict=answer,
        reason=reason,
        sentence="",
        estimate=interval.estimate,
        interval=(interval.low, interval.high),
        worse=worse,
        not_worse=not_worse,
        samples=Sample(baseline=int(requests.baseline.sum()), candidate=int(requests.candidate.sum())),
    )
    sentence = f"{_describe(gate, evidence)}; {_conclude(verdict, gate.no_worse_than)}"
    return verdict.model_copy(update={"sentence": sentence})


def answer_of(name: str, evidence: Evidence) -> tuple[Answer, Reason | None]:
    """Return what the evidence of a gate comes to, and the reason if it does not suffice."""
    if name == _find_culprit(evidence):
        return Answer.FAIL, None
    if evidence.weighed.disturbed[name][-1]:
        return Answer.INCONCLUSIVE, "environment"
    in_stage = evidence.measured.stage[-1] == evidence.stage
    if in_stage and evidence.weighed.passes[name][-1]:
        return Answer.PASS, None
    return Answer.INCONCLUSIVE, "few_requests"


def _find_culprit(evidence: Evidence) -> str | None:
    """Return the gate with the most evidence at the first look at which all gates together had enough, if there was one."""
    crossed = evidence.weighed.joint >= np.log(1 / evidence.policy.risk.false_rollback)
    if not crossed.any():
        return None
    look = int(crossed.argmax())
    comparisons = evidence.weighed.comparisons
    return max(comparisons, key=lambda name: float(comparisons[name].worse[look]))


def evidence_of(name: str, evidence: Evidence) -> tuple[EValue, EValue]:
    """Return how much evidence there is that the candidate is worse than its margin, and that it is better."""
    comparison, risk = evidence.weighed.comparisons[name], evidence.policy.risk
    shared = len(weighed_gates(evidence.policy))
    return (
        EValue(value=_e_value(comparison.worse.max()), threshold=shared / risk.false_rollback),
        EValue(value=_e_value(comparison.not_worse[-1]), threshold=1 / risk.false_promotion),
    )


def _e_value(log_e: float) -> float:
    return float(np.exp(min(log_e, _GREATEST)))


def _estimate(name: str, gate: Compared, evidence: Evidence) -> Interval:
    measured, risk = evidence.measured, evidence.policy.risk.false_rollback
    tempering, memory = float(evidence.weighed.comparisons[name].tempering[-1]), evidence.memory.about(name)
    match gate:
        case CountComparison():
            return odds_interval(measured.errors[gate.metric], measured.invocations, tempering, risk, memory)
        case AverageComparison():
            return ratio_interval(measured.averages[gate.metric], measured.invocations, risk)
        case LatencyComparison():
            if gate.quantile is None or measured.histograms is None:
                return ratio_interval(mean_latency(measured), measured.latency_count, risk)
            return quantile_interval(measured.histograms, gate.quantile, tempering, risk, memory)


def _describe(gate: Compared, evidence: Evidence) -> str:
    """Say what was measured, in the unit that a person on call thinks in."""
    measured = evidence.measured
    match gate:
        case CountComparison():
            candidate, baseline = pair_up(measured.errors[gate.metric], measured.invocations)
            failed = f"{_percent(candidate)} of the candidate's requests failed against {_percent(baseline)}"
            return f"{failed} of the baseline's ({gate.metric})"
        case AverageComparison():
            candidate, baseline = (
                _mean(arm)
                for arm in (measured.averages[gate.metric].candidate, measured.averages[gate.metric].baseline)
            )
            return f"{gate.metric} is {_number(candidate)} against the baseline's {_number(baseline)}"
        case LatencyComparison():
            return _describe_latency(gate, measured)


def _describe_latency(gate: LatencyComparison, measured: Strata) -> str:
    if gate.quantile is None or measured.histograms is None:
        candidate, baseline = (mean / 1000 for mean in pair_up(measured.latency_sum_us, measured.latency_count))
        return f"the candidate takes {_number(candidate)} ms on average against the baseline's {_number(baseline)} ms"
    counts = measured.histograms
    candidate, baseline = (
        find_quantile_us(counts.lowest, arm, gate.quantile) / 1000
        for arm in (counts.counts.candidate, counts.counts.baseline)
    )
    return f"p{gate.quantile * 100:g} is {_number(candidate)} ms against the baseline's {_number(baseline)} ms"


def pair_up(totals: Arms, sizes: Arms) -> tuple[float, float]:
    """Return the mean of each arm over the strata that both have, the baseline's weighted like the candidate's traffic.

    Pooling each arm by itself would compare different minutes whenever the split changes.
    """
    both = (sizes.candidate > 0) & (sizes.baseline > 0)
    weights = sizes.candidate[both]
    if not weights.any():
        return np.nan, np.nan
    candidate = float(totals.candidate[both].sum() / weights.sum())
    return candidate, float((weights * totals.baseline[both] / sizes.baseline[both]).sum() / weights.sum())


def _conclude(verdict: GateVerdict, margin: Margin) -> str:
    absolute = f" or + {format_percent(margin.or_absolute)}" if margin.or_absolute else ""
    tolerated = f"{_tell(verdict)}, tolerated × {margin.ratio:g}{absolute}"
    worse, not_worse = verdict.worse, verdict.not_worse
    if verdict.reason == "environment" or worse is None or not_worse is None:
        return "both arms have got worse together, so nothing is concluded from it"
    match verdict.verdict:
        case Answer.FAIL:
            return f"{tolerated}: worse than that; by chance in {odds_against(worse)}"
        case Answer.PASS:
            return f"{tolerated}: shown to be within that; by chance in {odds_against(not_worse)}"
        case _ if not_worse.value >= not_worse.threshold:
            return f"{tolerated}: within that, as it seems; it has to show for {RECENT} periods running"
        case _:
            to_pass, to_fail = progress(not_worse), progress(worse)
            return f"{tolerated}: not enough to tell yet (evidence {to_pass} needed to pass, {to_fail} to fail)"


def progress(evidence: EValue) -> str:
    """Say how far evidence has come."""
    return f"{min(evidence.value, evidence.threshold):.2g} of the {evidence.threshold:.3g}"


def odds_against(evidence: EValue) -> str:
    """Say how often so much evidence comes about by chance.

    An e-value E comes about by chance, at whichever look, in one of E rollouts at most (Ville's inequality).
    """
    value = max(evidence.value, 1.0)
    return "less than 1 of 1,000,000 rollouts" if value > _BEYOND_DOUBT else f"at most 1 of {value:,.0f} rollouts"


def _tell(verdict: GateVerdict) -> str:
    low, high = verdict.interval or (None, None)
    if verdict.estimate is None and low is None and high is None:
        return "ratio unknown"
    ends = f"between {'0' if low is None else f'{low:.2f}'} and {'any multiple' if high is None else f'{high:.2f}'}"
    return f"ratio {ends}" if verdict.estimate is None else f"ratio {verdict.estimate:.2f}, {ends}"


def _percent(rate: float) -> str:
    return f"{rate:.2%}" if np.isfinite(rate) else "an unknown share"


def _number(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else "unknown"


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan
