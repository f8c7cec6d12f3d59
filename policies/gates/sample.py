"""Minimum-sample gate: both arms have answered enough requests within the stage, and neither has fallen silent."""

from datetime import timedelta
from typing import Final

from policies.gates.evidence import Evidence
from policies.gates.spec import MinimumSample
from policies.observation import ARMS, Arm
from policies.verdict import GateVerdict, Verdict

SILENT_PERIODS: Final = 3
_WHOLE: Final = 100.0


def judge_sample(name: str, gate: MinimumSample, evidence: Evidence) -> GateVerdict:
    """Judge how much was measured at the present stage, and how fresh it is."""
    arms = ARMS if evidence.share < _WHOLE else ("candidate",)
    answered = {arm: evidence.total("invocations", arm) for arm in arms}
    counted = ", ".join(f"{arm} {count:,}" for arm, count in answered.items())
    silent = [arm for arm in arms if answered[arm] and _silence(arm, evidence) > timedelta(0)]
    if silent:
        sentence = f"no requests measured lately for the {' and the '.join(silent)} (requests in this stage: {counted})"
        return GateVerdict(gate=name, verdict=Verdict.INCONCLUSIVE, reason="metrics_unavailable", sentence=sentence)
    if min(answered.values()) < gate.requests_at_least:
        sentence = f"requests in this stage: {counted}; {gate.requests_at_least:,} of each are needed"
        reason = "few_requests" if all(answered.values()) else "metrics_unavailable"
        return GateVerdict(gate=name, verdict=Verdict.INCONCLUSIVE, reason=reason, sentence=sentence)
    return GateVerdict(gate=name, verdict=Verdict.PASS, sentence=f"requests in this stage: {counted}")


def _silence(arm: Arm, evidence: Evidence) -> timedelta:
    """Return for how much longer than tolerated the arm has had no data."""
    rows = evidence.in_stage
    newest = rows.loc[rows["arm"] == arm, "minute"].max()
    period = evidence.policy.metrics.period
    return evidence.settled_until - (newest + period) - (SILENT_PERIODS - 1) * period
