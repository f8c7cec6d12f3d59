"""The control-twin flow: the candidate is compared with a fresh twin of the baseline."""

from prefect import flow
from prefect.client.schemas.objects import State

from policies.errors import RolloutError
from policies.lifecycle import Ending
from tasks.request import RolloutRequest
from tasks.rolling_out import roll_out


@flow(name="control-twin", flow_run_name="{rollout.endpoint} to {rollout.model}{rollout.config}", persist_result=False)
async def control_twin(rollout: RolloutRequest) -> State[Ending | RolloutError]:
    """Compare a model with a fresh twin of the one that serves now, beside production, and promote or drop it.

    The run ends *Promoted*, *Rolled back*, *Aborted* or *Inconclusive*; those are results. It fails when the endpoint could not be
    brought back to its baseline, or when the rollout could not start.
    """
    return await roll_out(rollout, "control_twin")
