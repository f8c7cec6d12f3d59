"""The A/B test flow: several models at a fixed split of the traffic, until one of them is shown to be better."""

from prefect import flow
from prefect.client.schemas.objects import State

from policies.errors import RolloutError
from policies.lifecycle import Ending
from tasks.request import AbTestRequest
from tasks.rolling_out import roll_out


@flow(name="ab-test", flow_run_name="{rollout.endpoint} to {rollout.model}{rollout.config}", persist_result=False)
async def ab_test(rollout: AbTestRequest) -> State[Ending | RolloutError]:
    """Let one or more models compete with the one that serves now by a metric of your business, and promote the winner, or nobody.

    The run ends *Promoted*, *Rolled back*, *Aborted* or *Inconclusive*; those are results. It fails when the endpoint could not be
    brought back to its baseline, or when the rollout could not start.
    """
    return await roll_out(rollout, "ab_test")
