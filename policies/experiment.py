"""The A/B test: several challengers at a fixed split. Who fails leaves, who is shown to be better wins, and perhaps nobody does.

Each challenger is judged in its own duel with the baseline, by the same gates as any candidate. What a winner needs beside them is a gate
of the kind ``better_by``. Whoever has won is from then on the candidate of an ordinary rollout.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from policies.approvals.waiting import ask_anew, await_approval, tell_approval, wants_approval
from policies.baking import explain_failures, needed_gates
from policies.commands import SetShares
from policies.decision import Decision
from policies.facts import Endpoint
from policies.goal import has_shares
from policies.lifecycle import CLIMBING, Outcome, Phase, State, close_window, enter, turn_back, without_traffic
from policies.observation import Signal
from policies.plan import Contender, Plan
from policies.promoting import describe
from policies.returning import RETRY_EVERY
from policies.values import format_duration
from policies.verdict import Answer, GateVerdict

_LATE: Final = 2
"""Periods that the newest measurement may be behind the time at which the bake ends."""

Judged = Mapping[str, tuple[GateVerdict, ...]]
"""The verdicts of each challenger's duel, by its variant."""


def is_testing(plan: Plan, state: State) -> bool:
    """Whether the challengers of an A/B test still compete."""
    return plan.policy.strategy == "ab_test" and state.winner is None and state.phase in CLIMBING


def competing(plan: Plan, state: State) -> tuple[Contender, ...]:
    """Return the challengers that have neither left nor lost."""
    gone = without_traffic(plan, state)
    return tuple(each for each in plan.challengers if each.variant not in gone)


def tell_apart(plan: Plan, state: State, judged: Judged) -> tuple[GateVerdict, ...]:
    """Return all duels' verdicts as one row, each named after its gate and, until there is a winner, its challenger."""
    if not plan.rivals or state.winner:
        return tuple(verdict for verdicts in judged.values() for verdict in verdicts)
    models = {each.variant: each.model for each in plan.challengers}
    return tuple(
        verdict.model_copy(update={"gate": f"{verdict.gate} of {models[variant]}"})
        for variant, verdicts in judged.items()
        for verdict in verdicts
    )


def screen(plan: Plan, state: State, signals: Sequence[Signal]) -> tuple[State, tuple[Signal, ...]]:
    """Take out what cannot be heeded while several compete: nobody can tell whom ``promote_now`` means. It stays unheeded for good."""
    if not is_testing(plan, state) or len(competing(plan, state)) == 1:
        return state, tuple(signals)
    vain = [each.id for each in signals if each.verb == "promote_now" and each.id and each.id not in state.heard]
    kept = tuple(each for each in signals if each.verb != "promote_now")
    return (state.model_copy(update={"heard": (*state.heard, *vain)}) if vain else state), kept


def crown_by_word(plan: Plan, state: State) -> State:
    """Make the last challenger the winner where a person promotes it before it has won."""
    if not (state.override and is_testing(plan, state)):
        return state
    (last,) = competing(plan, state)
    return state.model_copy(update={"winner": last.variant})


def expel(plan: Plan, state: State, judged: Judged, now: datetime) -> Decision | None:
    """Take those out of the test who have failed a gate; their share goes to the baseline. None when nobody has failed."""
    failed = {variant: told for variant, verdicts in judged.items() if (told := explain_failures(verdicts))}
    if not failed:
        return None
    verdicts, out = tell_apart(plan, state, judged), state.out | failed
    models = {each.variant: each.model for each in plan.challengers}
    told = "; ".join(f"{models[variant]}: {why}" for variant, why in failed.items())
    if len(out) == len(plan.challengers):
        everyone = "; ".join(f"{models[variant]}: {why}" for variant, why in out.items())
        back = turn_back(
            state.model_copy(update={"out": out}), Outcome.ROLLED_BACK, f"no challenger is left — {everyone}", now
        )
        return Decision(back, "act", f"ROLLBACK {everyone}", timedelta(0), verdicts=verdicts)
    shifting = enter(close_window(state, now), Phase.SHIFTING, now).model_copy(update={"out": out})
    left = name_models(competing(plan, shifting))
    reason = f"out of the test, its share goes to {plan.baseline.model} — {told}; still in it: {left}"
    return Decision(shifting, "act", reason, timedelta(0), verdicts=verdicts)


def take_out(plan: Plan, state: State, endpoint: Endpoint) -> Decision | None:
    """Take the traffic of those who have left: whatever holds the rollout, that comes first. None when there is none to take.

    It needs no safeguards: nobody gets more but the baseline.
    """
    if state.operation is not None or endpoint.busy or not has_shares(endpoint, state.placement.shares):
        return None
    return _take_out(plan, state, unseen=False)


def take_out_unseen(plan: Plan, state: State) -> Decision | None:
    """Take the traffic of those who have left while the endpoint cannot be described; None once AWS has accepted that."""
    decision = _take_out(plan, state, unseen=True)
    asked = state.operation.command if state.operation else None
    return None if decision and decision.commands == (asked,) else decision


def _take_out(plan: Plan, state: State, *, unseen: bool) -> Decision | None:
    placed, base = state.placement.shares, plan.baseline.variant
    late = {variant for variant in state.out if placed.get(variant, 0.0) > 0}
    if not late:
        return None
    shares = {name: 0.0 if name in late else share for name, share in placed.items()}
    shares[base] = 100 - sum(share for name, share in shares.items() if name != base)
    reason = f"taking the traffic of {name_models([each for each in plan.challengers if each.variant in late])}"
    command = SetShares(endpoint=plan.endpoint, shares=shares, unseen=unseen)
    return Decision(state, "act", reason, min(RETRY_EVERY, plan.policy.metrics.look_every), (command,))


def competition_ends(plan: Plan, state: State) -> datetime:
    """Return when the metrics of the whole bake will have settled, not counting again what was measured before a challenger left."""
    policy, windows = plan.policy, [window for window in state.windows if window.stage == state.stage]
    before = sum((window.end - window.start for window in windows if window.end), timedelta(0))
    left = max(plan.stages[state.stage].bake - before, timedelta(0))
    return windows[-1].start + policy.warm_up + left + policy.metrics.settle


def compete(plan: Plan, state: State, judged: Judged, now: datetime) -> Decision:
    """Decide while the challengers compete and nobody has failed: go on, declare the winner, or give up."""
    verdicts, look = tell_apart(plan, state, judged), plan.policy.metrics.look_every
    least = competition_ends(plan, state)
    names = name_models(competing(plan, state))
    if now < least:
        left = format_duration(least - now)
        reason = f"testing {names} against {plan.baseline.model}, {left} more at least; {_stand(plan, judged)}"
        return Decision(state, "wait", reason, look, verdicts=verdicts)
    needed = needed_gates(plan, state)
    passed = {
        variant: {each.gate for each in verdicts if each.verdict is Answer.PASS} for variant, verdicts in judged.items()
    }
    ready = [variant for variant in judged if needed <= passed[variant]]
    if ready:
        best = max(ready, key=lambda variant: _effect(plan, judged[variant]))
        return _crown(plan, state, state.proposed if state.proposed in ready else best, judged, now)
    if state.proposed:
        waits = f"{plan.duel(state.proposed).candidate.model} was proposed as the winner, and its gates do not all pass just now"
        return Decision(state, "hold", f"{waits}; {_stand(plan, judged)}", look, verdicts=verdicts)
    longest = least + plan.policy.extend_at_most + _LATE * plan.policy.metrics.period
    if now >= longest or all(_is_settled(plan, verdicts) for verdicts in judged.values()):
        return _give_up(plan, state, judged, now)
    left = format_duration(longest - now)
    kept = [told for variant in judged if (told := _what_keeps(plan, variant, judged[variant], needed))]
    if kept:
        reason = f"shown to be better, and yet no winner: {'; '.join(kept)}; waiting {left} more at most"
        return Decision(state, "hold", reason, look, verdicts=verdicts, awaits="verdict")
    reason = f"no winner yet, testing {left} more at most; {_stand(plan, judged)}"
    return Decision(state, "wait", reason, look, verdicts=verdicts)


def _crown(plan: Plan, state: State, winner: str, judged: Judged, now: datetime) -> Decision:
    verdicts, stage = tell_apart(plan, state, judged), plan.stages[state.stage]
    duel = plan.duel(winner)
    told = f"{duel.candidate.model} wins — {_stand(plan, judged)}"
    if stage.approval and state.proposed != winner:
        state = ask_anew(state).model_copy(update={"proposed": winner})
    if wants_approval(plan, state):
        return await_approval(plan, state, told, verdicts, now)
    told += tell_approval(state)
    following = state.stage + 1
    if following < len(plan.stages) and not plan.stages[following].watch:
        phase, stage = Phase.SHIFTING, plan.stages[following]
        then = f"on to {describe(stage)}, {100 - stage.share:g} % held out"
    else:
        phase, following, then = Phase.PROMOTING, state.stage, f"promoting {duel.candidate.model}"
    crowned = enter(close_window(state, now), phase, now, stage=following).model_copy(
        update={"winner": winner, "won_by": told}
    )
    return Decision(crowned, "act", f"{told}; {then}", timedelta(0), verdicts=verdicts)


def _give_up(plan: Plan, state: State, judged: Judged, now: datetime) -> Decision:
    needed = needed_gates(plan, state)
    models = {each.variant: each.model for each in plan.challengers}
    told = [f"{models[variant]} — {_tell(_find_open(verdicts, needed))}" for variant, verdicts in judged.items()]
    told += [f"{models[variant]} — left the test, {why}" for variant, why in state.out.items()]
    reason = f"the test is over and nobody has won; {plan.baseline.model} stays. {' | '.join(told)}"
    back = turn_back(state, Outcome.INCONCLUSIVE, reason, now)
    return Decision(back, "act", reason, timedelta(0), verdicts=tell_apart(plan, state, judged))


def _metric(plan: Plan, verdicts: Sequence[GateVerdict]) -> GateVerdict | None:
    """Return the verdict of the gate that makes the winner; coherence sees to it that there is one."""
    return next(
        (each for each in verdicts if plan.policy.superiority and each.gate == plan.policy.superiority[0]), None
    )


def _effect(plan: Plan, verdicts: Sequence[GateVerdict]) -> float:
    """Return how much better a challenger is, the greater the better."""
    verdict = _metric(plan, verdicts)
    ratio = verdict.estimate if verdict and verdict.estimate is not None else 1.0
    falling = plan.policy.superiority is not None and plan.policy.superiority[1].better == "lower"
    return -ratio if falling else ratio


def _is_settled(plan: Plan, verdicts: Sequence[GateVerdict]) -> bool:
    """Whether the one look at the metric is over, without success."""
    verdict = _metric(plan, verdicts)
    return verdict is not None and verdict.reason == "otherwise"


def _what_keeps(plan: Plan, variant: str, verdicts: Sequence[GateVerdict], needed: set[str]) -> str:
    """Say what keeps a challenger from winning that is better by the metric, where the policy holds for such a reason."""
    verdict = _metric(plan, verdicts)
    if verdict is None or verdict.verdict is not Answer.PASS:
        return ""
    rules = plan.policy.inconclusive
    held = [each for each in _find_open(verdicts, needed) if getattr(rules, each.reason or "otherwise") == "hold"]
    return f"{plan.duel(variant).candidate.model}, {_tell(held)}" if held else ""


def _find_open(verdicts: Sequence[GateVerdict], needed: set[str]) -> list[GateVerdict]:
    return [each for each in verdicts if each.gate in needed and each.verdict is not Answer.PASS]


def _tell(verdicts: Sequence[GateVerdict]) -> str:
    return "; ".join(f"{each.gate} {each.verdict}: {each.sentence}" for each in verdicts)


def _stand(plan: Plan, judged: Judged) -> str:
    """Say of each challenger how it stands by the metric."""
    models = {each.variant: each.model for each in plan.challengers}
    found = {models[variant]: _metric(plan, verdicts) for variant, verdicts in judged.items()}
    return "; ".join(f"{model}: {verdict.sentence}" for model, verdict in found.items() if verdict)


def name_models(contenders: Sequence[Contender]) -> str:
    """Name the models of several."""
    return ", ".join(each.model for each in contenders)
