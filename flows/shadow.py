"""The shadow flow: copies of requests first, which expose nobody, then a ladder of shares."""

from prefect import flow
from prefect.client.schemas.objects import State

from policies.errors import RolloutError
from policies.lifecycle import Ending
from tasks.request import RolloutRequest
from tasks.rolling_out import roll_out


@flow(name="shadow", flow_run_name="{rollout.endpoint} to {rollout.model}{rollout.config}", persist_result=False)
async def shadow(rollout: RolloutRequest) -> State[Ending | RolloutError]:
    """Send a model copies of requests first, then roll it out, a share of the traffic at a time.

    The run ends *Promoted*, *Rolled back*, *Aborted* or *Inconclusive*; those are results. It fails when the endpoint could not be
    brought back to its baseline, or when the rollout could not start.
    """
    return await roll_out(rollout, "shadow")
