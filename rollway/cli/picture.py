"""One moment of a rollout as a picture: pure functions from a decision to something that rich can render."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from policies.baking import bake_ends
from policies.decision import Decision
from policies.headline import name_candidates
from policies.lifecycle import CLIMBING, Outcome, Phase, State, candidate_share
from policies.plan import Plan
from policies.values import format_duration
from policies.verdict import Answer, GateVerdict
from rollway.cli.arms import shares_by_model

_BAR_WIDTH: Final = 40
_MARKS: Final = {
    Answer.PASS: ("✓", "green"),
    Answer.FAIL: ("✗", "bold red"),
    Answer.INCONCLUSIVE: ("…", "yellow"),
    Answer.ERROR: ("!", "magenta"),
}


@dataclass(frozen=True)
class Moment:
    """What one look led to.

    Attributes:
        plan: the rollout's plan.
        decision: the decision.
        now: when it was taken.
    """

    plan: Plan
    decision: Decision
    now: datetime


def draw(moment: Moment, now: datetime) -> RenderableType:
    """Draw a rollout as it stands: traffic, stage, gates, and what is waited for.

    Args:
        moment: the newest look.
        now: the present, which clocks in the picture run by.
    """
    decision = moment.decision
    return Padding(
        Group(
            _title(moment.plan, decision.state, now),
            _traffic(moment.plan, decision.state),
            _stand(moment.plan, decision.state, now),
            draw_verdicts(decision.verdicts),
            _reason(moment, now),
        ),
        (1, 0, 0, 0),
    )


def draw_verdicts(verdicts: Sequence[GateVerdict]) -> RenderableType:
    """Draw each gate with its verdict and its sentence."""
    table = Table.grid(padding=(0, 1))
    for style in ("", "bold", "", ""):
        table.add_column(style=style)
    for verdict in verdicts:
        mark, style = _MARKS[verdict.verdict]
        table.add_row(
            "", Text(f"{mark} {verdict.gate}", style), Text(str(verdict.verdict), style), Text(verdict.sentence)
        )
    return table


def traffic_light(decision: Decision) -> str:
    """Return the style that suits a decision: green on a promotion, red on the way back, yellow where people are needed."""
    state = decision.state
    if decision.action == "hold":
        return "yellow"
    if state.ending is not None and state.ending.outcome is Outcome.PROMOTED:
        return "green"
    return "" if state.phase in CLIMBING else "red"


def _title(plan: Plan, state: State, now: datetime) -> RenderableType:
    elapsed = timedelta(seconds=round((now - plan.started_at).total_seconds()))
    return Text.assemble(
        (plan.endpoint, "bold"),
        "  ",
        (plan.baseline.model, "cyan"),
        " → ",
        (name_candidates(plan, state), "magenta"),
        (f"  {format_duration(elapsed)} of at most {format_duration(plan.policy.deadline)}", "dim"),
    )


def _traffic(plan: Plan, state: State) -> RenderableType:
    if plan.rivals:
        return Text(
            "  ".join(f"{model} {share:g} %" for model, share in shares_by_model(plan, state).items()), "magenta"
        )
    share = candidate_share(plan, state)
    row = Table.grid(padding=(0, 1))
    row.add_row(
        Text(f"{plan.candidate.model} {share:g} %", "magenta"),
        ProgressBar(total=100, completed=share, width=_BAR_WIDTH, complete_style="magenta", style="cyan"),
        Text(f"{100 - share:g} % {plan.baseline.model}", "cyan"),
    )
    return row


def _stand(plan: Plan, state: State, now: datetime) -> RenderableType:
    stage = plan.stages[state.stage]
    if state.phase not in CLIMBING:
        return Text(str(state.phase), "bold")
    where = f"stage {state.stage + 1}/{len(plan.stages)} ({stage.share:g} %)  {state.phase}"
    if state.phase is Phase.BAKING:
        left = bake_ends(plan, state) - now
        over = "the bake is over" if left <= timedelta(0) else f"{format_duration(_whole(left))} left of the bake"
        where += f", {over}"
    return Text(where, "bold")


def _reason(moment: Moment, now: datetime) -> RenderableType:
    """Say what is waited for, without what the clock and the gates above say already."""
    plan, decision = moment.plan, moment.decision
    if decision.action != "wait":
        return Text(decision.reason, "italic")
    if decision.state.phase is not Phase.BAKING:
        return Text(f"waiting: {decision.reason}", "italic")
    extended = now >= bake_ends(plan, decision.state)
    return Text(decision.reason.partition(" — ")[0] if extended else "waiting: the bake and its gates", "italic")


def _whole(duration: timedelta) -> timedelta:
    return timedelta(seconds=round(duration.total_seconds()))
