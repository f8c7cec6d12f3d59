"""The candidates of a study: a healthy one, those exactly on the margins of a policy's gates, and a menu of faults."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from policies.gates.spec import CountComparison, Gate, LatencyComparison, MinimumSample, TrafficSplit
from policies.spec import Policy
from rollway.calibration.faults import NO_FAULT, Fault, Faults, Service
from rollway.calibration.margins import Margined, at_margin
from rollway.calibration.traffic import TrafficPlan

NOT_SIMULATED: Final = "errors_4xx"
"""The simulated service never answers 4xx: those are the client's doing."""


class Kind(StrEnum):
    """What a case asks of the judge."""

    HEALTHY = "healthy"
    MARGIN = "at the margin"
    FAULT = "fault"


@dataclass(frozen=True)
class Case:
    """One simulated candidate.

    Attributes:
        kind: what it asks of the judge.
        name: what it is called in tables.
        faults: what is wrong with it.
        gates: names of the gates on whose margin it is.
    """

    kind: Kind
    name: str
    faults: Faults
    gates: tuple[str, ...] = ()


def keep_simulated(policy: Policy) -> tuple[Policy, tuple[str, ...]]:
    """Return the policy without the gates on what is not simulated, and the names of those gates.

    Left out are thresholds, comparisons of averages and of answers, and ``errors_4xx``.
    """
    gates = {name: gate for name, gate in policy.gates.items() if _is_simulated(gate)}
    guardrails = {name: gate for name, gate in policy.guardrails.items() if _is_simulated(gate)}
    left_out = tuple(name for name in policy.gates | policy.guardrails if name not in gates | guardrails)
    return policy.model_copy(update={"gates": gates, "guardrails": guardrails}), left_out


def _is_simulated(gate: Gate) -> bool:
    match gate:
        case CountComparison():
            return gate.metric != NOT_SIMULATED
        case LatencyComparison() | MinimumSample() | TrafficSplit():
            return True
        case _:
            return False


def stages_asking(policy: Policy, gates: Collection[str]) -> tuple[int, ...]:
    """Return the stages that do not pass without one of the gates; a guardrail counts at every stage."""
    stages = range(len(policy.stages))
    return tuple(stage for stage in stages if {*policy.gates_at(stage), *policy.guardrails}.intersection(gates))


def margin_cases(policy: Policy, service: Service) -> tuple[Case, ...]:
    """Return the candidate on all margins at once, and where there are several gates, one for each alone.

    Gates that no stage asks for stop nobody; they are left out.
    """
    gates: dict[str, Margined] = {
        name: gate
        for name, gate in (policy.gates | policy.guardrails).items()
        if isinstance(gate, Margined) and stages_asking(policy, [name])
    }
    alone = [Case(Kind.MARGIN, name, at_margin([gate], service), (name,)) for name, gate in gates.items()]
    together = Case(Kind.MARGIN, "all gates", at_margin(gates.values(), service), tuple(gates))
    return (together, *alone) if len(alone) > 1 else tuple(alone)


def fault_menu(plan: TrafficPlan) -> Mapping[str, Faults]:
    """Return faults worth finding, by name; sizes are those of a candidate that people would want back."""
    return {
        "errors + 1 point": (Fault(error_added=0.01),),
        "errors × 2": (Fault(error_ratio=2.0),),
        "errors + 5 points": (Fault(error_added=0.05),),
        "latency × 1.25": (Fault(latency_ratio=1.25),),
        "latency × 2": (Fault(latency_ratio=2.0),),
        "tail: slow requests × 3": (Fault(slow_ratio=3.0),),
        "spread of latency × 1.5": (Fault(spread=1.5),),
        "ramp: to + 2 points, latency × 1.5": (Fault(error_added=0.02, latency_ratio=1.5, ramp=plan.minutes),),
        "late: + 1 point, latency × 1.25": (Fault(error_added=0.01, latency_ratio=1.25, onset=plan.minutes // 2),),
        "load: the same, from 50 % on": (Fault(error_added=0.01, latency_ratio=1.25, from_share=50.0),),
    }


def all_cases(policy: Policy, plan: TrafficPlan, service: Service) -> tuple[Case, ...]:
    """Return every case of a study."""
    faults = [Case(Kind.FAULT, name, faults) for name, faults in fault_menu(plan).items()]
    return (Case(Kind.HEALTHY, "as good as baseline", NO_FAULT), *margin_cases(policy, service), *faults)
