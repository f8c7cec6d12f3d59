"""Which metrics the next decision needs: the shell asks, so that it never has to know why."""

from policies.gates.spec import Threshold
from policies.lifecycle import CLIMBING, State
from policies.observation import MetricsRequest, SeriesRequest
from policies.plan import Plan


def wanted_metrics(plan: Plan, state: State) -> MetricsRequest | None:
    """Return what to read from CloudWatch, or None while there is nothing to judge."""
    if not state.windows or state.phase not in CLIMBING:
        return None
    metrics = plan.policy.metrics
    return MetricsRequest(
        endpoint=plan.endpoint,
        arms={"baseline": plan.baseline.variant, "candidate": plan.candidate.variant},
        since=state.windows[0].start,
        period=metrics.period,
        settle=metrics.settle,
        reread=metrics.reread,
        series={
            name: _series(plan, gate)
            for name, gate in (plan.policy.gates | plan.policy.guardrails).items()
            if isinstance(gate, Threshold)
        },
    )


def _series(plan: Plan, gate: Threshold) -> SeriesRequest:
    variant = plan.candidate.variant if gate.arm == "candidate" else plan.baseline.variant
    dimensions = gate.dimensions or {"EndpointName": plan.endpoint, "VariantName": variant}
    return SeriesRequest(namespace=gate.namespace, metric=gate.metric, statistic=gate.statistic, dimensions=dimensions)
