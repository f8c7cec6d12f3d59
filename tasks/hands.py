"""The loop's hands when Prefect runs it: every read and act is a task run, every piece of news an artifact or a log line.

Prefect being down must not stop a rollout, least of all one on its way back, so showing never raises.
"""

import logging
from datetime import datetime
from uuid import UUID

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact
from prefect.exceptions import PrefectException
from prefect.logging import get_run_logger

from policies.commands import Command, CommandResult, explain
from policies.decision import Decision
from policies.facts import Endpoint
from policies.lifecycle import Phase, State
from policies.observation import Metrics, MetricsRequest
from policies.plan import Plan
from rollway.aws.cloudwatch import MetricsReader
from rollway.aws.session import Aws
from rollway.loop.watching import tell_watcher
from rollway.reports.news import News
from tasks import aws as aws_tasks
from tasks.artifacts import artifact_key

log = logging.getLogger(__name__)


class PrefectHands:
    """Reads, acts and shows by Prefect tasks and artifacts."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._metrics = MetricsReader(aws)
        self._news = News()
        self._progress: UUID | None = None

    async def read_endpoint(self, name: str) -> Endpoint:
        """Describe the endpoint."""
        return await aws_tasks.read_endpoint(self._aws, name)

    async def read_metrics(self, request: MetricsRequest, now: datetime) -> Metrics:
        """Read the settled metrics."""
        return await aws_tasks.read_metrics(self._metrics, request, now)

    async def carry_out(self, command: Command) -> CommandResult:
        """Carry out a command; a time-out leaves open what became of it, so it counts as busy and is looked up."""
        try:
            return await aws_tasks.act(self._aws, command, explain(command))
        except TimeoutError:
            return CommandResult(status="busy", message=f"no answer from AWS within {aws_tasks.ACT_TIMEOUT_S} s")

    async def show(self, plan: Plan, decision: Decision, now: datetime) -> None:
        """Log what is new and keep the share's progress bar up to date."""
        tell_watcher(plan, decision, now)
        if not self._news.is_new(decision):
            return
        get_run_logger().info("%s", decision.reason)
        try:
            await self._show_share(plan, decision)
        except (PrefectException, OSError, RuntimeError) as error:
            log.warning("could not show the progress in Prefect: %s", error)

    async def _show_share(self, plan: Plan, decision: Decision) -> None:
        share, told = candidate_share(plan, decision.state), decision.reason[:500]
        if self._progress is None:
            key = artifact_key("share", plan.endpoint)
            self._progress = await acreate_progress_artifact(share, key=key, description=told)
        else:
            await aupdate_progress_artifact(self._progress, share, description=told)


def candidate_share(plan: Plan, state: State) -> float:
    """Return the percent of traffic that the candidate was last read back to get."""
    if state.phase in {Phase.CLEANING, Phase.FINISHED} and state.placement.config == plan.promoted.name:
        return 100.0
    return state.placement.shares.get(plan.candidate.variant, 0.0)
