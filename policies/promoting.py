"""The end of the way up: the candidate serves alone, is watched for a while if the policy wants that, and then the rollout is over."""

from datetime import datetime, timedelta

from policies.decision import Decision
from policies.lifecycle import Ending, Outcome, Phase, State, close_window, enter, open_window
from policies.plan import Plan
from policies.strategies.stage import Stage
from policies.values import format_duration


def arrive(plan: Plan, state: State, now: datetime) -> Decision:
    """Go on from where the candidate serves alone: to the watch, or to the end."""
    if not plan.stages[-1].watch:
        return conclude(plan, state, now)
    last = len(plan.stages) - 1
    watching = open_window(enter(close_window(state, now), Phase.BAKING, now, stage=last), plan.stages[last].share, now)
    watch = format_duration(plan.policy.watch)
    reason = f"{plan.candidate.model} serves all traffic; watching it for {watch}"
    return Decision(watching, "wait", reason, plan.policy.metrics.look_every)


def describe(stage: Stage) -> str:
    """Say what the candidate gets at a stage on the way up."""
    return f"{stage.share:g} % in shadow" if stage.shadow else f"{stage.share:g} %"


def conclude(plan: Plan, state: State, now: datetime) -> Decision:
    """End well.

    Not with the verdicts of this look: the candidate's variant is gone by now, so its gates have nothing new to say.
    """
    climbed = ", ".join(describe(rung) for rung in plan.stages if not rung.watch)
    watched = f", and {format_duration(plan.policy.watch)} of watching after it" if plan.stages[-1].watch else ""
    passed = f"{plan.candidate.model} passed every gate at {climbed}{watched}"
    reason = state.override or (f"{state.won_by}; {passed}" if state.won_by else passed)
    ending = Ending(outcome=Outcome.PROMOTED, reason=reason, at=now)
    cleaning = enter(close_window(state, now), Phase.CLEANING, now).model_copy(update={"ending": ending})
    return Decision(cleaning, "act", f"{plan.candidate.model} serves all traffic; cleaning up", timedelta(0))
