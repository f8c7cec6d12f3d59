"""The blue/green flow: the whole capacity first, then the traffic, at once or in few steps."""

from prefect import flow
from prefect.client.schemas.objects import State

from policies.errors import RolloutError
from policies.lifecycle import Ending
from tasks.request import RolloutRequest
from tasks.rolling_out import roll_out


@flow(name="blue-green", flow_run_name="{rollout.endpoint} to {rollout.model}{rollout.config}", persist_result=False)
async def blue_green(rollout: RolloutRequest) -> State[Ending | RolloutError]:
    """Give a model the whole capacity, then the traffic; the old one stays warm until the last bake is over.

    The run ends *Promoted*, *Rolled back*, *Aborted* or *Inconclusive*; those are results. It fails when the endpoint could not be
    brought back to its baseline, or when the rollout could not start.
    """
    return await roll_out(rollout, "blue_green")
