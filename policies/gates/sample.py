"""Minimum-sample gate: both arms have answered enough requests, for as long as the bake, and neither has fallen silent."""

from typing import Final

from policies.gates.evidence import Evidence
from policies.gates.spec import MinimumSample
from policies.observation import ARMS, Arm
from policies.values import format_duration
from policies.verdict import Answer, GateVerdict

SILENT_PERIODS: Final = 3
_WHOLE: Final = 100.0
_MISSED: Final = 7.0
"""Requests expected in the silence; that none of seven comes is chance in one case of a thousand."""


def judge_sample(name: str, gate: MinimumSample, evidence: Evidence) -> GateVerdict:
    """Judge how much was measured at the present stage, and how fresh it is."""
    arms = ARMS if evidence.share < _WHOLE else ("candidate",)
    answered = {arm: evidence.total("invocations", arm) for arm in arms}
    counted = ", ".join(f"{arm} {count:,}" for arm, count in answered.items())
    silent = [arm for arm in arms if answered[arm] and _is_silent(arm, evidence)]
    if silent:
        sentence = f"no requests measured lately for the {' and the '.join(silent)} (requests in this stage: {counted})"
        return GateVerdict(gate=name, verdict=Answer.INCONCLUSIVE, reason="metrics_unavailable", sentence=sentence)
    if min(answered.values()) < gate.requests_at_least:
        sentence = f"requests in this stage: {counted}; {gate.requests_at_least:,} of each are needed"
        reason = "few_requests" if all(answered.values()) else "metrics_unavailable"
        return GateVerdict(gate=name, verdict=Answer.INCONCLUSIVE, reason=reason, sentence=sentence)
    if evidence.share < _WHOLE and evidence.baked < (bake := evidence.policy.stages[evidence.stage].bake):
        measured = f"{format_duration(evidence.baked)} of the bake's {format_duration(bake)}"
        sentence = f"measured in both arms: {measured} (requests in this stage: {counted})"
        return GateVerdict(gate=name, verdict=Answer.INCONCLUSIVE, reason="few_requests", sentence=sentence)
    return GateVerdict(gate=name, verdict=Answer.PASS, sentence=f"requests in this stage: {counted}")


def _is_silent(arm: Arm, evidence: Evidence) -> bool:
    """Tell whether an arm has had no data for longer than chance explains, going by its own rate in this stage."""
    period = evidence.policy.metrics.period
    silence = evidence.settled_until - evidence.last_heard(arm)
    heard = evidence.elapsed - silence
    expected = evidence.total("invocations", arm) * (silence / heard)
    return silence >= SILENT_PERIODS * period and expected >= _MISSED
