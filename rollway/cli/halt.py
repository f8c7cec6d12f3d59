"""``rollway halt``: no rollout starts and no candidate gets more traffic, in the whole journal, until it is lifted."""

from typing import Unpack

import click

from policies.observation import Halt
from rollway.aws.session import connect
from rollway.cli.exits import Exit
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
from rollway.journal.halts import call_halt, read_halt
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
    """Halt every rollout: none starts, and no candidate gets more traffic. Those that fail are still taken back."""
    aws = connect(options["region"], options["profile"])
    clock = current_world().by_aws(aws).clock
    store = open_journal(aws, need_journal(options["journal"]), clock.now)
    halt = read_halt(store)  # also the first answer, from which on AWS's time is known
    halt = halt or call_halt(store, Halt(since=clock.now(), reason=options["reason"], by=whoami()))
    told = f"every rollout is halted since {halt.since:%H:%M:%S} UTC by {halt.by}: {halt.reason}"
    emit(options["output"], halt.model_dump(mode="json"), f"{told}\nTo end it: rollway lift --reason REASON")
    with telling(load_later(options["notifications"]), clock.now) as messenger:
        if messenger:
            messenger.look_at_halts(store)
    return Exit.OK
