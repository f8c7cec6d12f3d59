"""``rollway fleet run``: drive a fleet to its end in this process."""

import asyncio
from typing import Unpack

import click
from rich.console import Group

from policies.fleet.deciding import FleetDecision
from policies.fleet.loading import load_fleet
from policies.fleet.spec import FleetSpec
from rollway.aws.session import connect
from rollway.cli.exits import Exit
from rollway.cli.fleet.showing import EXIT_OF_FLEET, draw_table
from rollway.cli.options import (
    OnWholeJournal,
    WithNotifications,
    all_journal_options,
    need_journal,
    notifications_option,
)
from rollway.cli.output import emit
from rollway.cli.world import current_world
from rollway.fleet.driving import open_fleet
from rollway.fleet.places import Places
from rollway.fleet.record import Kept
from rollway.loop.hands import PlainHands
from rollway.loop.starting import open_journal
from rollway.notices.loading import find_notifications
from rollway.notices.messenger import telling
from rollway.reports.fleet import describe, make_rows


class Options(OnWholeJournal, WithNotifications):
    """The verb's options."""

    file: str


@click.command()
@click.argument("file", metavar="FILE")
@notifications_option
@all_journal_options
def command(**options: Unpack[Options]) -> int:
    """Roll a model out over the fleet in FILE, or go on where it stood, and stay until it is over.

    The same file is the same fleet: started again, it goes on. Interrupted, it hands its rollouts over as they are.
    """
    fleet = load_fleet(options["file"])
    notifications = find_notifications(options["notifications"])
    home = connect(options["region"], options["profile"])
    world = current_world().by_aws(home)
    places = Places(home, open_journal(home, need_journal(options["journal"]), world.clock.now))
    driven = open_fleet(
        fleet, places, lambda target: PlainHands(places.aws_of(target), world.timing), world.clock, Teller()
    )
    click.echo(click.style(f"fleet {fleet.fleet_id}", bold=True), err=True)
    with telling(notifications, world.clock.now):
        decision = asyncio.run(driven.drive())
    record = driven.kept.record
    told = f"{fleet.fleet_id}: {record.outcome or 'left as it is'}" + (f" · {record.reason}" if record.reason else "")
    emit(options["output"], describe(fleet, record), Group(told, "", draw_table(make_rows(fleet, record))))
    return EXIT_OF_FLEET[decision.outcome] if decision and decision.outcome else Exit.WAITING


class Teller:
    """Tells on stderr what is new: what the fleet decides, and what became of an endpoint."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def __call__(self, fleet: FleetSpec, kept: Kept, decision: FleetDecision) -> None:
        """Tell what has changed since the last look."""
        del fleet
        news = {key: f"{entry.stand}  {entry.reason}".rstrip() for key, entry in kept.record.entries.items()}
        news |= {"": decision.reason.partition(", ")[0] if " soaks, " in decision.reason else decision.reason}
        for key, told in news.items():
            if self._told.get(key) != told:
                self._told[key] = told
                click.echo(f"{key}: {told}" if key else click.style(told, dim=True), err=True)
