"""The loop's hands when Prefect runs it: every read and act is a task run, every piece of news an artifact or a log line.

Prefect being down must not stop a rollout, least of all one on its way back: showing never raises, and waits for nothing before the
rollout is over.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from prefect.logging import get_run_logger

from policies.commands import ArmGuard, ArmSwitch, Command, CommandResult, explain
from policies.decision import Decision
from policies.endpoint_config import EndpointConfig
from policies.facts import Endpoint, Surroundings
from policies.lifecycle import candidate_share
from policies.observation import Metrics, MetricsRequest
from policies.plan import Plan
from rollway.aws.cloudwatch import MetricsReaders
from rollway.aws.execution import put_off
from rollway.aws.session import Aws
from rollway.loop.hands import read_config
from rollway.loop.watching import tell_watcher
from rollway.reports.news import News
from tasks import aws as aws_tasks
from tasks.artifacts import artifact_key
from tasks.newest import NewestOnly
from tasks.progress import ProgressBar
from tasks.questions import Questions, publish_question

SHOWING_LIMIT: Final = timedelta(seconds=5)
"""How long a rollout that is over may wait until Prefect has been told."""


class PrefectHands:
    """Reads, acts and shows by Prefect tasks and artifacts."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._metrics = MetricsReaders(aws)
        self._news = News()
        self._questions = Questions()
        self._board = NewestOnly("what a person is asked", publish_question)
        self._bar = NewestOnly("the progress", ProgressBar().publish)

    async def read_endpoint(self, name: str) -> Endpoint:
        """Describe the endpoint."""
        return await aws_tasks.read_endpoint(self._aws, name)

    async def read_config(self, name: str) -> EndpointConfig:
        """Describe an endpoint configuration: without Prefect, whose troubles must not keep the end from being recorded."""
        return await asyncio.to_thread(read_config, self._aws, name)

    async def read_metrics(self, request: MetricsRequest, now: datetime) -> Metrics:
        """Read the settled metrics."""
        return await aws_tasks.read_metrics(self._metrics, request, now)

    async def carry_out(self, command: Command) -> CommandResult:
        """Carry out a command; a time-out leaves open what became of it, so it counts as busy and is looked up."""
        try:
            return await aws_tasks.act(self._aws, command, explain(command))
        except TimeoutError:
            return CommandResult(status="busy", message=f"no answer from AWS within {aws_tasks.ACT_TIMEOUT_S} s")

    async def read_surroundings(self, endpoint: Endpoint) -> Surroundings:
        """Read the endpoint's tags and scaling."""
        return await aws_tasks.read_surroundings(self._aws, endpoint)

    async def put_off(self, command: ArmSwitch | ArmGuard) -> CommandResult:
        """Put off the dead-man's switch: without Prefect, whose troubles must not let it act."""
        return await asyncio.to_thread(put_off, self._aws, command)

    async def show(self, plan: Plan, decision: Decision, now: datetime) -> None:
        """Log what is new, keep the share's progress bar up to date, and post what a person is asked."""
        tell_watcher(plan, decision, now)
        posting = self._questions.news_in(plan, decision, now)
        if posting:
            self._board.show(posting)
        if not self._news.is_new(decision):
            return
        get_run_logger().info("%s", decision.reason)
        share = candidate_share(plan, decision.state)
        self._bar.show((artifact_key("share", plan.endpoint), share, decision.reason[:500]))
        if decision.action == "finish":
            await asyncio.gather(self._bar.settle(SHOWING_LIMIT), self._board.settle(SHOWING_LIMIT))
