"""``rollway bindings list``: what the registries say now, what serves, and what would follow from that. Changes nothing."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Unpack

import click

from policies.bindings.loading import load_bindings
from policies.bindings.making import declare_model
from policies.bindings.spec import Binding
from policies.bindings.standing import Go, Stay
from policies.errors import RolloutError
from rollway.aws.session import connect
from rollway.cli.exits import Exit
from rollway.cli.options import OnWholeJournal, all_journal_options, need_journal
from rollway.cli.output import emit
from rollway.cli.world import current_world
from rollway.loop.starting import open_journal
from rollway.registries.catching_up import Due, Reach, Seen, look

if TYPE_CHECKING:
    from rich.table import Table


class Options(OnWholeJournal):
    """The verb's options."""

    file: str


@click.command("list")
@click.argument("file", metavar="FILE")
@all_journal_options
def command(**options: Unpack[Options]) -> int:
    """Show for each binding in FILE what its registry says now, and what would follow. Changes nothing.

    Needs what the receiver needs: the registries' addresses and credentials in the environment, AWS, the journal.
    """
    bindings, aws = load_bindings(options["file"]), connect(options["region"], options["profile"])
    world = current_world().by_aws(aws)
    reach = Reach(aws, open_journal(aws, need_journal(options["journal"]), world.clock.now), world.clock.now)
    rows = [row for binding in bindings.bindings for row in _rows(reach, binding)]
    emit(options["output"], {"bindings": rows}, _draw(rows))
    return Exit.INTERNAL if any(row["state"] == "unknown" for row in rows) else Exit.OK


def _rows(reach: Reach, binding: Binding) -> Iterator[dict[str, Any]]:
    try:
        seen = look(reach, binding)
    except RolloutError as error:
        yield _row(binding, "unknown", f"{error} {error.hint}".strip())
        return
    if not seen.due:
        yield _row(binding, "nothing", "; ".join(seen.why).removeprefix(f"{binding.name}: "))
    for due in seen.due:
        state, why = _describe(seen, due)
        why = why.removeprefix(f"{binding.name}: ").removeprefix(f"{due.start.place}: ")
        version = seen.version.short_version if seen.version else ""
        yield _row(binding, state, why) | {"version": version, "place": due.start.place, "model": due.start.model_name}


def _describe(seen: Seen, due: Due) -> tuple[str, str]:
    match due.verdict:
        case Stay(why=why, kind=kind):
            return kind, why
        case Go():
            try:
                if seen.version:
                    declare_model(seen.binding.make, seen.version)
            except RolloutError as error:
                return "unknown", f"{error} {error.hint}".strip()
            how = "" if due.start.fleet else f" by {due.start.policy}"
            return "due", f"would be rolled out{how}"


def _row(binding: Binding, state: str, why: str) -> dict[str, Any]:
    asked = f"{binding.when} of {binding.model} in {binding.registry}"
    return {
        "binding": binding.name,
        "asks_for": asked,
        "version": "",
        "place": "",
        "model": "",
        "state": state,
        "why": why,
    }


def _draw(rows: Iterable[dict[str, Any]]) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - costs time that --output json does not need

    styles = {"due": "bold", "unknown": "red", "waiting": "yellow"}
    table = Table(box=None, pad_edge=False)
    for column in ("binding", "asks for", "version", "goes to", "state", "why"):
        table.add_column(column, overflow="fold")
    for row in rows:
        cells = (row[name] for name in ("binding", "asks_for", "version", "place", "state", "why"))
        table.add_row(*cells, style=styles.get(row["state"], ""))
    return table
