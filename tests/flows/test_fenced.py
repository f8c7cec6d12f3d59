"""A change that a Prefect task sends is fenced like any other: the permit of the command reaches the request."""

import asyncio
from datetime import timedelta

from policies.commands import SetShares
from rollway.aws.fencing import Permit, permitting
from rollway.aws.session import connect
from rollway.journal.leases import Bid, acquire
from rollway.loop.starting import open_journal
from tasks.hands import PrefectHands
from tests.flows.account import ENDPOINT, JOURNAL


def test_a_task_sends_nothing_for_a_command_whose_time_is_over(account) -> None:
    """The permit is given outside of the task and asked for in a thread of its own, within botocore."""
    aws = connect()
    store = open_journal(aws, JOURNAL)
    held = acquire(store, "fenced", Bid(rollout_id="r-1", model="v7", by="ann@host", lasts=timedelta(minutes=5)))
    shares = dict.fromkeys(variants_of(aws), 100.0)
    command = SetShares(endpoint=ENDPOINT, shares=shares)

    with permitting(Permit(held, limit=timedelta(seconds=-1))):
        late = asyncio.run(PrefectHands(aws).carry_out(command.model_copy(update={"unseen": True})))

    assert (late.status, late.code) == ("busy", "request_too_late")
    assert account.is_on_baseline()


def variants_of(aws) -> list[str]:
    """The names of the endpoint's variants."""
    described = aws.sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    return [each["VariantName"] for each in described["ProductionVariants"]]
