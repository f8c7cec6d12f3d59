"""Driving one rollout to its end, whatever happens to the process that lets it be said."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Generator
from datetime import timedelta
from typing import Final

from policies.decision import Decision
from policies.errors import JournalError
from policies.lifecycle import Ending
from policies.observation import Signal
from rollway.journal.claims import release_endpoint
from rollway.loop.clock import Clock
from rollway.loop.rollout import Rollout

log = logging.getLogger(__name__)

MOST_FAILURES: Final = 5
"""Errors of our own in a row after which the process gives up driving; the journal stays for the next."""
PAUSE_AFTER_FAILURE: Final = timedelta(seconds=1)


async def drive(rollout: Rollout, clock: Clock) -> Ending:
    """Tick until the rollout has ended.

    Cancellation, SIGTERM, SIGINT and errors of our own send the rollout back to its baseline, and the loop goes on until it is there.

    Raises:
        JournalError: another process drives this rollout.
    """
    failures = 0
    with _terminations_heard(rollout):
        while True:
            try:
                decision = await _unbroken(rollout, clock)
            except JournalError:
                raise
            except Exception as error:
                failures += 1
                if failures >= MOST_FAILURES:
                    raise
                log.exception("error while driving rollout %s", rollout.plan.rollout_id)
                rollout.interrupt(_stop(f"internal error: {type(error).__name__}: {error}"))
                await clock.sleep(PAUSE_AFTER_FAILURE, asyncio.Event())
                continue
            failures = 0
            if decision.action == "finish" and decision.state.ending is not None:
                return decision.state.ending
            await _rest(rollout, clock, decision)


async def _unbroken(rollout: Rollout, clock: Clock) -> Decision:
    """Run one tick to its end even when the task is cancelled: a command half carried out helps nobody."""
    rollout.wake.clear()  # before looking: whoever interrupts during the tick must still cut the rest short
    tick = asyncio.ensure_future(rollout.tick(clock.now()))
    while True:
        try:
            return await asyncio.shield(tick)
        except asyncio.CancelledError:
            if tick.cancelled():
                raise
            _hear_cancellation(rollout)


async def _rest(rollout: Rollout, clock: Clock, decision: Decision) -> None:
    try:
        await clock.sleep(decision.next_look, rollout.wake)
    except asyncio.CancelledError:
        _hear_cancellation(rollout)


def _hear_cancellation(rollout: Rollout) -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
    rollout.interrupt(_stop("the run was cancelled"))


def _stop(reason: str) -> Signal:
    return Signal(verb="abort", reason=reason, by="the process that drives the rollout")


@contextlib.contextmanager
def _terminations_heard(rollout: Rollout) -> Generator[None]:
    """Turn SIGTERM and SIGINT into an orderly way back, where this runs in the main thread."""
    loop = asyncio.get_running_loop()
    heard = {signal.SIGTERM: signal.getsignal(signal.SIGTERM), signal.SIGINT: signal.getsignal(signal.SIGINT)}
    try:
        for number in heard:
            loop.add_signal_handler(number, rollout.interrupt, _stop(f"{number.name} received"))
    except (ValueError, RuntimeError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        for number, handler in heard.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


def release(rollout: Rollout, ending: Ending) -> None:
    """Free the endpoint for the next rollout."""
    release_endpoint(rollout.journal.store, rollout.plan.endpoint, rollout.plan.rollout_id, ending.outcome)
