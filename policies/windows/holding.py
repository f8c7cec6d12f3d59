"""Holding what would give the candidate more while the windows are closed. What is judged, and what leads back, is never held."""

from dataclasses import replace
from datetime import datetime, timedelta

from policies.decision import Decision
from policies.lifecycle import Phase, State
from policies.plan import Plan
from policies.windows.opening import explain_closed, next_opening

ON_THE_MOVE = frozenset({Phase.PREPARING, Phase.SHIFTING, Phase.PROMOTING})


def hold_outside(plan: Plan, state: State, decided: Decision, now: datetime) -> Decision:
    """Return the decision, or a hold in its place where it would give the candidate more and the windows are closed.

    A bake whose end falls outside goes on as one: its evidence grows, and what fails in it is taken back. A person's ``promote_now`` is not
    held: the person is there. An update that SageMaker carries out by itself cannot be held, so it begins only where all of it fits in.

    Args:
        plan: what the rollout will do.
        state: where it stands.
        decided: what would happen next.
        now: the moment.
    """
    windows = plan.policy.windows
    if windows is None or state.override or not _goes_forward(plan, state, decided):
        return decided
    lasting = plan.guard.takes if plan.guard else timedelta(0)
    opening = next_opening(windows, now, lasting)
    if opening is not None and opening.begins <= now:
        return decided
    reason = f"{explain_closed(windows, now, lasting)}; then: {decided.reason}"
    return replace(
        decided, state=state, action="hold", reason=reason, next_look=plan.policy.metrics.look_every, commands=()
    )


def _goes_forward(plan: Plan, state: State, decided: Decision) -> bool:
    if state.phase in ON_THE_MOVE:
        return bool(decided.commands)
    steps_on = state.phase is Phase.BAKING and decided.state.phase in ON_THE_MOVE
    return steps_on and not plan.stages[state.stage].guarded
