"""Where the endpoints of a fleet stand, as rows for a terminal, as Markdown for Prefect, and as a document."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.fleet.spec import FleetSpec
from rollway.fleet.record import FleetRecord


@dataclass(frozen=True)
class Row:
    """One endpoint.

    Attributes:
        wave: its wave.
        endpoint: what tells it from every other one.
        model: the model that shall take over.
        stand: where it stands.
        since: since when, for a person; empty while it waits.
        reason: why.
    """

    wave: str
    endpoint: str
    model: str
    stand: str
    since: str = ""
    reason: str = ""


def make_rows(fleet: FleetSpec, record: FleetRecord | None = None) -> Iterator[Row]:
    """Yield every endpoint of a fleet, in the order of its waves."""
    entries = record.entries if record else {}
    for wave in fleet.waves:
        for target in wave.targets:
            entry, model = entries.get(target.key), fleet.model_of(target)
            if entry is None:
                yield Row(wave.name, target.key, model, "waiting")
            else:
                since = f"{entry.since:%Y-%m-%d %H:%M:%S} UTC"
                yield Row(wave.name, target.key, model, entry.stand, since, entry.reason)


def describe(fleet: FleetSpec, record: FleetRecord | None) -> dict[str, Any]:
    """Return a fleet's standing as a document."""
    return {
        "fleet": fleet.fleet_id,
        "outcome": record.outcome if record else None,
        "reason": record.reason if record else "",
        "endpoints": [row.__dict__ for row in make_rows(fleet, record)],
    }


def write_markdown(fleet: FleetSpec, record: FleetRecord, reason: str) -> str:
    """Return a fleet's standing as a page for Prefect's UI."""
    rows = (
        f"| {row.wave} | {row.endpoint} | {row.model} | {row.stand} | {_cell(row.reason)} |"
        for row in make_rows(fleet, record)
    )
    title = f"# {fleet.fleet_id}: {record.outcome or 'under way'}\n\n{reason}\n"
    return "\n".join([title, "| wave | endpoint | model | stands | why |", "|---|---|---|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
