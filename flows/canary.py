"""The canary flow: the candidate climbs a ladder of shares."""

from prefect import flow
from prefect.client.schemas.objects import State

from policies.errors import RolloutError
from policies.lifecycle import Ending
from tasks.request import RolloutRequest
from tasks.rolling_out import roll_out


@flow(name="canary", flow_run_name="{rollout.endpoint} to {rollout.model}{rollout.config}", persist_result=False)
async def canary(rollout: RolloutRequest) -> State[Ending | RolloutError]:
    """Roll a model out on a live endpoint, a share of the traffic at a time.

    The run ends *Promoted*, *Rolled back*, *Aborted* or *Inconclusive*; those are results. It fails when the endpoint could not be
    brought back to its baseline, or when the rollout could not start.
    """
    return await roll_out(rollout, "canary")
