"""Judging at one look: every gate and guardrail of every challenger that is still in, and what a failure leads to."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from policies.baking import explain_failures
from policies.compare.memory import FORGETFUL, Forgetful
from policies.decision import Decision
from policies.experiment import competing, expel, is_testing, tell_apart
from policies.gates.evidence import Evidence, gather_evidence
from policies.gates.judging import judge_gates
from policies.gates.spec import TrafficSplit
from policies.lifecycle import Outcome, Phase, State, candidate_share, turn_back
from policies.observation import Metrics, Observation, Unavailable
from policies.plan import Plan
from policies.verdict import GateVerdict

Judge = Callable[[Plan, State, Metrics | Unavailable], tuple[GateVerdict, ...]]
"""Gives the verdicts of the gates and guardrails that count in a state."""


def judge(
    plan: Plan, state: State, metrics: Metrics | Unavailable, memory: Forgetful = FORGETFUL
) -> tuple[GateVerdict, ...]:
    """Judge every gate and guardrail, also those that the present stage does not need: each may fail. Before the first shift, none.

    In the watch after the promotion nothing is left to compare with; what holds the candidate against a fixed limit goes on.
    """
    if not state.windows:
        return ()
    evidence: Evidence | Unavailable = (
        metrics
        if isinstance(metrics, Unavailable)
        else gather_evidence(plan.judged_by, metrics, state.windows, memory.about(plan.candidate.variant))
    )
    gates = plan.judged_by.gates | plan.judged_by.guardrails
    if plan.guard:  # the split is SageMaker's own, by instances
        gates = {name: gate for name, gate in gates.items() if not isinstance(gate, TrafficSplit)}
    if plan.stages[state.windows[-1].stage].watch:
        gates = {name: gate for name, gate in gates.items() if name in plan.policy.judged_alone}
    return judge_gates(gates, evidence)


def judge_each(
    plan: Plan, state: State, observation: Observation, judge: Judge
) -> Mapping[str, tuple[GateVerdict, ...]]:
    """Judge the candidate, and in an A/B test every challenger that is still in it, each against the baseline."""
    seen = {plan.candidate.variant: observation.metrics, **observation.rivals}
    nothing = Unavailable("no metrics were asked for")
    return {
        each.variant: judge(plan.duel(each.variant), state, seen.get(each.variant) or nothing)
        for each in competing(plan, state)
    }


def take_back_failing(
    plan: Plan, state: State, judged: Mapping[str, tuple[GateVerdict, ...]], now: datetime
) -> Decision | None:
    """Take back a candidate that fails a gate, or take it out of an A/B test; None where none fails."""
    if is_testing(plan, state):
        expulsion = expel(plan, state, judged, now)
        if expulsion:
            return expulsion
    verdicts = tell_apart(plan, state, judged)
    failures = explain_failures(verdicts)
    return fail(plan, state, failures, now, verdicts) if failures else None


def fail(plan: Plan, state: State, failures: str, now: datetime, verdicts: tuple[GateVerdict, ...]) -> Decision:
    """Start the way back because gates have failed."""
    in_shadow = plan.stages[state.stage].shadow and state.phase is not Phase.PROMOTING
    where = "in shadow" if in_shadow else f"at {candidate_share(plan, state):g} %"
    reason = f"{where} — {failures}"
    back = turn_back(state, Outcome.ROLLED_BACK, reason, now)
    return Decision(back, "act", f"ROLLBACK {reason}", timedelta(0), verdicts=verdicts)
