"""``rollway lift``: end a halt."""

from typing import Unpack

import click

from rollway.aws.session import connect
from rollway.cli.exits import Exit
from rollway.cli.failures import NothingUnderWay
from rollway.cli.options import (
    OnWholeJournal,
    WithNotifications,
    all_journal_options,
    need_journal,
    notifications_option,
    reason_option,
)
from rollway.cli.output import emit
from rollway.cli.world import current_world
from rollway.journal.halts import lift_halt
from rollway.loop.starting import open_journal, whoami
from rollway.notices.loading import load_later
from rollway.notices.messenger import telling


class Options(OnWholeJournal, WithNotifications):
    """The verb's options."""

    reason: str


@click.command()
@reason_option
@notifications_option
@all_journal_options
def command(**options: Unpack[Options]) -> int:
    """End a halt; the rollouts go on where they stood."""
    aws = connect(options["region"], options["profile"])
    clock = current_world().by_aws(aws).clock
    store = open_journal(aws, need_journal(options["journal"]), clock.now)
    halt = lift_halt(store, whoami(), options["reason"])
    if halt is None:
        raise NothingUnderWay("nothing is halted")
    told = f"lifted the halt of {halt.since:%Y-%m-%d %H:%M:%S} UTC ({halt.reason}); the rollouts go on"
    emit(options["output"], halt.model_dump(mode="json"), told)
    with telling(load_later(options["notifications"]), clock.now) as messenger:
        if messenger:
            messenger.look_at_halts(store)
    return Exit.OK
