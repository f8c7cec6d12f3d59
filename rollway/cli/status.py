"""``rollway status``: where the newest rollout of an endpoint stands, from the journal, and what is live, from AWS. Changes nothing."""

from datetime import datetime
from typing import Any, Final, Unpack

import click
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from policies.approvals.waiting import tell_wait, wants_approval
from policies.facts import Endpoint, format_shares
from policies.headline import name_candidates
from policies.lifecycle import Ending, Phase, candidate_share
from policies.serving import ReadBack, describe_serving
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import connect
from rollway.cli.arms import describe_test, tell_arms
from rollway.cli.exits import Exit
from rollway.cli.left_behind import describe_left_behind, draw_left_behind
from rollway.cli.newest import Newest, find_newest
from rollway.cli.options import OnWholeJournal, all_journal_options, need_journal
from rollway.cli.output import emit
from rollway.cli.overview import describe_all, describe_driver, say_hold
from rollway.cli.picture import draw_verdicts
from rollway.cli.serving_now import read_serving
from rollway.cli.words import ago
from rollway.cli.world import current_world
from rollway.journal.records import Decided
from rollway.loop.starting import open_journal
from rollway.reports.outcome import last_verdicts, timeline

_LINES: Final = 8
"""How many of the newest events are shown as text; JSON has them all."""
_NOTE: Final = "; a bake writes nothing until something changes"


class Options(OnWholeJournal):
    """The verb's options."""

    endpoint: str | None


@click.command()
@click.argument("endpoint", required=False)
@all_journal_options
def command(**options: Unpack[Options]) -> int:
    """Show where the newest rollout of ENDPOINT stands, and what is live now; without ENDPOINT, every rollout in the journal."""
    aws = connect(options["region"], options["profile"])
    now = current_world().by_aws(aws).clock.now
    store = open_journal(aws, need_journal(options["journal"]), now)
    if options["endpoint"] is None:
        emit(options["output"], *describe_all(store, now))
        return Exit.OK
    live, newest = describe_endpoint(aws, options["endpoint"]), find_newest(store, options["endpoint"])
    serving = read_serving(aws, newest.chronicle.plan, live, now()) if newest else None
    facts = live.model_dump(mode="json", include={"status", "config", "variants", "pending_config"})
    document = {
        "endpoint": live.name,
        "rollout": None if newest is None else _describe(newest),
        "live": facts | {"serving": serving.model_dump(mode="json") if serving else None},
    }
    emit(options["output"], document, _draw(newest, (live, serving), now()))
    return Exit.OK


def _describe(newest: Newest) -> dict[str, Any]:
    lease, chronicle = newest.standing.lease, newest.chronicle
    plan, state = chronicle.plan, chronicle.state
    decisions = [record for record in chronicle.records if isinstance(record, Decided)]
    return {
        "id": plan.rollout_id,
        "baseline": plan.baseline.model,
        "candidate": plan.candidate.model,
        **describe_test(plan, state),
        "policy": {"strategy": plan.policy.strategy, "digest": plan.policy.digest},
        "started_by": lease.by,
        "started_at": plan.started_at.isoformat(),
        "phase": str(state.phase),
        "since": state.since.isoformat(),
        "stage": state.stage + 1,
        "stages": len(plan.stages),
        "share": candidate_share(plan, state),
        "outcome": str(newest.ending.outcome) if newest.ending else None,
        "reason": newest.ending.reason if newest.ending else None,
        "serving": newest.ending.serving.model_dump(mode="json") if newest.ending else None,
        "left_behind": describe_left_behind(plan, newest.ending),
        "drift": state.drift,
        "awaiting_since": state.awaiting_since.isoformat() if state.awaiting_since else None,
        "approved": [each.model_dump(mode="json") for each in state.approved],
        "paused": state.paused.model_dump(mode="json") if state.paused else None,
        "switch": state.switch,
        **describe_driver(newest.standing),
        "last_sign_of_life": chronicle.last_sign.isoformat(),
        "verdicts": [verdict.model_dump(mode="json") for verdict in last_verdicts(chronicle.records)],
        "decisions": [each.model_dump(mode="json", include={"at", "action", "reason"}) for each in decisions],
    }


def _draw(newest: Newest | None, seen: tuple[Endpoint, ReadBack | None], now: datetime) -> RenderableType:
    live, facts = seen[0], Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column()
    for name, value in _facts(newest, seen, now):
        facts.add_row(name, value)
    title = Text(live.name, "bold")
    if newest is None:
        return Group(title, Padding(facts, (0, 0, 0, 2)), Text("The journal knows no rollout of this endpoint."))
    plan = newest.chronicle.plan
    title.append_text(
        Text.assemble(
            "  ",
            (plan.baseline.model, "cyan"),
            " → ",
            (name_candidates(plan, newest.chronicle.state), "magenta"),
            style="not bold",
        )
    )
    verdicts = last_verdicts(newest.chronicle.records)
    gates: list[RenderableType] = (
        ["", Text("gates when last on record", "dim"), draw_verdicts(verdicts)] if verdicts else []
    )
    told = [Text(f"  {line}") for line in timeline(newest.chronicle.records)[-_LINES:]]
    return Group(title, Padding(facts, (0, 0, 0, 2)), *gates, "", Text("latest events (UTC)", "dim"), *told)


def _facts(
    newest: Newest | None, seen: tuple[Endpoint, ReadBack | None], now: datetime
) -> list[tuple[str, RenderableType]]:
    live, serving = seen
    counts = ", ".join(f"{variant.name} × {variant.instances}" for variant in live.variants)
    told = f"{live.status}, config {live.config}, traffic {format_shares(live.shares)}, instances {counts}"
    facts: list[tuple[str, RenderableType]] = [("live now", told)]
    if newest is None:
        return facts
    if serving:
        facts.append(("serves now", describe_serving(serving)))
    plan, state = newest.chronicle.plan, newest.chronicle.state
    stage = f"stage {state.stage + 1} of {len(plan.stages)}, candidate share {candidate_share(plan, state):g} %"
    stands = f"{state.phase}, {stage}, since {ago(state.since, now)}"
    if newest.ending:
        stands = f"{newest.ending.outcome} at {ago(newest.ending.at, now)}: {newest.ending.reason}"
    return [
        ("stands", Text(stands, "bold")),
        *([("at its end", _say_end(newest.ending, now))] if newest.ending else []),
        *draw_left_behind(plan, newest.ending),
        *tell_arms(plan, state),
        *([("drift", Text(state.drift, "yellow"))] if state.drift else []),
        *([("waits", Text(_say_wait(newest, now), "yellow"))] if state.awaiting_since else []),
        *([("paused", Text(f"by {state.paused.by}: {state.paused.reason}", "yellow"))] if state.paused else []),
        ("driven", say_hold(live.name, newest.standing)),
        *([("switch", "armed: AWS acts by itself if nobody drives it")] if state.switch == "armed" else []),
        ("last on record", ago(newest.chronicle.last_sign, now) + (_NOTE if state.phase is Phase.BAKING else "")),
        ("started", f"{ago(plan.started_at, now)}, by {newest.standing.lease.by}"),
        ("rollout", f"{plan.rollout_id}, policy {plan.policy.strategy}@{plan.policy.digest}"),
        *facts,
    ]


def _say_end(ending: Ending, now: datetime) -> str:
    """Say what served when the rollout ended, and when that was read."""
    serving = ending.serving
    read = f" (read back at {ago(serving.at, now)})" if isinstance(serving, ReadBack) else ""
    return f"{describe_serving(serving)}{read}"


def _say_wait(newest: Newest, now: datetime) -> str:
    plan, state = newest.chronicle.plan, newest.chronicle.state
    if not wants_approval(plan, state) and state.approved:
        return f"for every gate to pass again; approved by {state.approved[-1].by}: {state.approved[-1].reason}"
    return f"{tell_wait(plan, state, now)}: rollway approve {plan.endpoint} --reason REASON, or rollway reject"
