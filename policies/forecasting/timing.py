"""How long each gate needs at a share, the gates that compare nothing included, and how far real rollouts scatter around it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from policies.compare.agreement import pairs_to_pass
from policies.forecasting.crossing import pass_times
from policies.forecasting.traffic import Traffic
from policies.gates.spec import Agreement, Gate, MinimumSample, Threshold
from policies.spec import Policy, StageSpec

MEDIAN: Final = 1.2
"""Half of all rollouts have decided by this multiple of the typical time ..."""
LIKELY: Final = 2.0
"""... and nine in ten by this one. Both established by simulation; see the tests."""
WHOLE: Final = 100.0
"""All traffic, in percent: no baseline is left to compare with."""
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Need:
    """How long a gate needs to pass a candidate that is equal to its baseline.

    Attributes:
        typical: half of all rollouts have passed by then; None for longer than the deadline.
        likely: nine in ten have; None likewise.
    """

    typical: timedelta | None
    likely: timedelta | None


NEVER: Final = Need(None, None)


def between_arms(policy: Policy, traffic: Traffic, stage: StageSpec) -> tuple[Traffic, float]:
    """Return the traffic of the two arms that are compared at a stage, and the candidate's share of it in percent."""
    return traffic.times(policy.compared_part(stage)), policy.compared_share(stage)


def find_needs(policy: Policy, traffic: Traffic, share: float) -> dict[str, Need]:
    """Return what each gate and guardrail needs at a share of the two arms' traffic, in the order of the policy."""
    most = policy.deadline / MINUTE
    compared = pass_times(policy, traffic, share, most) if share < WHOLE else {}
    judged: Mapping[str, Gate] = policy.gates | policy.guardrails
    return {
        name: _scattered(policy, compared.get(name))
        if hasattr(gate, "no_worse_than")
        else _plain(policy, gate, traffic, share)
        for name, gate in judged.items()
    }


def _scattered(policy: Policy, minutes: float | None) -> Need:
    if minutes is None:
        return NEVER
    typical, likely = (factor * minutes * MINUTE for factor in (MEDIAN, LIKELY))
    return Need(*(length if length <= policy.deadline else None for length in (typical, likely)))


def _plain(policy: Policy, gate: Gate, traffic: Traffic, share: float) -> Need:
    """Return what a gate needs that compares nothing: enough requests, or enough periods, of which chance takes little away."""
    match gate:
        case MinimumSample():
            smaller = min(share, WHOLE - share) if share < WHOLE else share
            needed = gate.requests_at_least / (traffic.requests_per_minute * smaller / WHOLE) * MINUTE
        case Threshold():
            needed = gate.of * policy.metrics.period
        case Agreement():
            needed = _until_agreed(policy, gate, traffic, share)
        case _:
            needed = timedelta(0)
    return Need(needed, needed)


def _until_agreed(policy: Policy, gate: Agreement, traffic: Traffic, share: float) -> timedelta:
    """Return how long a gate on answers needs if all of them agree: pairs that prove it, however late they are delivered."""
    copies = min(
        traffic.requests_per_minute * share / WHOLE, gate.records_per_minute / (policy.metrics.period / MINUTE)
    )
    minutes = pairs_to_pass(gate.agree_at_least, policy.risk.false_promotion) / copies
    return minutes * MINUTE + max(gate.delivered_within - policy.metrics.settle, timedelta(0))
