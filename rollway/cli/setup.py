"""``rollway setup``: brings a Prefect server to the state that rollouts need. Safe to run again at any time."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import click

from rollway.cli.exits import Exit
from rollway.cli.options import Common, common_options, read_duration
from rollway.cli.output import emit

if TYPE_CHECKING:
    from rollway.cli.setting_up.bringing_up import BroughtUp


class Options(Common):
    """The verb's options."""

    file: Path | None
    pool: str | None
    at_most: int | None
    heartbeat: int | None
    wait: timedelta
    dry_run: bool


@click.command()
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="The deployments. [default: deployments.yaml in this folder, or else the one that comes with Rollway]",
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
@click.option(
    "--wait",
    default="90s",
    show_default=True,
    callback=read_duration,
    metavar="DURATION",
    help="How long the server may take until it has created runs of every active schedule.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be done. Changes nothing.")
@common_options
def command(**options: Unpack[Options]) -> int:
    """Set a Prefect server up: work pool, deployments, automations. Repairs what differs, leaves alone what does not.

    Then checks that the server creates runs of every active schedule, and frees what runs occupy whose process is gone. Ends with exit
    code 1 where a schedule creates no runs.
    """
    # Costs seconds that --help does not need.
    from rollway.cli.setting_up.bringing_up import Request, bring_up  # noqa: PLC0415

    request = Request(options["file"], options["pool"], options["at_most"], options["heartbeat"])
    brought_up = bring_up(request, None if options["dry_run"] else options["wait"])
    emit(options["output"], _describe(brought_up), _say(brought_up))
    checked = brought_up.checked
    return Exit.INTERNAL if checked and checked.unscheduled else Exit.OK


def _describe(brought_up: "BroughtUp") -> dict[str, Any]:
    things = [
        {
            "kind": change.kind,
            "name": change.name,
            "action": change.action,
            "differed": list(change.differed),
            "note": change.note or None,
        }
        for change in brought_up.changes
    ]
    checked = brought_up.checked
    if checked is None:
        return {"dry_run": True, "file": str(brought_up.file), "things": things}
    return {
        "dry_run": False,
        "file": str(brought_up.file),
        "things": things,
        "unscheduled": [{"deployment": each.deployment, "schedule": each.schedule} for each in checked.unscheduled],
        "dead_runs": [
            {"id": str(each.run_id), "name": each.name, "deployment": each.deployment, "state": each.state}
            for each in checked.dead
        ],
        "warnings": list(checked.warnings()),
        "remedy": checked.remedy if checked.unscheduled else None,
    }


def _say(brought_up: "BroughtUp") -> str:
    lines, checked = [f"By {brought_up.file}:", *map(str, brought_up.changes)], brought_up.checked
    if checked is None:
        return "\n".join([*lines, "That would be done; nothing was changed."])
    lines += [f"WARNING    {each}" for each in checked.warnings()]
    lines += [f"NO RUNS    {each}" for each in checked.problems()]
    if checked.unscheduled:
        return "\n".join([*lines, checked.remedy])
    pool = next(change.name for change in brought_up.changes if change.kind == "work pool")
    return "\n".join([*lines, f"Next: prefect worker start --pool {pool}"])
