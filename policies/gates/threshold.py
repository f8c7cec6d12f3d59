"""Threshold gate: M of the last N periods beyond a fixed limit fail it, as with a CloudWatch alarm; missing periods never pass it."""

from policies.gates.evidence import Evidence
from policies.gates.sample import SILENT_PERIODS
from policies.gates.spec import Threshold
from policies.verdict import Answer, GateVerdict


def judge_threshold(name: str, gate: Threshold, evidence: Evidence) -> GateVerdict:
    """Judge the newest periods of the present stage."""
    if name not in evidence.series:
        sentence = f"{gate.metric} {gate.statistic} is not among the observations"
        return GateVerdict(gate=name, verdict=Answer.ERROR, reason="metrics_unavailable", sentence=sentence)
    values = evidence.series[name].tail(gate.of)
    beyond = values > gate.at_most if gate.at_most is not None else values < gate.at_least
    breaches = int(beyond.sum())
    limit = f"at most {gate.at_most:g}" if gate.at_most is not None else f"at least {gate.at_least:g}"
    what = f"{gate.metric} {gate.statistic} of the {gate.arm}"
    if breaches >= gate.breaches:
        worst = values.max() if gate.at_most is not None else values.min()
        sentence = f"{what} was beyond its limit ({limit}) in {breaches} of {len(values)} periods, at worst {worst:.6g}"
        return GateVerdict(gate=name, verdict=Answer.FAIL, sentence=sentence)
    if len(values) < gate.of:
        sentence = f"{what}: {len(values)} of {gate.of} periods with data so far"
        period = evidence.policy.metrics.period
        young = evidence.elapsed < evidence.policy.warm_up + (gate.of + SILENT_PERIODS) * period
        reason = "few_requests" if young else "metrics_unavailable"
        return GateVerdict(gate=name, verdict=Answer.INCONCLUSIVE, reason=reason, sentence=sentence)
    silent = evidence.settled_until - values.index[-1] > SILENT_PERIODS * evidence.policy.metrics.period
    if silent:
        sentence = f"{what}: no data since {values.index[-1]:%H:%M} UTC"
        return GateVerdict(gate=name, verdict=Answer.INCONCLUSIVE, reason="metrics_unavailable", sentence=sentence)
    sentence = f"{what} kept its limit ({limit}) in {len(values) - breaches} of {len(values)} periods, last {values.iloc[-1]:.6g}"
    return GateVerdict(gate=name, verdict=Answer.PASS, sentence=sentence)
