"""What the verbs about fleets have in common: finding the fleet that is meant, and its table."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from policies.fleet.loading import load_fleet
from rollway.aws.objects import ObjectStore
from rollway.cli.exits import Exit
from rollway.cli.failures import UsageProblem
from rollway.fleet.record import Kept, find_record
from rollway.reports.fleet import Row

if TYPE_CHECKING:
    from rich.table import Table

EXIT_OF_FLEET: Final = {"PROMOTED": Exit.OK, "PARTLY_PROMOTED": Exit.ROLLED_BACK, "HALTED": Exit.ROLLED_BACK}
"""A fleet that is under way, or was left, is Exit.WAITING."""
_STYLES: Final = {
    "promoted": "green",
    "there already": "green",
    "under way": "bold",
    "not promoted": "red",
    "unknown": "bold red",
}


def need_fleet(store: ObjectStore, meant: str) -> Kept:
    """Return the record of the fleet that a file or an id names.

    Raises:
        PolicyError: the file has mistakes.
        UsageProblem: the journal knows no such fleet.
    """
    fleet_id = load_fleet(meant).fleet_id if Path(meant).exists() else meant
    kept = find_record(store, fleet_id)
    if kept is None:
        told = f"the journal {store.url('').rstrip('/')} knows no fleet {fleet_id}"
        raise UsageProblem(told, hint="Give its file as it was when it began, or the id that rollway fleet run showed.")
    return kept


def draw_table(rows: Iterable[Row]) -> "Table":
    """Return a table of endpoints for a terminal."""
    from rich.table import Table  # noqa: PLC0415 - costs time that --output json does not need

    table = Table(box=None, pad_edge=False)
    for column in ("wave", "endpoint", "model", "stands", "why"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(row.wave, row.endpoint, row.model, row.stand, row.reason, style=_STYLES.get(row.stand, ""))
    return table
