"""Traffic-split gate: does the candidate get the share that it was given?

A sample-ratio mismatch means that something else routes traffic, or that an arm loses requests before they are counted; the comparison
of the arms is then not to be trusted. The test is a beta-binomial e-process on the request counts of the stage.
"""

from typing import Final

import numpy as np
from scipy.special import betaln

from policies.gates.evidence import Evidence
from policies.gates.spec import TrafficSplit
from policies.verdict import Answer, GateVerdict

_PRIOR: Final = 100.0
MISMATCH: Final = np.log(1000.0)
"""One false alarm in a thousand rollouts."""


def judge_split(name: str, gate: TrafficSplit, evidence: Evidence) -> GateVerdict:
    """Judge the request counts of the present stage against the ordered share, as far as they were counted under it."""
    candidate, baseline = (
        evidence.total_as_split("invocations", "candidate"),
        evidence.total_as_split("invocations", "baseline"),
    )
    wanted = evidence.share / 100
    if not candidate + baseline:
        sentence = "no requests measured in this stage yet"
        return GateVerdict(gate=name, verdict=Answer.INCONCLUSIVE, reason="metrics_unavailable", sentence=sentence)
    observed = candidate / (candidate + baseline)
    sentence = f"candidate gets {observed:.1%} of the requests, ordered were {wanted:.1%}"
    off = abs(observed / wanted - 1) > gate.share_within
    if off and mismatch_evidence(candidate, baseline, wanted) >= MISMATCH:
        return GateVerdict(gate=name, verdict=Answer.INCONCLUSIVE, reason="traffic_split", sentence=sentence)
    return GateVerdict(gate=name, verdict=Answer.PASS, sentence=sentence)


def mismatch_evidence(candidate: int, baseline: int, wanted: float) -> float:
    """Return the log e-value of "the share is not the wanted one" (Beta prior centred on it, worth 100 requests)."""
    if wanted >= 1:
        return 0.0 if not baseline else float("inf")
    prior = (_PRIOR * wanted, _PRIOR * (1 - wanted))
    mixture = betaln(prior[0] + candidate, prior[1] + baseline) - betaln(*prior)
    return float(mixture - candidate * np.log(wanted) - baseline * np.log1p(-wanted))
