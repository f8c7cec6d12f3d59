"""``rollway setup``: brings a Prefect server to the state that rollouts need. Safe to run again at any time."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import click

from rollway.cli.exits import Exit
from rollway.cli.options import Common, common_options
from rollway.cli.output import emit

if TYPE_CHECKING:
    from rollway.cli.setting_up.changes import Change


class Options(Common):
    """The verb's options."""

    file: Path
    pool: str | None
    at_most: int | None
    heartbeat: int | None
    dry_run: bool


@click.command()
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    default="deployments.yaml",
    show_default=True,
    help="The deployments.",
)
@click.option("--pool", metavar="NAME", help="Work pool to run in. [default: as the file says, or rollway]")
@click.option(
    "--at-most",
    type=click.IntRange(min=1),
    metavar="N",
    help="Runs at a time in the work pool. [default: as it is]",
)
@click.option(
    "--heartbeat",
    type=click.IntRange(min=30),
    metavar="SECONDS",
    help="Time between a run's signs of life; after three missed it is marked crashed. [default: as the file says, or 180]",
)
@click.option("--dry-run", is_flag=True, help="Show what would be done. Changes nothing.")
@common_options
def command(**options: Unpack[Options]) -> int:
    """Set a Prefect server up: work pool, deployments, automations. Repairs what differs, leaves alone what does not."""
    # Costs seconds that --help does not need.
    from rollway.cli.setting_up.bringing_up import Request, bring_up  # noqa: PLC0415

    request = Request(options["file"], options["pool"], options["at_most"], options["heartbeat"])
    changes = list(bring_up(request, write=not options["dry_run"]))
    emit(options["output"], _describe(changes, options["dry_run"]), _say(changes, options["dry_run"]))
    return Exit.OK


def _describe(changes: "list[Change]", dry_run: bool) -> dict[str, Any]:  # noqa: FBT001 - as the user gave it
    things = [
        {
            "kind": change.kind,
            "name": change.name,
            "action": change.action,
            "differed": list(change.differed),
            "note": change.note or None,
        }
        for change in changes
    ]
    return {"dry_run": dry_run, "things": things}


def _say(changes: "list[Change]", dry_run: bool) -> str:  # noqa: FBT001 - likewise
    pools = [change.name for change in changes if change.kind == "work pool"]
    after = (
        ["That would be done; nothing was changed."] if dry_run else [f"Next: prefect worker start --pool {pools[0]}"]
    )
    return "\n".join([*map(str, changes), *after])
