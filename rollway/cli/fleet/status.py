"""``rollway fleet status``: where every endpoint of a fleet stands."""

from typing import Unpack

import click
from rich.console import Group

from rollway.aws.session import connect
from rollway.cli.exits import Exit
from rollway.cli.fleet.showing import EXIT_OF_FLEET, draw_table, need_fleet
from rollway.cli.options import OnWholeJournal, all_journal_options, need_journal
from rollway.cli.output import emit
from rollway.cli.world import current_world
from rollway.loop.starting import open_journal
from rollway.reports.fleet import describe, make_rows


class Options(OnWholeJournal):
    """The verb's options."""

    fleet: str


@click.command()
@click.argument("fleet", metavar="FILE|ID")
@all_journal_options
def command(**options: Unpack[Options]) -> int:
    """Show where every endpoint of a fleet stands, by its record."""
    aws = connect(options["region"], options["profile"])
    store = open_journal(aws, need_journal(options["journal"]), current_world().by_aws(aws).clock.now)
    kept = need_fleet(store, options["fleet"])
    record, stop = kept.record, kept.read_stop()
    told = f"{record.fleet.fleet_id}: {record.outcome or 'under way'}" + (
        f" · {record.reason}" if record.reason else ""
    )
    stopped = f"\nhalted by {stop.by}: {stop.reason}" if stop and not record.outcome else ""
    table = draw_table(make_rows(record.fleet, record))
    emit(options["output"], describe(record.fleet, record), Group(told + stopped, "", table))
    return EXIT_OF_FLEET[record.outcome] if record.outcome else Exit.WAITING
