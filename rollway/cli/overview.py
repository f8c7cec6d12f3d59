"""``rollway status`` without an endpoint: every rollout in the journal, and whether all of them are halted. Changes nothing."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from policies.lifecycle import Outcome
from policies.observation import Halt
from policies.serving import NO_READING, Serving, describe_serving
from policies.values import format_duration
from rollway.aws.objects import ObjectStore
from rollway.cli.output import Document
from rollway.cli.words import ago
from rollway.journal.halts import read_halt
from rollway.journal.lease import Lease, describe_silence
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


def say_hold(endpoint: str, standing: Standing) -> str:
    """Say who drives a rollout, or since when its driver has been silent and what to do; of one that has ended, how and what serves."""
    lease, silent = standing.lease, format_duration(standing.silent_for)
    if lease.outcome is not None:
        left = _left_behind(lease)
        more = f" · {left} {'task' if left == 1 else 'tasks'} of its clean-up left behind: rollway status {endpoint}"
        return f"{lease.outcome} · {describe_serving(_serving_at_end(lease))}{more if left else ''}"
    driver = f"driven by {lease.by} ({lease.process})"
    if standing.silent:
        what_to_do = f"rollway reconcile; at once: rollway rollback {endpoint} --reason REASON"
        return f"{driver}, {describe_silence(standing)}: {what_to_do}"
    return f"under way, {driver}, last sign of life {silent} ago"


def say_halt(halt: Halt) -> Text:
    """Say that every rollout is halted."""
    told = f"HALTED since {halt.since:%Y-%m-%d %H:%M} UTC by {halt.by}: {halt.reason}. To end it: rollway lift --reason REASON"
    return Text(told, "bold white on red")


def describe_driver(standing: Standing) -> dict[str, Any]:
    """Return as a document whether the driver of a rollout under way gives signs of life, and when another may take over."""
    under_way = standing.lease.outcome is None
    return {
        "orphaned": standing.expired,
        "silent": standing.silent,
        "silent_since": standing.written_at.isoformat() if standing.silent else None,
        "take_over_at": standing.available_at.isoformat() if under_way else None,
    }


def _serving_at_end(lease: Lease) -> Serving:
    """Return what the newest rollout left serving: the endpoint may have been changed since."""
    return next((past.serving for past in lease.history if past.rollout_id == lease.rollout_id), NO_READING)


def _left_behind(lease: Lease) -> int:
    """Return how many tasks of its clean-up the newest rollout has left behind."""
    return next((past.left for past in lease.history if past.rollout_id == lease.rollout_id), 0)


def _name_models(lease: Lease) -> str:
    """Name the models that may take over; of a rollout that was promoted, the one that was."""
    return lease.model if lease.outcome is Outcome.PROMOTED else " or ".join(lease.models or (lease.model,))


def _describe(standing: Standing) -> dict[str, Any]:
    lease = standing.lease
    return {
        "rollout": lease.rollout_id,
        "candidate": lease.model,
        "candidates": list(lease.models or (lease.model,)),
        "serving": None if lease.outcome is None else _serving_at_end(lease).model_dump(mode="json"),
        "left_behind": 0 if lease.outcome is None else _left_behind(lease),
        "since": lease.since.isoformat(),
        "by": lease.by,
        "process": lease.process,
        "outcome": str(lease.outcome) if lease.outcome else None,
        "silent_for_s": standing.silent_for.total_seconds(),
        **describe_driver(standing),
    }


def _draw(standings: Standings, halt: Halt | None, now: datetime) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for endpoint, standing in standings:
        style = "yellow" if standing.silent else ""
        started = f"started {ago(standing.lease.since, now)}"
        models, held = Text(_name_models(standing.lease), "magenta"), Text(say_hold(endpoint, standing), style)
        table.add_row(Text(endpoint, "bold"), models, started, held)
    banner = [say_halt(halt)] if halt else []
    skipped = [Text(f"skipped: {reason}", "yellow") for reason in standings.skipped]
    return Group(*banner, table if standings.found else Text("The journal knows no rollout."), *skipped)
