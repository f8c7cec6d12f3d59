"""A bake: wait until its metrics are in, then go on, extend, hold or turn back by what the gates say."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from policies.approvals.waiting import await_approval, tell_approval, wants_approval
from policies.decision import Decision
from policies.lifecycle import Outcome, Phase, State, close_window, enter, turn_back
from policies.plan import Plan
from policies.promoting import conclude, describe
from policies.spec import OnInconclusive
from policies.strategies.stage import Stage
from policies.values import format_duration
from policies.verdict import Answer, GateVerdict

_WHOLE: Final = 100.0


def bake(plan: Plan, state: State, verdicts: tuple[GateVerdict, ...], now: datetime) -> Decision:
    """Decide at a stage whose split is in force. Verdicts that FAIL have been acted on before."""
    stage = plan.stages[state.stage]
    left = bake_ends(plan, state) - now
    if left > timedelta(0):
        what = f"watching {plan.candidate.model}" if stage.watch else f"baking {describe(stage)}"
        reason = f"{what}: {format_duration(left)} left; {summarise(verdicts)}"
        return Decision(state, "wait", reason, plan.policy.metrics.look_every, verdicts=verdicts)
    passed = {verdict.gate for verdict in verdicts if verdict.verdict is Answer.PASS}
    if needed_gates(plan, state) <= passed:
        return _advance(plan, state, verdicts, now)
    return _undecided(plan, state, verdicts, now)


def bake_ends(plan: Plan, state: State) -> datetime:
    """Return when the metrics of the whole bake will have settled; where it cannot be extended, with a period that began before it."""
    stage, metrics = plan.stages[state.stage], plan.policy.metrics
    begun = metrics.period if stage.guarded else timedelta(0)
    return state.since + plan.policy.warm_up + stage.bake + begun + metrics.settle


def summarise(verdicts: Sequence[GateVerdict]) -> str:
    """Say in a few words how the gates stand."""
    if not verdicts:
        return "no gates judged yet"
    return ", ".join(f"{verdict.gate} {verdict.verdict}" for verdict in verdicts)


def explain_failures(verdicts: Sequence[GateVerdict]) -> str:
    """Say which gates failed, with their numbers."""
    return "; ".join(f"{verdict.gate}: {verdict.sentence}" for verdict in verdicts if verdict.verdict is Answer.FAIL)


def explain_open(plan: Plan, state: State, verdicts: Sequence[GateVerdict]) -> str:
    """Say which gates that the present stage needs have not passed, and why; empty when all have."""
    needed = needed_gates(plan, state)
    waiting = [verdict for verdict in verdicts if verdict.gate in needed and verdict.verdict is not Answer.PASS]
    unjudged = sorted(needed - {verdict.gate for verdict in verdicts}) if not plan.rivals else []
    texts = [f"{verdict.gate} {verdict.verdict}: {verdict.sentence}" for verdict in waiting]
    return "; ".join([*texts, *(f"{gate}: not judged yet" for gate in unjudged)])


def _advance(plan: Plan, state: State, verdicts: tuple[GateVerdict, ...], now: datetime) -> Decision:
    stage: Stage = plan.stages[state.stage]
    passed = f"every gate passed at {describe(stage)}"
    if wants_approval(plan, state):
        return await_approval(plan, state, passed, verdicts, now)
    passed += tell_approval(state)
    if stage.watch:
        return conclude(plan, state, now)
    following = state.stage + 1
    if following < len(plan.stages) and not plan.stages[following].watch:
        phase = Phase.PREPARING if stage.shadow else Phase.SHIFTING
        advanced = enter(close_window(state, now), phase, now, stage=following)
        reason = f"{passed}; on to {describe(plan.stages[following])}"
    else:
        advanced = enter(state, Phase.PROMOTING, now)
        reason = f"{passed}, the last stage; promoting {plan.candidate.model}"
    return Decision(advanced, "act", reason, timedelta(0), verdicts=verdicts)


def _undecided(plan: Plan, state: State, verdicts: tuple[GateVerdict, ...], now: datetime) -> Decision:
    needed = needed_gates(plan, state)
    open_verdicts = [verdict for verdict in verdicts if verdict.gate in needed and verdict.verdict is not Answer.PASS]
    told = "; ".join(f"{verdict.gate} {verdict.verdict}: {verdict.sentence}" for verdict in open_verdicts)
    asked = state.awaiting_since is not None  # so the bake was long enough once: what wavers since is waited for
    extended = timedelta(0) if asked else now - bake_ends(plan, state)
    actions = {_action(plan, verdict, extended) for verdict in open_verdicts}
    look = plan.policy.metrics.look_every
    guarded = plan.stages[state.stage].guarded
    if guarded or "roll_back" in actions:
        why = "SageMaker waits for nobody, and the gates" if guarded else "the policy rolls back when it"
        reason = f"{why} {'could not' if guarded else 'cannot'} tell — {told}"
        back = turn_back(state, Outcome.INCONCLUSIVE, reason, now)
        return Decision(back, "act", reason, timedelta(0), verdicts=verdicts)
    if "hold" in actions:
        reason = f"holding for a person or for better data — {told}"
        return Decision(state, "hold", reason, look, verdicts=verdicts, awaits="verdict")
    left = format_duration(plan.policy.extend_at_most - extended)
    return Decision(state, "wait", f"bake extended, at most {left} more — {told}", look, verdicts=verdicts)


def needed_gates(plan: Plan, state: State) -> set[str]:
    """Return the gates and guardrails that must pass at the present stage; one without a verdict has not passed."""
    stage = plan.stages[state.stage]
    alone = stage.watch or (stage.guarded and stage.share >= _WHOLE)
    guardrails = {*plan.policy.guardrails} & {*plan.policy.judged_alone} if alone else {*plan.policy.guardrails}
    return {*stage.gates, *guardrails}


def _action(plan: Plan, verdict: GateVerdict, extended: timedelta) -> OnInconclusive:
    rules = plan.policy.inconclusive
    action: OnInconclusive = getattr(rules, verdict.reason or "otherwise")
    if action == "extend" and extended >= plan.policy.extend_at_most:
        return rules.otherwise if rules.otherwise != "extend" else "hold"
    return action
