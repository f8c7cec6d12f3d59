"""``rollway reconcile``: bring every rollout to its end that no process drives any more. For cron, or by hand."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Unpack

import click

from policies.lifecycle import Outcome
from policies.serving import describe_serving
from policies.values import format_duration
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
from rollway.loop.reconciling import Driven, Reconciled, Reconciliation, reconcile
from rollway.loop.starting import open_journal
from rollway.notices.loading import load_later
from rollway.notices.messenger import telling
from rollway.registries.writing_back import tell_quietly


class Options(OnWholeJournal, WithNotifications):
    """The verb's options."""

    budget: timedelta | None
    quiet: bool


def _read_budget(context: click.Context, parameter: click.Parameter, value: str | None) -> timedelta | None:
    return None if value is None else read_duration(context, parameter, value)


@click.command()
@click.option(
    "--for",
    "budget",
    callback=_read_budget,
    metavar="DURATION",
    help="Give way after this time: the next reconcile to run takes the rollouts over. Until one does, this one goes on. [default: never]",
)
@click.option("--quiet", is_flag=True, help="Say nothing when there was nothing to do.")
@notifications_option
@all_journal_options
def command(**options: Unpack[Options]) -> int:
    """Take up every rollout that no process drives any more, and bring it to its end.

    Drives each until it is over, and takes up what loses its process meanwhile. SIGTERM and Ctrl-C hand everything over as it is.
    """
    aws = connect(options["region"], options["profile"])
    world = current_world().by_aws(aws)
    store = open_journal(aws, need_journal(options["journal"]), world.clock.now)
    with telling(load_later(options["notifications"]), world.clock.now):
        done = asyncio.run(reconcile(store, lambda: PlainHands(aws, world.timing), world.clock, options["budget"]))
    for each in done.found:
        if each.ending:
            tell_quietly(aws, store, each.rollout_id)
    if done.found or not options["quiet"]:
        emit(options["output"], _describe(done), _say(done))
    return _exit_code(done.found)


def _describe(done: Reconciliation) -> dict[str, Any]:
    return {
        "rollouts": [_describe_one(each) for each in done.found],
        "driven": [_describe_driven(each) for each in done.driven],
    }


def _describe_one(each: Reconciled) -> dict[str, Any]:
    return {
        "endpoint": each.endpoint,
        "rollout": each.rollout_id or None,
        "outcome": str(each.ending.outcome) if each.ending else None,
        "reason": each.ending.reason if each.ending else None,
        "serving": each.ending.serving.model_dump(mode="json") if each.ending else None,
        "trouble": each.trouble or None,
        "elsewhere": each.elsewhere or None,
    }


def _describe_driven(each: Driven) -> dict[str, Any]:
    return {
        "endpoint": each.endpoint,
        "rollout": each.rollout_id,
        "driven_by": each.by,
        "silent_since": each.silent_since.isoformat(),
        "silent_for_s": each.silent_for.total_seconds(),
        "can_be_taken_over_at": each.available_at.isoformat(),
        "overdue": each.overdue,
    }


def _say(done: Reconciliation) -> str:
    idle = not done.found and not any(each.overdue for each in done.driven)
    nothing = ["nothing to do: every rollout is over, or has a process that drives it"] if idle else []
    return "\n".join([*nothing, *map(_say_one, done.found), *map(_say_driven, done.driven)])


def _say_one(each: Reconciled) -> str:
    if each.trouble:
        return f"{each.endpoint}: could not be driven: {each.trouble}"
    if each.ending:
        return (
            f"{each.endpoint}: {each.ending.outcome} · {describe_serving(each.ending.serving)} · {each.ending.reason}"
        )
    if each.elsewhere:
        return f"{each.endpoint}: {each.elsewhere}"
    return f"{each.endpoint}: {'under way, handed over' if each.rollout_id else 'freed; there was nothing left to do'}"


def _say_driven(each: Driven) -> str:
    silence, at = format_duration(each.silent_for), _clock_time(each.available_at)
    if each.overdue:
        return (
            f"{each.endpoint}: {each.by} drives it and has given no sign of life since {_clock_time(each.silent_since)} "
            f"({silence}); it can be taken over at {at}, unless there is one before"
        )
    return (
        f"{each.endpoint}: driven by {each.by}, last sign of life at {_clock_time(each.silent_since)} ({silence} ago); "
        f"without a further one it can be taken over at {at}"
    )


def _clock_time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _exit_code(found: Sequence[Reconciled]) -> Exit:
    if any(each.ending and each.ending.outcome is Outcome.ROLLBACK_FAILED for each in found):
        return Exit.ROLLBACK_FAILED
    return Exit.INTERNAL if any(each.trouble for each in found) else Exit.OK
