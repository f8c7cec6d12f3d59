"""``rollway status`` without an endpoint: every rollout in the journal, and whether all of them are halted. Changes nothing."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from policies.observation import Halt
from policies.values import format_duration
from rollway.aws.objects import ObjectStore
from rollway.cli.output import Document
from rollway.cli.words import ago
from rollway.journal.halts import read_halt
from rollway.journal.leases import Standing, Standings, list_standings


def describe_all(store: ObjectStore, now: Callable[[], datetime]) -> tuple[Document, RenderableType]:
    """Return what the journal knows of all endpoints, as a document and as a picture."""
    standings, halt = list_standings(store), read_halt(store)
    document: Document = {
        "halt": halt.model_dump(mode="json") if halt else None,
        "endpoints": {endpoint: _describe(standing) for endpoint, standing in standings},
        "unreadable": list(standings.skipped),
    }
    return document, _draw(standings, halt, now())


def say_hold(standing: Standing) -> str:
    """Say who drives a rollout, or that nobody does."""
    lease, silent = standing.lease, format_duration(standing.silent_for)
    if lease.outcome is not None:
        return str(lease.outcome)
    if standing.expired:
        return f"nobody drives it, silent for {silent}: rollway reconcile takes it up"
    return f"under way, driven by {lease.by} ({lease.process}), last sign of life {silent} ago"


def say_halt(halt: Halt) -> Text:
    """Say that every rollout is halted."""
    told = f"HALTED since {halt.since:%Y-%m-%d %H:%M} UTC by {halt.by}: {halt.reason}. To end it: rollway lift --reason REASON"
    return Text(told, "bold white on red")


def _describe(standing: Standing) -> dict[str, Any]:
    lease = standing.lease
    return {
        "rollout": lease.rollout_id,
        "candidate": lease.model,
        "since": lease.since.isoformat(),
        "by": lease.by,
        "process": lease.process,
        "outcome": str(lease.outcome) if lease.outcome else None,
        "silent_for_s": standing.silent_for.total_seconds(),
        "orphaned": standing.expired,
    }


def _draw(standings: Standings, halt: Halt | None, now: datetime) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for endpoint, standing in standings:
        style = "yellow" if standing.expired else ""
        started = f"started {ago(standing.lease.since, now)}"
        table.add_row(
            Text(endpoint, "bold"), Text(standing.lease.model, "magenta"), started, Text(say_hold(standing), style)
        )
    banner = [say_halt(halt)] if halt else []
    skipped = [Text(f"skipped: {reason}", "yellow") for reason in standings.skipped]
    return Group(*banner, table if standings.found else Text("The journal knows no rollout."), *skipped)
