"""Comparison gates: the candidate against the baseline within the same minutes.

FAIL: the evidence that the candidate is worse than its margin has crossed the policy's risk, at whichever look. PASS: so has the
evidence that it is better than its margin. Otherwise: few requests, go on. Which test weighs the evidence is behind ``Compare``.
"""

from policies.compare.comparison import Comparison, pair
from policies.compare.counts import compare_counts
from policies.compare.latency import compare_latency
from policies.gates.evidence import Evidence
from policies.gates.spec import CountComparison, LatencyComparison, Margin
from policies.observation import Arm
from policies.values import format_percent
from policies.verdict import GateVerdict, Verdict


def judge_counts(name: str, gate: CountComparison, evidence: Evidence) -> GateVerdict:
    """Judge an error rate."""
    pairs = pair(evidence.strata, ("invocations", gate.metric))
    renamed = pairs.rename(columns=lambda column: column.replace(gate.metric, "errors"))
    comparison = compare_counts(renamed, gate.no_worse_than)
    candidate, baseline = _rate(evidence, gate.metric, "candidate"), _rate(evidence, gate.metric, "baseline")
    told = f"{_percent(candidate)} of the candidate's requests failed against {_percent(baseline)} of the baseline's"
    ratio = candidate / baseline if candidate is not None and baseline else None
    return _verdict(name, comparison, evidence, f"{told} ({gate.metric}, {_tolerated(gate.no_worse_than)})", ratio)


def judge_latency(name: str, gate: LatencyComparison, evidence: Evidence) -> GateVerdict:
    """Judge the model latency."""
    columns = ("latency_sum_us", "latency_count")
    pairs = pair(evidence.strata[evidence.strata["latency_count"] > 0], columns)
    comparison = compare_latency(pairs, gate.no_worse_than)
    candidate, baseline = _mean_ms(evidence, "candidate"), _mean_ms(evidence, "baseline")
    told = f"the candidate takes {_milliseconds(candidate)} on average against the baseline's {_milliseconds(baseline)}"
    ratio = candidate / baseline if candidate is not None and baseline is not None else None
    return _verdict(name, comparison, evidence, f"{told} ({_tolerated(gate.no_worse_than)})", ratio)


def _verdict(name: str, comparison: Comparison, evidence: Evidence, told: str, estimate: float | None) -> GateVerdict:
    risk = evidence.policy.risk
    to_fail = _comparisons(evidence) / risk.false_rollback
    to_pass = 1 / risk.false_promotion
    if comparison.worse >= to_fail:
        weight = f"evidence that it is worse: {comparison.worse:.3g}, {to_fail:.3g} suffices"
        sentence = f"{told}; {weight}; {comparison.strata} periods"
        return GateVerdict(gate=name, verdict=Verdict.FAIL, sentence=sentence, estimate=estimate)
    weight = f"evidence that it is not: {comparison.not_worse:.3g}, {to_pass:.3g} is needed"
    sentence = f"{told}; {weight}; {comparison.strata} periods"
    if comparison.not_worse >= to_pass:
        return GateVerdict(gate=name, verdict=Verdict.PASS, sentence=sentence, estimate=estimate)
    return GateVerdict(
        gate=name, verdict=Verdict.INCONCLUSIVE, reason="few_requests", sentence=sentence, estimate=estimate
    )


def _comparisons(evidence: Evidence) -> int:
    """How many comparisons share the risk of a false rollback (Bonferroni)."""
    judged = [*evidence.policy.gates.values(), *evidence.policy.guardrails.values()]
    return sum(isinstance(gate, CountComparison | LatencyComparison) for gate in judged)


def _tolerated(margin: Margin) -> str:
    absolute = f" or + {format_percent(margin.or_absolute)}" if margin.or_absolute else ""
    return f"tolerated × {margin.ratio:g}{absolute}"


def _rate(evidence: Evidence, metric: str, arm: Arm) -> float | None:
    requests = evidence.total("invocations", arm)
    return evidence.total(metric, arm) / requests if requests else None


def _mean_ms(evidence: Evidence, arm: Arm) -> float | None:
    rows = evidence.in_stage[evidence.in_stage["arm"] == arm]
    answered = rows["latency_count"].sum()
    return float(rows["latency_sum_us"].sum() / answered / 1000) if answered else None


def _percent(rate: float | None) -> str:
    return "an unknown share" if rate is None else f"{rate:.2%}"


def _milliseconds(value: float | None) -> str:
    return "an unknown time" if value is None else f"{value:.1f} ms"
