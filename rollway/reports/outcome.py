"""The report of a rollout, as markdown: how it ended and why, what the gates last said, and what happened when."""

from collections.abc import Iterable, Sequence

from policies.by_hand import by_hand
from policies.commands import explain
from policies.costing import Prices, measure_usage
from policies.errors import PolicyError
from policies.facts import Endpoint, format_shares
from policies.headline import headline, name_candidates
from policies.lifecycle import Ending, State
from policies.plan import Plan
from policies.serving import describe_serving
from policies.values import format_duration
from policies.verdict import GateVerdict
from rollway.journal.journal import Chronicle
from rollway.journal.records import Carried, Decided, Handed, Intended, Record, Started, TakenUp
from rollway.reports.prices import read_prices


def render_report(chronicle: Chronicle, ending: Ending, live: Endpoint | None) -> str:
    """Write the report.

    Args:
        chronicle: the rollout's journal.
        ending: how it ended.
        live: the endpoint as read back at the end; None when it could not be read.
    """
    plan, records = chronicle.plan, chronicle.records
    took = format_duration(records[-1].at - plan.started_at)
    parts = [
        f"# {headline(plan, ending)}",
        ending.reason,
        *_left_behind(plan, ending),
        f"**Live now:** {_live(live)}",
        f"{_subject(plan, chronicle.state)} · took {took} · {_cost(plan, records)} · journal `{plan.rollout_id}`",
        "## Gates at the last look",
        _verdict_list(last_verdicts(records)),
        "## What happened (UTC)",
        "\n".join(f"- {line}" for line in timeline(records)),
    ]
    return "\n\n".join(parts) + "\n"


def _left_behind(plan: Plan, ending: Ending) -> list[str]:
    """Return the commands that clear up by hand what was left behind, as a block of code."""
    commands = [command for each in ending.left for command in by_hand(plan, each)]
    return ["\n".join(["```bash", *commands, "```"])] if commands else []


def last_verdicts(records: Sequence[Record]) -> tuple[GateVerdict, ...]:
    """Return what the gates said when they were last on record."""
    judged = [record.verdicts for record in records if isinstance(record, Decided) and record.verdicts]
    return judged[-1] if judged else ()


def timeline(records: Iterable[Record]) -> list[str]:
    """Tell the journal as one line per event that a person cares about."""
    return [f"{record.at:%H:%M:%S} {told}" for record in records if (told := _tell(record))]


def _tell(record: Record) -> str:
    match record:
        case Started():
            plan = record.plan
            told = f"started by {record.by}: {plan.baseline.model} → {plan.models} on {plan.endpoint}"
        case Decided(action="finish", state=State(ending=Ending(outcome=outcome, serving=serving))):
            told = f"ended {outcome}; {describe_serving(serving)}"
        case Decided():
            told = record.reason
        case Intended():
            told = ""
        case TakenUp():
            told = f"taken up by {record.by} after {format_duration(record.silent_for)} of silence: {record.why}"
        case Handed():
            told = f"handed over by {record.by}: {record.why}"
        case Carried():
            result = record.result
            message = f" — {result.message}" if result.message and result.status != "accepted" else ""
            told = f"{explain(record.command)}: {result.status}{message}"
    return told


def _subject(plan: Plan, state: State) -> str:
    return (
        f"{plan.baseline.model} → {name_candidates(plan, state)} · policy {plan.policy.strategy}@{plan.policy.digest}"
    )


def _cost(plan: Plan, records: Sequence[Record]) -> str:
    accepted = [
        (record.at, record.command)
        for record in records
        if isinstance(record, Carried) and record.result.status == "accepted"
    ]
    usage = measure_usage(plan, accepted, records[-1].at)
    return f"cost {usage.tell(_prices())} beside what the endpoint costs anyway"


def _prices() -> Prices | None:
    """A price table that cannot be read must not keep anybody from the report."""
    try:
        return read_prices()
    except PolicyError:
        return None


def _live(live: Endpoint | None) -> str:
    if live is None:
        return "could not be read"
    counts = ", ".join(f"{variant.name} × {variant.instances}" for variant in live.variants)
    return f"{live.status}, config `{live.config}`, traffic {format_shares(live.shares)}, instances {counts}"


def _verdict_list(verdicts: Sequence[GateVerdict]) -> str:
    """Say what each gate said, as a list: Prefect's UI cuts off what does not fit into a table's cell."""
    if not verdicts:
        return "No gate was judged: the candidate got no traffic."
    return "\n".join(f"- **{verdict.gate} {verdict.verdict}** — {verdict.sentence}" for verdict in verdicts)
