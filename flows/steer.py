"""The steer flow: asks the rollout of an endpoint for something, from a form in Prefect's UI; heard at the rollout's next look."""

import asyncio
import os

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from policies.approvals.answering import address
from policies.errors import RolloutError
from policies.observation import Signal
from rollway.aws.session import connect
from rollway.journal.journal import Journal
from rollway.journal.leases import read_standing
from rollway.loop.clock import AwsClock
from rollway.loop.starting import open_journal
from tasks.request import Wish


@flow(name="steer", flow_run_name="{wish.verb} {wish.endpoint}", persist_result=False)
async def steer(wish: Wish) -> State[None]:
    """Put a person's wish into the rollout's journal.

    Where the rollout's process is gone, whoever takes it up heeds the wish; the reconcile flow does so within the lease and a minute.
    """
    try:
        told = await asyncio.to_thread(ask, wish)
    except RolloutError as error:
        return Failed(name="Not asked", message=f"{error}\n{error.hint}".strip())
    return Completed(name="Asked", message=told)


def ask(wish: Wish) -> str:
    """Send the signal, and say to which rollout.

    Raises:
        RolloutError: nothing is under way on the endpoint, nothing waits for this answer, or the journal cannot be reached.
    """
    location = wish.journal or os.environ.get("ROLLWAY_JOURNAL")
    if not location:
        raise RolloutError("no journal is given", hint="Set ROLLWAY_JOURNAL=s3://bucket/prefix on the worker.")
    aws = connect(wish.region or None)
    store = open_journal(aws, location, AwsClock(aws).now)
    standing = read_standing(store, wish.endpoint)
    if standing is None or standing.lease.outcome is not None:
        raise RolloutError(f"no rollout of endpoint {wish.endpoint} is under way", hint="Check the endpoint's name.")
    journal = Journal(store, standing.lease.rollout_id)
    chronicle = journal.read()
    signal = address(chronicle.plan, chronicle.state, Signal(verb=wish.verb, reason=wish.reason, by=wish.by))
    journal.send_signal(signal, store.now())
    return f"asked rollout {standing.lease.rollout_id} to {wish.verb.replace('_', ' ')}; it hears at its next look"
