"""``rollway reconcile``: bring every rollout to its end that no process drives any more. For cron, or by hand."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, Unpack

import click

from policies.lifecycle import Outcome
from policies.serving import describe_serving
from rollway.aws.session import connect
from rollway.cli.exits import Exit
from rollway.cli.options import (
    OnWholeJournal,
    WithNotifications,
    all_journal_options,
    need_journal,
    notifications_option,
    read_duration,
)
from rollway.cli.output import emit
from rollway.cli.world import current_world
from rollway.loop.hands import PlainHands
from rollway.loop.starting import open_journal
from rollway.loop.taking_up import Reconciled, reconcile
from rollway.notices.loading import load_later
from rollway.notices.messenger import telling
from rollway.registries.writing_back import tell_quietly

_BUDGET: Final = "55s"


class Options(OnWholeJournal, WithNotifications):
    """The verb's options."""

    budget: timedelta
    quiet: bool


@click.command()
@click.option(
    "--for",
    "budget",
    default=_BUDGET,
    show_default=True,
    callback=read_duration,
    metavar="DURATION",
    help="How long to drive them; what is not over then is handed over.",
)
@click.option("--quiet", is_flag=True, help="Say nothing when there was nothing to do.")
@notifications_option
@all_journal_options
def command(**options: Unpack[Options]) -> int:
    """Take up every rollout that no process drives any more, and bring it to its end."""
    aws = connect(options["region"], options["profile"])
    world = current_world().by_aws(aws)
    store = open_journal(aws, need_journal(options["journal"]), world.clock.now)
    with telling(load_later(options["notifications"]), world.clock.now):
        found = asyncio.run(reconcile(store, lambda: PlainHands(aws, world.timing), world.clock, options["budget"]))
    for each in found:
        if each.ending:
            tell_quietly(aws, store, each.rollout_id)
    if found or not options["quiet"]:
        emit(options["output"], {"rollouts": [_describe(each) for each in found]}, _say(found))
    return _exit_code(found)


def _describe(each: Reconciled) -> dict[str, Any]:
    return {
        "endpoint": each.endpoint,
        "rollout": each.rollout_id or None,
        "outcome": str(each.ending.outcome) if each.ending else None,
        "reason": each.ending.reason if each.ending else None,
        "serving": each.ending.serving.model_dump(mode="json") if each.ending else None,
        "trouble": each.trouble or None,
    }


def _say(found: Sequence[Reconciled]) -> str:
    return "\n".join(map(_say_one, found)) or "nothing to do: every rollout is over, or has a process that drives it"


def _say_one(each: Reconciled) -> str:
    if each.trouble:
        return f"{each.endpoint}: could not be driven: {each.trouble}"
    if each.ending:
        return (
            f"{each.endpoint}: {each.ending.outcome} · {describe_serving(each.ending.serving)} · {each.ending.reason}"
        )
    return f"{each.endpoint}: {'under way, handed over' if each.rollout_id else 'freed; there was nothing left to do'}"


def _exit_code(found: Sequence[Reconciled]) -> Exit:
    if any(each.ending and each.ending.outcome is Outcome.ROLLBACK_FAILED for each in found):
        return Exit.ROLLBACK_FAILED
    return Exit.INTERNAL if any(each.trouble for each in found) else Exit.OK
