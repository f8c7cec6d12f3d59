"""What the verbs say that ask a rollout for something: how it answered."""

import click
from rich.text import Text

from policies.headline import name_candidates
from policies.lifecycle import Outcome
from rollway.cli.driving import Result
from rollway.cli.failures import NothingUnderWay
from rollway.cli.newest import Newest
from rollway.cli.output import Document
from rollway.reports.outcome import last_verdicts


def tell(line: str) -> None:
    """Say on stderr what is going on."""
    click.echo(click.style(line, dim=True), err=True)


def refuse_ended(newest: Newest) -> None:
    """Check that a rollout is under way.

    Raises:
        NothingUnderWay: it has ended; the hint says how to get to another model from here.
    """
    outcome, plan = newest.standing.lease.outcome, newest.chronicle.plan
    if outcome is None:
        return
    again = f"rollway rollback {plan.endpoint} --reason REASON"
    hint = {
        Outcome.PROMOTED: f"To go back to the model before: rollway run {plan.endpoint} --model {plan.baseline.model} --policy POLICY",
        Outcome.ROLLBACK_FAILED: f"What is live now: rollway status {plan.endpoint}. To try again to bring it back: {again}",
    }.get(outcome, f"What is live now: rollway status {plan.endpoint}")
    models = f"{plan.baseline.model} → {name_candidates(plan, newest.chronicle.state)}"
    raise NothingUnderWay(
        f"no rollout of endpoint {plan.endpoint} is under way; the last one, {models}, ended {outcome}", hint=hint
    )


def describe_answer(newest: Newest, *, taken_over: bool = False) -> Document:
    """Return as a document how a rollout answered.

    Args:
        newest: the rollout as it stands by now.
        taken_over: whether this process had to drive it itself.
    """
    state, ending = newest.chronicle.state, newest.ending
    return {
        "endpoint": newest.chronicle.plan.endpoint,
        "rollout": newest.rollout_id,
        "phase": str(state.phase),
        "taken_up": newest.taken_up,
        "taken_over": taken_over,
        "outcome": str(ending.outcome) if ending else None,
        "reason": ending.reason if ending else None,
        "serving": ending.serving.model_dump(mode="json") if ending else None,
    }


def say_answer(newest: Newest) -> str | Text:
    """Say in a sentence how a rollout answered."""
    plan, state = newest.chronicle.plan, newest.chronicle.state
    if newest.ending:
        return Result(plan, newest.ending, last_verdicts(newest.chronicle.records)).say()
    if newest.taken_up:
        return f"{plan.endpoint} is {state.phase}, not done yet. Watch it: rollway status {plan.endpoint}"
    return (
        f"nobody has taken it up yet ({plan.endpoint} is {state.phase}). If the rollout's process has died: "
        f"rollway rollback {plan.endpoint} --reason REASON"
    )
