"""``rollway abort``: ask the process that drives a rollout to stop it, and wait a while for what becomes of that."""

import asyncio
from datetime import timedelta
from typing import Final, Unpack

import click

from policies.values import format_duration, parse_duration
from rollway.aws.session import connect
from rollway.cli.answering import describe_answer, refuse_ended, say_answer, tell
from rollway.cli.exits import EXIT_OF_OUTCOME, Exit
from rollway.cli.newest import Newest, need_newest, signed
from rollway.cli.options import OnJournal, journal_options, need_journal, reason_option
from rollway.cli.output import emit
from rollway.cli.world import current_world
from rollway.loop.clock import Clock
from rollway.loop.starting import open_journal

_LOOK_EVERY: Final = timedelta(seconds=2)


class Options(OnJournal):
    """The verb's options."""

    reason: str
    wait: timedelta


def _read_wait(_context: click.Context, _option: click.Parameter, value: str) -> timedelta:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@reason_option
@click.option(
    "--wait",
    default="60s",
    show_default=True,
    callback=_read_wait,
    metavar="DURATION",
    help="How long to wait for the end.",
)
@journal_options
def command(**options: Unpack[Options]) -> int:
    """Stop the rollout of ENDPOINT that is under way; its process takes the endpoint back to the baseline."""
    location, clock = need_journal(options["journal"]), current_world().clock
    store = open_journal(connect(options["region"], options["profile"]), location)
    newest = need_newest(store, options["endpoint"])
    refuse_ended(newest)
    newest.ask(signed("abort", options["reason"]), clock.now())
    tell(f"asked rollout {newest.claim.rollout_id} to abort; waiting {format_duration(options['wait'])} at most")
    newest = asyncio.run(_await_end(newest, clock, options["wait"]))
    emit(options["output"], describe_answer(newest), say_answer(newest))
    return EXIT_OF_OUTCOME[newest.ending.outcome] if newest.ending else Exit.WAITING


async def _await_end(newest: Newest, clock: Clock, limit: timedelta) -> Newest:
    """Look at the journal until the rollout has ended or the time is over; say once when the signal is taken up."""
    until = clock.now() + limit
    while newest.ending is None and clock.now() < until:
        await clock.sleep(_LOOK_EVERY, asyncio.Event())
        before, newest = newest, newest.read_again()
        if newest.taken_up and not before.taken_up:
            tell("its process has taken that up and is going back")
    return newest
