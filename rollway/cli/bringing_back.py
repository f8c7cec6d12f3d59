"""Ending a rollout from outside: by the process that drives it or, where that is dead or hangs, by this one."""

import asyncio
from datetime import timedelta
from typing import Final

from policies.errors import AwsError, JournalError
from policies.lifecycle import Outcome, turn_back
from policies.observation import Signal
from policies.plan import Plan
from policies.values import format_duration
from rollway.aws.sagemaker import describe_endpoint
from rollway.aws.session import Aws, connect
from rollway.cli.answering import describe_answer, refuse_ended, say_answer, tell
from rollway.cli.driving import drive_here, lost_control, watching
from rollway.cli.exits import EXIT_OF_OUTCOME, Exit
from rollway.cli.newest import Newest, need_newest
from rollway.cli.options import OnReturn, need_journal
from rollway.cli.output import emit
from rollway.cli.world import World, current_world
from rollway.journal.leases import acquire
from rollway.loop.concluding import make_bid
from rollway.loop.hands import PlainHands
from rollway.loop.rollout import Rollout
from rollway.loop.starting import open_journal, whoami
from rollway.loop.taking_up import take_up
from rollway.notices.loading import load_later

_LOOK_EVERY: Final = timedelta(seconds=2)
_LEAST_GRACE: Final = timedelta(seconds=30)
_LOOKS_OF_GRACE: Final = 3


def bring_back(signal: Signal, options: OnReturn) -> int:
    """Have a rollout go back to its baseline and see to it that somebody does it. Return the exit code."""
    location, aws = need_journal(options["journal"]), connect(options["region"], options["profile"])
    world = current_world().by_aws(aws)
    newest = need_newest(open_journal(aws, location, world.clock.now), options["endpoint"])
    rollout: Rollout | None = None
    if newest.released:
        rollout = _reopen(aws, newest, signal, world)
    else:
        newest.ask(signal, world.clock.now())
        newest = asyncio.run(_await_end_or_silence(aws, newest, world))
        rollout = None if newest.released else take_over(aws, newest, world, force=True)
    if rollout is not None:
        with watching(world, load_later(options["notifications"])) as witness:
            drive_here(rollout, world, witness)
    newest = newest.read_again()
    emit(options["output"], describe_answer(newest, taken_over=rollout is not None), say_answer(newest))
    return EXIT_OF_OUTCOME[newest.ending.outcome] if newest.ending else Exit.WAITING


def take_over(aws: Aws, newest: Newest, world: World, *, force: bool) -> Rollout | None:
    """Take the rollout up in this process; None when there was nothing left to do but to free the endpoint.

    Raises:
        LostControl: somebody else was faster.
    """
    plan = newest.chronicle.plan
    try:
        hands = PlainHands(aws, world.timing)
        return take_up(newest.journal.store, plan.endpoint, hands, world.clock.now(), force=force)
    except JournalError as error:
        raise lost_control(error, plan) from error


async def _await_end_or_silence(aws: Aws, newest: Newest, world: World) -> Newest:
    """Look at the journal until the rollout has ended and freed its endpoint, or nobody drives it any more.

    While AWS is at work on a way back that has begun, the process that drives it has nothing to write; that is no silence.
    """
    grace, clock = _grace(newest.chronicle.plan), world.clock
    tell(
        f"asked rollout {newest.rollout_id} to go back; without a sign of life for {format_duration(grace)}, this takes over"
    )
    heard_at = clock.now()
    while not (newest.released or newest.standing.expired) and clock.now() - heard_at < grace:
        await clock.sleep(_LOOK_EVERY, asyncio.Event())
        before, newest = newest, newest.read_again()
        if len(newest.chronicle.records) > len(before.chronicle.records):
            heard_at = clock.now()
            tell("\n".join(newest.news_since(before)))
        elif newest.taken_up and _is_busy(aws, newest.chronicle.plan):
            heard_at = clock.now()
    if not newest.released:
        tell("nobody drives it any more: taking over")
    return newest


def _is_busy(aws: Aws, plan: Plan) -> bool:
    try:
        return describe_endpoint(aws, plan.endpoint).busy
    except AwsError:
        return False


def _reopen(aws: Aws, newest: Newest, signal: Signal, world: World) -> Rollout:
    """Take up again a rollout that ended without bringing its endpoint back.

    Raises:
        NothingUnderWay: it was promoted, or the endpoint is back already.
    """
    plan, store, outcome = newest.chronicle.plan, newest.journal.store, newest.standing.lease.outcome
    back = describe_endpoint(aws, plan.endpoint).config == plan.original.name
    if outcome is Outcome.PROMOTED or back or signal.verb != "rollback":
        refuse_ended(newest)
    tell(f"the rollout ended {outcome} without bringing {plan.endpoint} back; taking it up again")
    held = acquire(store, plan.endpoint, make_bid(plan, whoami()))
    told = f"{signal.verb} by {signal.by}: {signal.reason}"
    state = turn_back(newest.chronicle.state, Outcome.ROLLED_BACK, told, world.clock.now() + held.offset)
    return Rollout(plan, state, newest.journal, PlainHands(aws, world.timing), held)


def _grace(plan: Plan) -> timedelta:
    return max(_LEAST_GRACE, _LOOKS_OF_GRACE * plan.policy.metrics.look_every)
