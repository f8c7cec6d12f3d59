"""The guardrail flow: SageMaker's own deployment guardrails move the traffic, judged and braked by Rollway."""

from prefect import flow
from prefect.client.schemas.objects import State

from policies.errors import RolloutError
from policies.lifecycle import Ending
from tasks.request import RolloutRequest
from tasks.rolling_out import roll_out


@flow(name="guardrail", flow_run_name="{rollout.endpoint} to {rollout.model}{rollout.config}", persist_result=False)
async def guardrail(rollout: RolloutRequest) -> State[Ending | RolloutError]:
    """Have SageMaker move the traffic to a new fleet by its deployment guardrails, and take it back when a gate fails.

    The run ends *Promoted*, *Rolled back*, *Aborted* or *Inconclusive*; those are results. It fails when the endpoint could not be
    brought back to its baseline, or when the rollout could not start.
    """
    return await roll_out(rollout, "guardrail")
