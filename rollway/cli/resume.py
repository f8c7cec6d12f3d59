"""``rollway resume``: end a pause, accept what somebody else changed, or drive on what nobody drives any more."""

from typing import Unpack

import click

from rollway.aws.session import connect
from rollway.cli.answering import describe_answer, say_answer
from rollway.cli.bringing_back import take_over
from rollway.cli.driving import drive_here, watching
from rollway.cli.exits import EXIT_OF_OUTCOME, Exit
from rollway.cli.newest import need_newest, signed
from rollway.cli.options import (
    OnRollout,
    WithNotifications,
    journal_options,
    need_journal,
    notifications_option,
    reason_option,
    wait_option,
)
from rollway.cli.output import emit
from rollway.cli.steering import ask_and_wait, refuse_late
from rollway.cli.world import current_world
from rollway.loop.starting import open_journal
from rollway.notices.loading import load_later


class Options(OnRollout, WithNotifications):
    """The verb's options."""


@click.command()
@reason_option
@wait_option
@notifications_option
@journal_options
def command(**options: Unpack[Options]) -> int:
    """Let the rollout of ENDPOINT go on: after a pause, after a change that is fine, or after its process has died."""
    aws = connect(options["region"], options["profile"])
    world = current_world().by_aws(aws)
    newest = need_newest(open_journal(aws, need_journal(options["journal"]), world.clock.now), options["endpoint"])
    signal = signed("resume", options["reason"])
    if not newest.standing.expired:
        refuse_late(newest)
        return ask_and_wait(newest, signal, options, world.clock)
    newest.ask(signal, world.clock.now())
    rollout = take_over(aws, newest, world, force=False)
    if rollout is not None:
        with watching(world, load_later(options["notifications"])) as witness:
            drive_here(rollout, world, witness)
    newest = newest.read_again()
    emit(options["output"], describe_answer(newest, taken_over=True), say_answer(newest))
    return EXIT_OF_OUTCOME[newest.ending.outcome] if newest.ending else Exit.WAITING
