"""All gates and guardrails at one look. Adding a gate: its spec in ``spec.py``, its function in a file of its own, one case here."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from policies.gates.comparison import judge_counts, judge_latency
from policies.gates.evidence import Evidence
from policies.gates.sample import judge_sample
from policies.gates.spec import CountComparison, Gate, LatencyComparison, MinimumSample, Threshold, TrafficSplit
from policies.gates.split import judge_split
from policies.gates.threshold import judge_threshold
from policies.observation import Unavailable
from policies.verdict import GateVerdict, Verdict


def judge_gates(
    gates: Mapping[str, Gate], names: Sequence[str], evidence: Evidence | Unavailable
) -> tuple[GateVerdict, ...]:
    """Judge the named gates. Where the evidence could not be had, every verdict is an ERROR."""
    if isinstance(evidence, Unavailable):
        return tuple(
            GateVerdict(gate=name, verdict=Verdict.ERROR, reason="metrics_unavailable", sentence=evidence.why)
            for name in names
        )
    return tuple(judge_gate(name, gates[name], evidence) for name in names)


def judge_gate(name: str, gate: Gate, evidence: Evidence) -> GateVerdict:
    """Judge one gate."""
    match gate:
        case CountComparison():
            return judge_counts(name, gate, evidence)
        case LatencyComparison():
            return judge_latency(name, gate, evidence)
        case Threshold():
            return judge_threshold(name, gate, evidence)
        case MinimumSample():
            return judge_sample(name, gate, evidence)
        case TrafficSplit():
            return judge_split(name, gate, evidence)
        case _:
            assert_never(gate)
