"""Driving one rollout to its end, whatever happens to the process that lets it be said."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Protocol

from policies.decision import Decision
from policies.errors import JournalError, RolloutError
from policies.lifecycle import Ending, Outcome
from policies.observation import Signal
from rollway.loop.clock import Clock
from rollway.loop.concluding import conclude
from rollway.loop.rollout import Rollout
from rollway.loop.telling import tell
from rollway.loop.terminations import terminations_sent_to

log = logging.getLogger(__name__)

MOST_FAILURES: Final = 5
"""Errors of our own in a row after which the process gives up driving; the journal stays for the next."""
RECORD_WITHIN: Final = timedelta(minutes=15)
"""How long the process of a rollout that has ended waits for a journal that is out of reach."""
RECORD_EVERY: Final = timedelta(seconds=5)
NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""The time from when on a process gives way that does not give way."""
PAUSE_AFTER_FAILURE: Final = timedelta(seconds=1)


class Stopping(Protocol):
    """What driving does when its process is asked to stop, and when it stops by itself."""

    def hear(self, rollout: Rollout, reason: str) -> None:
        """Heed that the process is asked to stop."""
        ...

    def is_over(self) -> bool:
        """Say whether to leave the rollout to another process now."""
        ...

    def gives_way(self, now: datetime) -> bool:
        """Say whether any other process may take the rollout over from now on; until one does, this process goes on."""
        ...


class TurnBack:
    """A process that holds one rollout takes it back to its baseline when it is stopped, and never leaves it before."""

    def hear(self, rollout: Rollout, reason: str) -> None:
        """Send the rollout back."""
        rollout.interrupt(_stop(reason))

    def is_over(self) -> bool:
        """Say no: it stays until the end."""
        return False

    def gives_way(self, now: datetime) -> bool:
        """Say no: it keeps the rollout."""
        del now
        return False


@dataclass
class HandOver:
    """A process that only helps out leaves the rollout as it is when it is stopped; another goes on with it.

    That its time is up is no reason to leave: then it gives way to any process that comes, and goes on until one does.

    Attributes:
        until: from when on it gives way.
        stopped: whether it was asked to stop.
    """

    until: datetime = NEVER
    stopped: bool = False

    def hear(self, rollout: Rollout, reason: str) -> None:
        """Leave after the tick under way."""
        log.info("handing rollout %s over: %s", rollout.plan.rollout_id, reason)
        self.stopped = True
        rollout.wake.set()

    def is_over(self) -> bool:
        """Say whether it was asked to stop."""
        return self.stopped

    def gives_way(self, now: datetime) -> bool:
        """Say whether its time is up."""
        return now >= self.until


async def drive(rollout: Rollout, clock: Clock) -> Ending:
    """Tick until the rollout has ended, and free its endpoint.

    Cancellation, SIGTERM, SIGINT and errors of our own send the rollout back to its baseline, and the loop goes on until it is there.

    Raises:
        JournalError: another process drives this rollout.
    """
    ending = await drive_until(rollout, clock, TurnBack())
    assert ending is not None, "a rollout that is held is never left"  # noqa: S101 - an invariant of TurnBack
    return ending


async def drive_until(rollout: Rollout, clock: Clock, stopping: Stopping) -> Ending | None:
    """Tick until the rollout has ended or is to be left. SIGTERM and SIGINT reach it like every other rollout of this process.

    Returns:
        its ending, or None when it was handed over.

    Raises:
        JournalError: another process drives this rollout.
    """
    with terminations_sent_to(partial(stopping.hear, rollout)):
        return await _drive(rollout, clock, stopping)


async def _drive(rollout: Rollout, clock: Clock, stopping: Stopping) -> Ending | None:
    failures = 0
    while not stopping.is_over():
        if stopping.gives_way(clock.now()):
            _offer(rollout)
        try:
            decision = await _unbroken(rollout, clock, stopping)
        except JournalError:
            raise
        except Exception as error:
            failures += 1
            if failures >= MOST_FAILURES:
                hand_over(rollout)
                raise
            log.exception("error while driving rollout %s", rollout.plan.rollout_id)
            stopping.hear(rollout, f"internal error: {type(error).__name__}: {error}")
            await clock.sleep(PAUSE_AFTER_FAILURE, asyncio.Event())
            continue
        failures = 0
        tell(rollout, decision, clock.now() + rollout.lease.offset)
        if decision.action == "finish" and decision.state.ending is not None:
            await record_ending(rollout, clock)
            free(rollout, decision.state.ending)
            return decision.state.ending
        await _rest(rollout, clock, decision.next_look, stopping)
    hand_over(rollout)
    return None


async def record_ending(rollout: Rollout, clock: Clock) -> None:
    """Wait for a journal that is out of reach to take the ending: why the rollout ended is known in this process only."""
    until = clock.now() + RECORD_WITHIN
    try:
        while not await rollout.catch_up() and clock.now() < until and not rollout.wake.is_set():
            await clock.sleep(RECORD_EVERY, rollout.wake)
    except JournalError as error:
        log.warning("the journal does not have the last records of rollout %s: %s", rollout.plan.rollout_id, error)
    except asyncio.CancelledError:  # the rollout is over: its result is worth more than its last records
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()


async def _unbroken(rollout: Rollout, clock: Clock, stopping: Stopping) -> Decision:
    """Run one tick to its end even when the task is cancelled: a command half carried out helps nobody."""
    rollout.wake.clear()  # before looking: whoever interrupts during the tick must still cut the rest short
    tick = asyncio.ensure_future(rollout.tick(clock.now()))
    while True:
        try:
            return await asyncio.shield(tick)
        except asyncio.CancelledError:
            if tick.cancelled():
                raise
            _hear_cancellation(rollout, stopping)


async def _rest(rollout: Rollout, clock: Clock, length: timedelta, stopping: Stopping) -> None:
    try:
        await clock.sleep(length, rollout.wake)
    except asyncio.CancelledError:
        _hear_cancellation(rollout, stopping)


def _hear_cancellation(rollout: Rollout, stopping: Stopping) -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
    stopping.hear(rollout, "the run was cancelled")


def _stop(reason: str) -> Signal:
    return Signal(verb="abort", reason=reason, by="the process that drives the rollout")


def free(rollout: Rollout, ending: Ending) -> None:
    """Free the endpoint for the next rollout; after a rollback that failed, for whoever goes on with it.

    The rollout is over: a journal out of reach must not spoil its result. Whoever reconciles puts that right.
    """
    try:
        if ending.outcome is Outcome.ROLLBACK_FAILED:
            rollout.lease.let_go()
        else:
            rollout.lease.release(ending.outcome, conclude(rollout.plan, rollout.state, ending))
    except RolloutError as error:
        log.warning(
            "the journal does not say yet that the rollout has ended; rollway reconcile puts that right: %s", error
        )


def hand_over(rollout: Rollout) -> None:
    """Let any other process take the rollout up at once. Where that fails, it can when the lease runs out."""
    try:
        rollout.lease.let_go()
    except RolloutError as error:
        log.warning("cannot hand over rollout %s before its lease runs out: %s", rollout.plan.rollout_id, error)


def _offer(rollout: Rollout) -> None:
    """Let any other process take the rollout over while this one goes on. Where that fails, it is tried at the next look.

    Raises:
        JournalError: another process has taken it over.
    """
    try:
        rollout.lease.offer()
    except JournalError:
        raise
    except RolloutError as error:
        log.warning("cannot offer rollout %s to other processes yet: %s", rollout.plan.rollout_id, error)
