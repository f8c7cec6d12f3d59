"""``rollway fleet halt``: nothing else of a fleet begins."""

from typing import Unpack

import click

from policies.fleet.deciding import Stop
from rollway.aws.session import connect
from rollway.cli.exits import Exit
from rollway.cli.fleet.showing import need_fleet
from rollway.cli.options import OnWholeJournal, all_journal_options, need_journal, reason_option
from rollway.cli.output import emit
from rollway.cli.world import current_world
from rollway.fleet.record import ask_to_stop
from rollway.loop.starting import open_journal, whoami


class Options(OnWholeJournal):
    """The verb's options."""

    fleet: str
    reason: str
    abort: bool


@click.command()
@click.argument("fleet", metavar="FILE|ID")
@reason_option
@click.option("--abort", is_flag=True, help="Take back what is under way, too.")
@all_journal_options
def command(**options: Unpack[Options]) -> int:
    """Begin nothing else of a fleet. Rollouts under way go on to their own ends, unless --abort is given."""
    aws = connect(options["region"], options["profile"])
    store = open_journal(aws, need_journal(options["journal"]), current_world().by_aws(aws).clock.now)
    fleet_id = need_fleet(store, options["fleet"]).record.fleet.fleet_id
    stop = ask_to_stop(store, fleet_id, Stop(by=whoami(), reason=options["reason"], abort=options["abort"]))
    ends = "are taken back" if stop.abort else "go on to their own ends"
    told = f"fleet {fleet_id} is halted by {stop.by}: {stop.reason}; rollouts under way {ends}"
    emit(options["output"], {"fleet": fleet_id} | stop.model_dump(), told)
    return Exit.OK
