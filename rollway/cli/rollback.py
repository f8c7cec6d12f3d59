"""``rollway rollback``: take the candidate back, by the process that drives the rollout or, where that is dead, by this one."""

import asyncio
from datetime import timedelta
from typing import Final, Unpack

import click

from policies.errors import AwsError
from policies.lifecycle import Outcome, State, turn_back
from policies.observation import Signal
from policies.plan import Plan
from policies.values import format_duration
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws, connect
from rollway.cli.answering import describe_answer, refuse_ended, say_answer, tell
from rollway.cli.driving import drive_here, watching
from rollway.cli.exits import EXIT_OF_OUTCOME, Exit
from rollway.cli.newest import Newest, need_newest, signed
from rollway.cli.options import OnJournal, journal_options, need_journal, reason_option
from rollway.cli.output import emit
from rollway.cli.world import World, current_world
from rollway.journal.claims import Claim, claim_endpoint
from rollway.loop.hands import PlainHands
from rollway.loop.rollout import Rollout
from rollway.loop.starting import open_journal, whoami

_LOOK_EVERY: Final = timedelta(seconds=5)
_LEAST_GRACE: Final = timedelta(seconds=30)
_LOOKS_OF_GRACE: Final = 3


class Options(OnJournal):
    """The verb's options."""

    reason: str


@click.command()
@reason_option
@journal_options
def command(**options: Unpack[Options]) -> int:
    """Take the candidate of ENDPOINT back to the baseline, also when the rollout's process has died."""
    location, world = need_journal(options["journal"]), current_world()
    aws = connect(options["region"], options["profile"])
    newest, signal = (
        need_newest(open_journal(aws, location), options["endpoint"]),
        signed("rollback", options["reason"]),
    )
    if newest.claim.outcome is None:
        newest.ask(signal, world.clock.now())
        newest = asyncio.run(_await_end_or_silence(aws, newest, world))
        state = None if newest.released else newest.chronicle.state
    else:
        state = _reopen(aws, newest, signal, world)
    if state is not None:
        newest = _take_over(aws, newest, state, world)
    emit(options["output"], describe_answer(newest, taken_over=state is not None), say_answer(newest))
    return EXIT_OF_OUTCOME[newest.ending.outcome] if newest.ending else Exit.WAITING


def _take_over(aws: Aws, newest: Newest, state: State, world: World) -> Newest:
    """Drive the rollout to its end from here; one that had only not freed its endpoint ends at once."""
    rollout = Rollout(newest.chronicle.plan, state, newest.journal, PlainHands(aws, world.timing))
    with watching(world) as witness:
        drive_here(rollout, world, witness)
    return newest.read_again()


async def _await_end_or_silence(aws: Aws, newest: Newest, world: World) -> Newest:
    """Look at the journal until the rollout has ended and freed its endpoint, or nobody has written for the grace.

    While AWS is at work on a way back that has begun, the process that drives it has nothing to write; that is no silence.
    """
    grace, clock = _grace(newest.chronicle.plan), world.clock
    tell(
        f"asked rollout {newest.claim.rollout_id} to go back; without a sign of life for {format_duration(grace)}, this takes over"
    )
    heard_at = clock.now()
    while not newest.released and clock.now() - heard_at < grace:
        await clock.sleep(_LOOK_EVERY, asyncio.Event())
        before, newest = newest, newest.read_again()
        if len(newest.chronicle.records) > len(before.chronicle.records):
            heard_at = clock.now()
            tell("\n".join(newest.news_since(before)))
        elif newest.taken_up and _is_busy(aws, newest.chronicle.plan):
            heard_at = clock.now()
    if not newest.released:
        tell(f"no sign of life for {format_duration(grace)}: taking over")
    return newest


def _is_busy(aws: Aws, plan: Plan) -> bool:
    try:
        return describe_endpoint(aws, plan.endpoint).busy
    except AwsError:
        return False


def _reopen(aws: Aws, newest: Newest, signal: Signal, world: World) -> State:
    """Take up again a rollout that ended without bringing its endpoint back.

    Raises:
        NothingUnderWay: it was promoted, or the endpoint is back already.
    """
    plan, outcome = newest.chronicle.plan, newest.claim.outcome
    if outcome is Outcome.PROMOTED or describe_endpoint(aws, plan.endpoint).config == plan.original.name:
        refuse_ended(newest)
    now = world.clock.now()
    tell(f"the rollout ended {outcome} without bringing {plan.endpoint} back; taking it up again")
    claim_endpoint(newest.journal.store, plan.endpoint, Claim(rollout_id=plan.rollout_id, by=whoami(), since=now))
    return turn_back(newest.chronicle.state, Outcome.ROLLED_BACK, f"rollback by {signal.by}: {signal.reason}", now)


def _grace(plan: Plan) -> timedelta:
    return max(_LEAST_GRACE, _LOOKS_OF_GRACE * plan.policy.metrics.look_every)
