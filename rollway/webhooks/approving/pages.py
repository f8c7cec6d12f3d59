"""The pages: plain HTML without scripts. Whatever comes from outside is escaped by the template."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from policies.approvals.waiting import tell_wait, who_waits
from policies.promoting import describe
from policies.values import format_moment
from rollway.journal.journal import Chronicle
from rollway.journal.records import Decided
from rollway.reports.outcome import last_verdicts
from rollway.webhooks.approving.filled_in import FilledIn


@dataclass(frozen=True)
class Page:
    """What a browser gets.

    Attributes:
        status: the HTTP status.
        html: the page.
    """

    status: int
    html: str


def say(status: int, title: str, told: str) -> Page:
    """Return a page that says something and asks nothing."""
    return Page(status, _render(title=title, told=told, facts=(), verdicts=(), form=None))


def show_form(chronicle: Chronicle, now: datetime, filled_in: FilledIn, *, alone: bool) -> Page:
    """Return the page with the question and the form.

    Args:
        chronicle: the rollout.
        now: the moment.
        filled_in: what was filled in before; with problems, they are told and the status is 422.
        alone: whether no process drives the rollout just now.
    """
    plan, state = chronicle.plan, chronicle.state
    decided = [each for each in chronicle.records if isinstance(each, Decided)]
    judged = next((each for each in reversed(decided) if each.verdicts), decided[-1] if decided else None)
    told = f"{tell_wait(plan, state, now)}."
    facts = [
        ("Endpoint", plan.endpoint),
        ("Serves now", plan.baseline.model),
        ("Wants to replace it", who_waits(plan, state)),
        ("Stands at", f"{describe(plan.stages[state.stage])}, stage {state.stage + 1} of {len(plan.stages)}"),
        ("Rollout", f"{plan.rollout_id}, policy {plan.policy.strategy}@{plan.policy.digest}"),
    ]
    if state.paused:
        facts.append(
            ("Mind", f"paused by {state.paused.by}: {state.paused.reason}; it goes no further before that is over")
        )
    if state.drift:
        facts.append(("Mind", f"{state.drift}; it bakes anew and asks again once that is undone"))
    if plan.guard and judged:
        facts.append(("Mind", judged.reason))
    if alone:
        facts.append(("Mind", "no process drives this rollout just now; the answer is heard once one takes it up"))
    return Page(
        422 if filled_in.problems else 200,
        _render(
            title=f"May {who_waits(plan, state)} get more of {plan.endpoint}?",
            told=told[0].upper() + told[1:],
            facts=facts,
            verdicts=last_verdicts(chronicle.records),
            judged_at=format_moment(judged.at, now) if judged else "",
            form=filled_in,
            asked=state.awaiting_since.isoformat() if state.awaiting_since else "",
            choices={"approve": _next_step(chronicle), "reject": f"all traffic back to {plan.baseline.model}"},
        ),
    )


def _next_step(chronicle: Chronicle) -> str:
    """Say what an approval leads to."""
    plan, stage, who = chronicle.plan, chronicle.state.stage + 1, who_waits(chronicle.plan, chronicle.state)
    last = bool(plan.guard) or stage >= len(plan.stages) or plan.stages[stage].watch
    return f"promote {who}" if last else f"{who} goes on to {describe(plan.stages[stage])}"


def _render(**values: Any) -> str:  # noqa: ANN401 - whatever the template shows
    return _template().render(**{"judged_at": ""} | values)


@cache
def _template() -> Template:
    """Return the template, read once."""
    loader = PackageLoader("rollway.webhooks.approving", ".")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("page.html")
