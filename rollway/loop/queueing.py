"""A second rollout on the same endpoint: what it does while the first is under way. The policy of the second decides."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from policies.errors import DeadlineExceeded, JournalError
from policies.observation import Signal
from policies.values import format_duration
from rollway.aws.objects import ObjectStore
from rollway.journal.journal import Journal
from rollway.journal.leases import Standing, read_standing
from rollway.loop.clock import Clock
from rollway.loop.drive import drive
from rollway.loop.hands import Hands
from rollway.loop.starting import Request, whoami
from rollway.loop.taking_up import take_up

log = logging.getLogger(__name__)

LOOK_EVERY: Final = timedelta(seconds=5)


async def make_way(request: Request, store: ObjectStore, make_hands: Callable[[], Hands], clock: Clock) -> None:
    """Wait until the endpoint is free, if the policy wants that; with ``refuse`` starting will say who holds it.

    A rollout whose process is gone is brought to its end from here: waiting for nobody would take for ever.

    Raises:
        DeadlineExceeded: the endpoint was not free within the policy's own deadline.
        JournalError: the journal cannot be read.
    """
    policy, until = request.policy, clock.now() + request.policy.deadline
    asked: set[str] = set()
    while policy.when_taken != "refuse" and (standing := _holder(store, request.endpoint)) is not None:
        if clock.now() >= until:
            raise DeadlineExceeded(
                f"endpoint {request.endpoint} was not free within {format_duration(policy.deadline)}; "
                f"rollout {standing.lease.rollout_id} holds it",
                hint=f"Look at it: rollway status {request.endpoint}.",
            )
        if policy.when_taken == "supersede" and standing.lease.rollout_id not in asked:
            _supersede(store, standing, request, clock)
            asked.add(standing.lease.rollout_id)
        if standing.expired:
            await _bring_to_its_end(store, request.endpoint, make_hands(), clock)
        else:
            await clock.sleep(LOOK_EVERY, asyncio.Event())


def _holder(store: ObjectStore, endpoint: str) -> Standing | None:
    standing = read_standing(store, endpoint)
    return standing if standing is not None and standing.lease.outcome is None else None


def _supersede(store: ObjectStore, standing: Standing, request: Request, clock: Clock) -> None:
    reason = f"superseded by a rollout to {request.model}"
    log.info("rollout %s is %s", standing.lease.rollout_id, reason)
    Journal(store, standing.lease.rollout_id).send_signal(Signal(verb="abort", reason=reason, by=whoami()), clock.now())


async def _bring_to_its_end(store: ObjectStore, endpoint: str, hands: Hands, clock: Clock) -> None:
    try:
        rollout = await asyncio.to_thread(take_up, store, endpoint, hands, clock.now())
    except JournalError as error:
        log.info("somebody else takes up endpoint %s: %s", endpoint, error)
        await clock.sleep(LOOK_EVERY, asyncio.Event())
        return
    if rollout is not None:
        await drive(rollout, clock)
