"""Asking a rollout for something that its own process has to heed, and waiting until it has: what several verbs have in common."""

import asyncio
from datetime import timedelta
from typing import Final

from policies.approvals.answering import address, came_to_nothing
from policies.experiment import competing, is_testing, name_models
from policies.observation import Signal
from rollway.aws.session import connect
from rollway.cli.answering import describe_answer, refuse_ended, say_answer, tell
from rollway.cli.exits import EXIT_OF_OUTCOME, Exit
from rollway.cli.failures import NothingUnderWay, UsageProblem
from rollway.cli.newest import Newest, need_newest
from rollway.cli.options import OnRollout, need_journal
from rollway.cli.output import emit
from rollway.cli.world import current_world
from rollway.loop.clock import Clock
from rollway.loop.starting import open_journal

_LOOK_EVERY: Final = timedelta(seconds=2)


def steer(signal: Signal, options: OnRollout) -> int:
    """Ask a rollout that is under way for something; return the exit code: 0 when it has heeded it, 5 while it has not.

    Raises:
        NothingUnderWay: no rollout of the endpoint is under way, or it is on its way back already.
        NotAsked: it is an answer, and nothing waits for one.
    """
    aws = connect(options["region"], options["profile"])
    clock = current_world().by_aws(aws).clock
    newest = need_newest(open_journal(aws, need_journal(options["journal"]), clock.now), options["endpoint"])
    refuse_late(newest)
    _refuse_ambiguous(newest, signal)
    signal = address(newest.chronicle.plan, newest.chronicle.state, signal)
    return ask_and_wait(newest, signal, options, clock)


def refuse_late(newest: Newest) -> None:
    """Check that a rollout may still be steered.

    Raises:
        NothingUnderWay: it has ended, or will.
    """
    refuse_ended(newest)
    ending = newest.chronicle.state.ending
    if ending is not None:
        endpoint = newest.chronicle.plan.endpoint
        raise NothingUnderWay(
            f"the rollout of {endpoint} is ending already, {ending.outcome}: {ending.reason}",
            hint=f"Watch it: rollway status {endpoint}",
        )


def _refuse_ambiguous(newest: Newest, signal: Signal) -> None:
    """Check that a promotion can only mean one model.

    Raises:
        UsageProblem: several still compete.
    """
    plan, state = newest.chronicle.plan, newest.chronicle.state
    left = competing(plan, state)
    if signal.verb == "promote_now" and is_testing(plan, state) and len(left) > 1:
        told = f"{name_models(left)} still compete on {plan.endpoint}, so nobody can tell which one to promote"
        hint = f"End the test with rollway abort {plan.endpoint}, then run a rollout of the model that you want."
        raise UsageProblem(told, hint=hint)


def ask_and_wait(newest: Newest, signal: Signal, options: OnRollout, clock: Clock) -> int:
    """Send a signal and wait until the rollout's state says that it was heeded."""
    name = newest.ask(signal, clock.now())
    tell(f"asked rollout {newest.rollout_id}; it hears at its next look")
    newest = asyncio.run(_await_heed(newest, name, clock, options["wait"]))
    heard = name in newest.chronicle.state.heard
    emit(options["output"], {**describe_answer(newest), "heard": heard}, _say(newest, signal, heard=heard))
    if newest.ending:
        return EXIT_OF_OUTCOME[newest.ending.outcome]
    done = heard and not came_to_nothing(newest.chronicle.state, signal)
    return Exit.OK if done else Exit.WAITING


async def _await_heed(newest: Newest, name: str, clock: Clock, limit: timedelta) -> Newest:
    until = clock.now() + limit
    while name not in newest.chronicle.state.heard and newest.ending is None and clock.now() < until:
        await clock.sleep(_LOOK_EVERY, asyncio.Event())
        newest = newest.read_again()
    return newest


def _say(newest: Newest, signal: Signal, *, heard: bool) -> str:
    if newest.ending or not heard:
        return str(say_answer(newest))
    plan, state = newest.chronicle.plan, newest.chronicle.state
    if came_to_nothing(state, signal):
        return f"heard too late: {plan.endpoint} is {state.phase}, and no longer asks what was answered"
    return f"heard: {signal.verb.replace('_', ' ')}; {plan.endpoint} is {state.phase}, stage {state.stage + 1} of {len(plan.stages)}"
