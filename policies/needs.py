"""Which metrics the next decision needs: the shell asks, so that it never has to know why."""

from collections.abc import Iterator

from policies.gates.spec import AverageComparison, LatencyComparison, Threshold
from policies.gates.weighing import compared_gates
from policies.lifecycle import CLIMBING, State
from policies.observation import HistogramRequest, MetricsRequest, SeriesRequest
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
        series=dict(_wanted_series(plan)),
        histograms=_wanted_histograms(plan),
    )


def _wanted_histograms(plan: Plan) -> HistogramRequest | None:
    if not any(isinstance(gate, LatencyComparison) for gate in compared_gates(plan.policy).values()):
        return None
    spec = plan.policy.metrics.histograms
    return HistogramRequest(bins_per_query=spec.bins_per_query, every=spec.every)


def _wanted_series(plan: Plan) -> Iterator[tuple[str, SeriesRequest]]:
    for name, gate in (plan.policy.gates | plan.policy.guardrails).items():
        if isinstance(gate, Threshold):
            yield name, _series(plan, gate)
        if isinstance(gate, AverageComparison):
            for arm, variant in (("baseline", plan.baseline.variant), ("candidate", plan.candidate.variant)):
                dimensions = {"EndpointName": plan.endpoint, "VariantName": variant}
                yield f"{gate.metric}:{arm}", SeriesRequest(gate.namespace, gate.metric, gate.statistic, dimensions)


def _series(plan: Plan, gate: Threshold) -> SeriesRequest:
    variant = plan.candidate.variant if gate.arm == "candidate" else plan.baseline.variant
    dimensions = gate.dimensions or {"EndpointName": plan.endpoint, "VariantName": variant}
    return SeriesRequest(namespace=gate.namespace, metric=gate.metric, statistic=gate.statistic, dimensions=dimensions)
