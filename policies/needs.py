"""Which metrics the next decision needs: the shell asks, so that it never has to know why."""

from collections.abc import Iterator, Mapping

from policies.answers.capture import read_capture
from policies.gates.spec import AverageComparison, LatencyComparison, Superiority, Threshold
from policies.gates.superiority_series import count_of, total_of
from policies.gates.weighing import compared_gates
from policies.lifecycle import CLIMBING, State
from policies.observation import AnswersRequest, Arm, HistogramRequest, MetricsRequest, SeriesRequest
from policies.plan import Plan


def wanted_metrics(plan: Plan, state: State) -> MetricsRequest | None:
    """Return what to read from CloudWatch, or None while there is nothing to judge."""
    if not state.windows or state.phase not in CLIMBING:
        return None
    metrics, arms = plan.policy.metrics, _arms(plan, state)
    watching = _is_watching(plan, state)
    return MetricsRequest(
        endpoint=plan.endpoint,
        arms=arms,
        configs=_configs(plan),
        since=state.windows[-1 if watching else 0].start,
        period=metrics.period,
        settle=metrics.settle,
        reread=metrics.reread,
        series=dict(_wanted_series(plan, arms)),
        histograms=None if watching else _wanted_histograms(plan),
        answers=None if watching else _wanted_answers(plan, state),
    )


def _is_watching(plan: Plan, state: State) -> bool:
    return plan.stages[state.windows[-1].stage].watch


def _arms(plan: Plan, state: State) -> dict[Arm, str]:
    """Return the variant that is each arm. In the watch the candidate has taken the baseline's place, and nobody serves beside it."""
    if _is_watching(plan, state):
        return {"baseline": plan.candidate.variant, "candidate": plan.baseline.variant}
    return {"baseline": plan.compared.variant, "candidate": plan.candidate.variant}


def _wanted_histograms(plan: Plan) -> HistogramRequest | None:
    if not any(isinstance(gate, LatencyComparison) for gate in compared_gates(plan.policy).values()):
        return None
    spec = plan.policy.metrics.histograms
    return HistogramRequest(bins_per_query=spec.bins_per_query, every=spec.every)


def _wanted_answers(plan: Plan, state: State) -> AnswersRequest | None:
    """Return what to compare of the time in shadow, also when that is over: what it said against the candidate goes on counting."""
    windows = [window for window in state.windows if plan.stages[window.stage].shadow]
    agreement = plan.policy.agreement
    if agreement is None or plan.shadowed is None or not windows:
        return None
    capture = read_capture(plan.shadowed)
    return AnswersRequest(
        destination=capture.destination,
        sampled=capture.sampled,
        since=windows[0].start,
        until=windows[-1].end,
        rule=agreement[1],
    )


def _wanted_series(plan: Plan, arms: Mapping[Arm, str]) -> Iterator[tuple[str, SeriesRequest]]:
    for name, gate in (plan.policy.gates | plan.policy.guardrails).items():
        if isinstance(gate, Threshold):
            yield name, _series(plan, arms, gate)
        if isinstance(gate, AverageComparison):
            for arm, variant in arms.items():
                dimensions = _dimensions(plan, arm, variant)
                yield f"{gate.metric}:{arm}", SeriesRequest(gate.namespace, gate.metric, gate.statistic, dimensions)
        if isinstance(gate, Superiority):
            for arm, variant in arms.items():
                dimensions = gate.name_dimensions(plan.endpoint, variant)
                yield total_of(name, arm), SeriesRequest(gate.namespace, gate.metric, "Sum", dimensions)
                yield count_of(name, arm), SeriesRequest(gate.namespace, gate.metric, "SampleCount", dimensions)


def _dimensions(plan: Plan, arm: Arm, variant: str) -> dict[str, str]:
    of_variant = {"EndpointName": plan.endpoint, "VariantName": variant}
    return of_variant | ({"EndpointConfigName": _configs(plan)[arm]} if plan.guard else {})


def _configs(plan: Plan) -> dict[Arm, str]:
    """Return what tells two fleets of one variant apart in CloudWatch; nothing where the arms are variants of their own."""
    return {"baseline": plan.original.name, "candidate": plan.promoted.name} if plan.guard else {}


def _series(plan: Plan, arms: Mapping[Arm, str], gate: Threshold) -> SeriesRequest:
    dimensions = gate.dimensions or _dimensions(plan, gate.arm, arms[gate.arm])
    return SeriesRequest(namespace=gate.namespace, metric=gate.metric, statistic=gate.statistic, dimensions=dimensions)
