"""``rollway fleet plan``: what a fleet would do, and which endpoints could not take part as things stand."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Unpack

import click
from rich.console import Group

from policies.errors import RolloutError
from policies.fleet.deciding import count
from policies.fleet.loading import load_fleet
from policies.fleet.spec import FleetSpec, Target
from policies.values import format_duration
from rollway.aws.session import connect
from rollway.cli.exits import Exit
from rollway.cli.fleet.showing import draw_table
from rollway.cli.options import OnWholeJournal, all_journal_options, need_journal
from rollway.cli.output import emit
from rollway.cli.world import World, current_world
from rollway.fleet.places import Places
from rollway.fleet.rolling import foresee
from rollway.loop.starting import open_journal
from rollway.reports.fleet import Row, make_rows


class Options(OnWholeJournal):
    """The verb's options."""

    file: str


@click.command()
@click.argument("file", metavar="FILE")
@all_journal_options
def command(**options: Unpack[Options]) -> int:
    """Show what the fleet in FILE would do: its waves, and whether each endpoint could begin. Changes nothing."""
    fleet, home = load_fleet(options["file"]), connect(options["region"], options["profile"])
    world = current_world().by_aws(home)
    places = Places(home, open_journal(home, need_journal(options["journal"]), world.clock.now))
    targets = dict(zip((target.key for target in fleet.targets), fleet.targets, strict=True))
    rows = [_foresee(fleet, places, targets[row.endpoint], row, world) for row in make_rows(fleet)]
    document = {"fleet": fleet.fleet_id, "endpoints": [row.__dict__ for row in rows]}
    emit(options["output"], document, Group("\n".join(_say(fleet)), "", draw_table(rows)))
    return Exit.REFUSED if any(row.stand == "cannot begin" for row in rows) else Exit.OK


def _foresee(fleet: FleetSpec, places: Places, target: Target, row: Row, world: World) -> Row:
    try:
        stand, reason = foresee(fleet, places, target, world.clock.now())
    except RolloutError as error:
        return replace(row, stand="cannot begin", reason=" ".join(str(error).split()))
    return replace(row, stand=stand, reason=f"{reason}; journal {places.location_of(target)}")


def _say(fleet: FleetSpec) -> Iterator[str]:
    what = f"{count(len(fleet.targets), 'endpoint')} in {count(len(fleet.waves), 'wave')}"
    yield f"fleet {fleet.fleet_id}: {what}, {fleet.parallel} at a time"
    for wave, following in zip(fleet.waves, [*fleet.waves[1:], None], strict=True):
        soak = f", then {format_duration(fleet.soak_after(wave))} of soak" if following else ""
        yield f"  {wave.name}: {count(len(wave.targets), 'endpoint')}{soak}"
    rest = "finish by their own gates" if fleet.on_exceeded == "finish" else "are taken back"
    yield f"If more than {fleet.failures_allowed} are not promoted, nothing else begins, and those under way {rest}."
