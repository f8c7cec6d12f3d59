"""All gates and guardrails at one look. Adding a gate: its spec in ``spec.py``, its function in a file of its own, one case here."""

from collections.abc import Mapping
from typing import assert_never

from policies.gates.agreement import judge_agreement
from policies.gates.comparison import judge_comparison
from policies.gates.evidence import Evidence
from policies.gates.sample import judge_sample
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
from policies.gates.split import judge_split
from policies.gates.superiority import judge_superiority
from policies.gates.threshold import judge_threshold
from policies.observation import Unavailable
from policies.verdict import Answer, GateVerdict


def judge_gates(gates: Mapping[str, Gate], evidence: Evidence | Unavailable) -> tuple[GateVerdict, ...]:
    """Judge gates. Where the evidence could not be had, every verdict is an ERROR."""
    if isinstance(evidence, Unavailable):
        return tuple(
            GateVerdict(gate=name, verdict=Answer.ERROR, reason="metrics_unavailable", sentence=evidence.why)
            for name in gates
        )
    return tuple(judge_gate(name, gate, evidence) for name, gate in gates.items())


def judge_gate(name: str, gate: Gate, evidence: Evidence) -> GateVerdict:
    """Judge one gate."""
    match gate:
        case CountComparison() | LatencyComparison() | AverageComparison():
            return judge_comparison(name, gate, evidence)
        case Threshold():
            return judge_threshold(name, gate, evidence)
        case MinimumSample():
            return judge_sample(name, gate, evidence)
        case TrafficSplit():
            return judge_split(name, gate, evidence)
        case Superiority():
            return judge_superiority(name, gate, evidence)
        case Agreement():
            return judge_agreement(name, gate, evidence)
        case _:
            assert_never(gate)
